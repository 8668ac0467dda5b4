#!/bin/sh
# Compares the lists that repeat one another: the targets of scripts/toolchain/targets.sh with Cross.toml,
# .cargo/config.toml, deny.toml and the README's footprint table, the Makefile's targets with its help comments, and the
# version of the package with that of OpenWrt's Makefile.
#
# Prints each difference and fails if there is any.
set -eu
cd "$(dirname "$0")/.."
. scripts/toolchain/targets.sh

differences=0
# same WHAT EXPECTED FOUND: compares two lists of words, in any order.
same() {
    expected=$(echo "$2" | xargs -n 1 | sort | xargs) found=$(echo "$3" | xargs -n 1 | sort | xargs)
    [ "$expected" != "$found" ] || return 0
    differences=$((differences + 1))
    printf '%s:\n  expected: %s\n  found:    %s\n' "$1" "$expected" "$found" >&2
}

# sections FILE: prints the triples of its [target.TRIPLE] sections.
sections() { sed -n 's/^\[target\.\(.*\)\]$/\1/p' "$1"; }
# runner TRIPLE: prints the runner in .cargo/config.toml.
runner() {
    awk -F' = ' -v section="[target.$1]" '
        /^\[/ { inside = $0 == section }
        inside && $1 == "runner" { gsub(/"/, "", $2); print $2 }' .cargo/config.toml
}

triples='' cflags=''
for name in $TARGET_NAMES; do
    target_select "$name"
    triples="$triples $TARGET_TRIPLE"
    cflags="$cflags CFLAGS_$TARGET_triple_"
    same ".cargo/config.toml: runner of $name" "$(echo "$TARGET_QEMU" | head -n 1)" "$(runner "$TARGET_TRIPLE")"
done
same 'Cross.toml: sections' "$triples" "$(sections Cross.toml)"
same 'Cross.toml: C flags passed on' "$cflags" "$(grep -o 'CFLAGS_[a-z0-9_]*' Cross.toml)"
same '.cargo/config.toml: sections' "$triples" "$(sections .cargo/config.toml)"
# The host's own target is for the dependencies of the tests.
same 'deny.toml: targets' "$triples x86_64-unknown-linux-gnu" "$(grep -o '[a-z0-9_]*-unknown-linux-[a-z]*' deny.toml)"
same 'README.md: footprint table' "$TARGET_NAMES" "$(awk -F' *[|] *' '
    /^\| name \| for \|/ { inside = 1; next }
    !/^\|/ { inside = 0 }
    inside && $2 !~ /^-/ { print $2 }' README.md)"

same 'Makefile: targets with a help comment' \
    "$(sed -n '/^\.PHONY:/,/[^\\]$/p' Makefile | sed 's/^\.PHONY://; s/\\$//')" \
    "$(sed -n 's/^## \([a-z-]*\): .*/\1/p' Makefile)"

same 'packaging/openwrt/Makefile: version' "$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)" \
    "$(sed -n 's/^PKG_VERSION:=//p' packaging/openwrt/Makefile)"

[ "$differences" = 0 ]
