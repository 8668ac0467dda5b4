#!/bin/sh
# The footprint gate: what the binaries in dist/ weigh, and what weighs most.
#
# Prints a Markdown table of bytes on disk and after `xz -9e`, then the largest
# crates and the twenty largest symbols of one target. Fails when a binary is
# past its budget, given in the environment or as arguments:
#   scripts/size.sh BUDGET_armv6=950000 BUDGET_XZ_armv6=400000
# (armv7-soft is BUDGET_armv7_soft.)
#
#   TARGETS  names to list; by default those that are in dist/
#   TOP      the target whose symbols to list, armv6 by default; empty for none
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TOP=${TOP-armv6}

for arg in "$@"; do
    case $arg in
    BUDGET_[a-zA-Z0-9_]*=[0-9]*) export "${arg?}" ;;
    *) say "not a budget: $arg"; exit 64 ;;
    esac
done

TARGETS=${TARGETS:-$(names_in_dist)}
[ -n "$TARGETS" ] || { say "nothing in $DIST/ yet: make dist"; exit 1; }

# Symbols cost a build: only of what was asked for, and only where that is possible.
find_zig
case " $TARGETS " in *" $TOP "*) ;; *) TOP='' ;; esac
if [ -n "$TOP" ] && { [ -z "$ZIG" ] || [ -z "$ZIGBUILD" ]; }; then
    say "zig is not set up here, so the symbols are not listed (make setup-arm)"
    TOP=''
fi

status=0
# over WHAT FOUND BUDGET: complains when FOUND is past BUDGET
over() {
    [ -n "$3" ] && [ "$2" -gt "$3" ] || return 0
    say "$1: $2 bytes, $(($2 - $3)) over the budget of $3"
    status=1
}

echo '| name | target | bytes | xz -9e | budget | xz budget |'
echo '|---|---|--:|--:|--:|--:|'
for name in $TARGETS; do
    arm_target "$name" || exit 64
    file=$DIST/$BIN-$version-$name
    [ -e "$file" ] || { say "no $file: make dist TARGETS=$name"; exit 1; }
    key=$(echo "$name" | tr - _)
    eval "budget=\${BUDGET_$key:-} budget_xz=\${BUDGET_XZ_$key:-}"
    bytes=$(wc -c <"$file")
    xz=$(xz -9e -c "$file" | wc -c)
    # shellcheck disable=SC2154 # set by eval
    echo "| $name | \`$ARM_TRIPLE\` | $bytes | $xz | ${budget:-–} | ${budget_xz:-–} |"
    over "$name" "$bytes" "$budget"
    over "$name after xz" "$xz" "$budget_xz"
done

if [ -n "$TOP" ]; then
    # The same program with its symbols kept; fat LTO inlines across crates, so
    # what a crate is charged with is a rough measure.
    SYMBOLS=1 BUILDER=zigbuild TARGETS=$TOP DIST=target/arm/symbols scripts/dist.sh >/dev/null 2>target/arm/symbols.log ||
        { cat target/arm/symbols.log >&2; exit 1; }
    # Any machine's nm reads ARM's symbols. bss takes no room in the file.
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
            # C has no crates: names tell which is ring, static functions included.
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
            printf "Crates of '"$TOP"' by the size of their symbols (%d bytes in all):\n\n", total
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
