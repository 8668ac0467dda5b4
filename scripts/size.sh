#!/bin/sh
# Prints the sizes of the binaries in dist/, and fails if a binary exceeds its budget.
#
# The output is a Markdown table of bytes on disk and after `xz -9e`, then the largest crates and the twenty largest
# symbols of one target. The budgets are in scripts/toolchain/targets.sh; arguments override them and can limit the
# compressed size as well (armv7-soft is BUDGET_armv7_soft):
#   scripts/size.sh BUDGET_armv6=950000 BUDGET_XZ_armv6=480000
#
#   TARGETS  names to list, default: those in dist/
#   TOP      the target whose symbols are listed, default: armv6; empty for none
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TOP=${TOP-armv6}

for arg in "$@"; do
    case $arg in
    BUDGET_[a-zA-Z0-9_]*=[0-9]*) export "${arg?}" ;;
    *) say "not a budget: $arg (expected BUDGET_NAME=BYTES)"; exit 64 ;;
    esac
done

TARGETS=${TARGETS:-$(names_in_dist)}
[ -n "$TARGETS" ] || { say "no binaries of version $version in $DIST/; run: make dist"; exit 1; }

# Listing the symbols takes a build, so it is done only for a requested target and only if zig is installed.
find_zig
case " $TARGETS " in *" $TOP "*) ;; *) TOP='' ;; esac
if [ -n "$TOP" ] && { [ -z "$ZIG" ] || [ -z "$ZIGBUILD" ]; }; then
    say "zig is not installed, so the symbols are not listed; run: make setup-arm"
    TOP=''
fi

status=0
# over NAME FOUND BUDGET: reports a size that exceeds its budget.
over() {
    [ -n "$3" ] && [ "$2" -gt "$3" ] || return 0
    say "$1: $2 bytes exceed the budget of $3 by $(($2 - $3))"
    status=1
}

echo '| name | target | bytes | xz -9e | budget | xz budget |'
echo '|---|---|--:|--:|--:|--:|'
for name in $TARGETS; do
    target_select "$name" || exit 64
    file=$DIST/$BIN-$version-$name
    [ -e "$file" ] || { say "$file is missing; run: make dist TARGETS=$name"; exit 1; }
    key=$(echo "$name" | tr - _)
    eval "budget=\${BUDGET_$key:-$TARGET_BUDGET} budget_xz=\${BUDGET_XZ_$key:-}"
    bytes=$(wc -c <"$file")
    xz=$(xz -9e -c "$file" | wc -c)
    # shellcheck disable=SC2154 # set by eval
    echo "| $name | \`$TARGET_TRIPLE\` | $bytes | $xz | ${budget:-–} | ${budget_xz:-–} |"
    over "$name" "$bytes" "$budget"
    over "$name after xz" "$xz" "$budget_xz"
done

if [ -n "$TOP" ]; then
    # The same program with its symbols kept. Fat LTO inlines across crates, so the size per crate is approximate.
    SYMBOLS=1 BUILDER=zigbuild TARGETS=$TOP DIST=target/arm/symbols scripts/dist.sh >/dev/null 2>target/arm/symbols.log ||
        { cat target/arm/symbols.log >&2; exit 1; }
    # nm reads ARM's symbols on every architecture. Symbols in bss take no space in the file.
    nm -S -C --size-sort -r "target/arm/symbols/$BIN-$version-$TOP" |
        sed -n 's/^[0-9a-f]* \([0-9a-f]*\) [tTrRdDvVwW] \(.*\)$/\1 \2/p' |
        sed 's/::h[0-9a-f]\{16\}$//; s/\[[0-9a-f]\{16\}\]//g' >target/arm/symbols.txt
    awk '
        function hex(s,   i, n) {
            n = 0
            for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
            return n
        }
        {
            n = hex($1); $1 = ""; sub(/^ /, "")
            size[NR] = n; name[NR] = $0; total += n
            # C has no crates; the functions of ring, static ones included, are recognised by their names.
            if ($0 ~ /^(ring_core|fiat_|fe_|fe1305|ge_|x25519_|aes_nohw|_?bsaes|_?vpaes|nistz384|k25519|K512|K256)/)
                crate = "ring, C and assembly"
            else if ($0 !~ /::/) crate = "musl and compiler-rt (C)"
            else {
                crate = $0
                sub(/^[<&*([]*(dyn |mut |const )?[<&*([]*/, "", crate)
                sub(/::.*/, "", crate)
                sub(/ .*/, "", crate)
            }
            crates[crate] += n
        }
        END {
            print ""
            printf "Crates of '"$TOP"' by the size of their symbols (%d bytes in total):\n\n", total
            print "| crate | bytes |\n|---|--:|"
            for (c in crates) printf "| %s | %d |\n", c, crates[c] | "sort -t\\| -k3,3nr | head -n 20"
            close("sort -t\\| -k3,3nr | head -n 20")
            print ""
            print "The twenty largest symbols:\n"
            print "| symbol | bytes |\n|---|--:|"
            for (i = 1; i <= 20 && i <= NR; i++) printf "| `%s` | %d |\n", substr(name[i], 1, 100), size[i]
        }' target/arm/symbols.txt
fi
exit $status
