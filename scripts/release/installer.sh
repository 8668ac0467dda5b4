#!/bin/sh
# Prints install.sh for a release page: packaging/install.sh with the version, the page, the checksums of the builds and
# scripts/deploy-arch.sh in it.
#
#   scripts/release/installer.sh VERSION PAGE DIRECTORY     DIRECTORY has the builds, gandi-ddns-VERSION-*
set -eu
version=$1 page=$2 directory=$3
cd "$(dirname "$0")/../.."
. scripts/toolchain/targets.sh

case $version in *[!0-9A-Za-z.+~-]*) echo "invalid version: $version" >&2; exit 64 ;; esac
case $page in *[!]A-Za-z0-9:/._~%+,={}[-]*) echo "invalid URL of the release page: $page" >&2; exit 64 ;; esac
sums=
for name in $TARGET_NAMES; do
    [ ! -e "$directory/gandi-ddns-$version-$name" ] || sums="$sums
$(cd "$directory" && sha256sum "gandi-ddns-$version-$name")"
done
# shellcheck disable=SC2016 # the line is compared as it is written
while IFS= read -r line; do
    case $line in
        "VERSION=''") echo "VERSION='$version'" ;;
        "PAGE=''") echo "PAGE='$page'" ;;
        "PAGE_SUMS=''") echo "PAGE_SUMS='${sums#?}'" ;;
        '# shellcheck source=scripts/deploy-arch.sh') ;;
        '. "$(dirname "$0")/../scripts/deploy-arch.sh"') cat scripts/deploy-arch.sh ;;
        *) printf '%s\n' "$line" ;;
    esac
done <packaging/install.sh
