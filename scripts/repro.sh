#!/bin/sh
# Checks that the build is reproducible: builds one commit in two directories and compares the checksums.
#
# HEAD is cloned into two temporary directories with paths of different lengths, and both are built from scratch. They
# share only the tools (zig) and cargo's downloads.
#
#   TARGETS  default: armv6
#   BUILDER  as for scripts/dist.sh, default: zigbuild
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-armv6}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

[ -z "$(git status --porcelain -uno)" ] || say "note: this builds HEAD, without the uncommitted changes"

for dir in a a-longer/path/with-a-few/more-parts; do
    git clone -q --no-hardlinks "$ROOT" "$tmp/$dir/gandi-ddns"
    git -C "$tmp/$dir/gandi-ddns" checkout -q --detach "$(git rev-parse HEAD)"
    say "building in $tmp/$dir"
    # The builds are at least a second apart, so that a time stamp in the binary would differ.
    (
        cd "$tmp/$dir/gandi-ddns"
        TOOLS_DIR="$TOOLS_DIR" TARGETS="$TARGETS" BUILDER="${BUILDER:-zigbuild}" scripts/dist.sh >/dev/null 2>"$tmp/log"
    ) || { cat "$tmp/log" >&2; exit 1; }
    cat "$tmp/$dir/gandi-ddns/dist/SHA256SUMS"
done

if cmp "$tmp/a/gandi-ddns/dist/SHA256SUMS" "$tmp/a-longer/path/with-a-few/more-parts/gandi-ddns/dist/SHA256SUMS"; then
    echo "reproducible: both builds of $(git rev-parse --short=9 HEAD) are identical"
else
    echo "NOT reproducible: the checksums differ" >&2
    exit 1
fi
