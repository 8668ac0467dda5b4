#!/bin/sh
# Checks that the build is reproducible: builds one commit in two directories and compares the checksums.
#
#   scripts/repro.sh            the binaries of make dist
#   scripts/repro.sh release    all files of make release
#
# HEAD is cloned into two temporary directories with paths of different lengths, and both are built from scratch. They
# share only the tools (zig) and cargo's downloads.
#
#   TARGETS  default: armv6; for a release: all
#   BUILDER  as for scripts/dist.sh, default: zigbuild
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

case ${1:-dist} in
    dist) script=scripts/dist.sh sums=dist/SHA256SUMS TARGETS=${TARGETS:-armv6} ;;
    release) script=scripts/release.sh sums=target/release-page/SHA256SUMS TARGETS=${TARGETS:-} ;;
    *) say "usage: $0 [dist | release]"; exit 64 ;;
esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

[ -z "$(git status --porcelain -uno)" ] || say "note: this builds HEAD, without the uncommitted changes"

# Once, since HEAD may move during the builds.
commit=$(git rev-parse HEAD)
for dir in a a-longer/path/with-a-few/more-parts; do
    git clone -q --no-hardlinks "$ROOT" "$tmp/$dir/gandi-ddns"
    git -C "$tmp/$dir/gandi-ddns" checkout -q --detach "$commit"
    say "building in $tmp/$dir"
    # The builds are at least a second apart, so that a time stamp in the binary would differ.
    (
        cd "$tmp/$dir/gandi-ddns"
        TOOLS_DIR="$TOOLS_DIR" TARGETS="$TARGETS" BUILDER="${BUILDER:-zigbuild}" $script >/dev/null 2>"$tmp/log"
    ) || { cat "$tmp/log" >&2; exit 1; }
    cat "$tmp/$dir/gandi-ddns/$sums"
done

if cmp "$tmp/a/gandi-ddns/$sums" "$tmp/a-longer/path/with-a-few/more-parts/gandi-ddns/$sums"; then
    echo "reproducible: both builds of $(git rev-parse --short=9 "$commit") are identical"
else
    echo "NOT reproducible: the checksums differ" >&2
    exit 1
fi
