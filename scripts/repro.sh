#!/bin/sh
# Shows that the build is reproducible: one commit, two directories, equal sums.
#
# Clones HEAD into two temporary directories with paths of different length and
# builds both from nothing. Only the tools (zig) and cargo's downloads are shared.
#
#   TARGETS  armv6 by default
#   BUILDER  as for dist.sh; zigbuild by default
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-armv6}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

[ -z "$(git status --porcelain -uno)" ] || say "note: uncommitted changes are not part of this; it builds HEAD"

for dir in a a-longer/path/with-a-few/more-parts; do
    git clone -q --no-hardlinks "$ROOT" "$tmp/$dir/gandi-ddns"
    git -C "$tmp/$dir/gandi-ddns" checkout -q --detach "$(git rev-parse HEAD)"
    say "building in $tmp/$dir"
    # A second apart at least, so that a clock in the binary would show.
    (
        cd "$tmp/$dir/gandi-ddns"
        ARM_TOOLS="$ARM_TOOLS" TARGETS="$TARGETS" BUILDER="${BUILDER:-zigbuild}" scripts/dist.sh >/dev/null 2>"$tmp/log"
    ) || { cat "$tmp/log" >&2; exit 1; }
    cat "$tmp/$dir/gandi-ddns/dist/SHA256SUMS"
done

if cmp "$tmp/a/gandi-ddns/dist/SHA256SUMS" "$tmp/a-longer/path/with-a-few/more-parts/gandi-ddns/dist/SHA256SUMS"; then
    echo "reproducible: both builds of $(git rev-parse --short=9 HEAD) are the same bytes"
else
    echo "NOT reproducible: the sums differ" >&2
    exit 1
fi
