#!/bin/sh
# Runs the integration tests with the binaries of dist/ under qemu-user, each on the CPUs of its target, and prints how
# many passed.
#
# The tests themselves run natively; only the program runs under qemu, through GANDI_DDNS_COMMAND.
#
#   TARGETS  names from scripts/toolchain/targets.sh, default: those in dist/, or TEST_TARGETS if it is empty
#   DIST     directory of the binaries, default: dist; missing binaries are built
#   FILTER   run only the tests whose names contain one of these words
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh
. scripts/toolchain/qemu-faults.sh

TARGETS=${TARGETS:-$(names_in_dist)}
TARGETS=${TARGETS:-$TEST_TARGETS}
missing='' qemus=''
for name in $TARGETS; do
    target_select "$name" || exit 64
    [ -e "$DIST/$BIN-$version-$name" ] || missing="$missing $name"
    qemus="$qemus ${TARGET_QEMU%% *}"
done
for tool in readelf file $qemus; do have "$tool" || incomplete=yes; done
[ -z "$missing${incomplete:-}" ] || scripts/setup-arm.sh
for qemu in $qemus; do
    have "$qemu" || { say "missing: $qemu, which Debian's qemu-user-static has"; exit 1; }
done
[ -z "$missing" ] || DIST="$DIST" TARGETS="$missing" BUILDER="${BUILDER:-zigbuild}" scripts/dist.sh

# elf_attributes FILE: prints the CPU and the FPU that the binary is built for.
elf_attributes() {
    readelf -A "$1" | sed -n '
        s/^ *Tag_\(CPU_arch\|FP_arch\|GNU_Power_ABI_FP\|RISCV_arch\): //p
        s/^\(ISA\|FP ABI\): //p' | tr -d '"' | paste -sd' ' -
}

# check_elf FILE: fails unless the binary is static, stripped, and built for exactly the selected target's CPU and FPU.
check_elf() {
    attributes=$(elf_attributes "$1")
    kind=$(file -b "$1")
    case $kind in
    *'statically linked, stripped'*) ;;
    *) say "$1: not static and stripped: $kind"; return 1 ;;
    esac
    if readelf -lW "$1" | grep -qE 'INTERP|DYNAMIC'; then
        say "$1: has an interpreter or a dynamic section"
        return 1
    fi
    [ "$attributes" = "$TARGET_ELF" ] || { say "$1: is built for '$attributes', expected '$TARGET_ELF'"; return 1; }
}

commit=$(git rev-parse --short=9 HEAD 2>/dev/null || true)
cargo test --locked --quiet --test it --no-run
all=$(cargo test --locked --quiet --test it -- --list | grep -c ': test$')
output=$(mktemp)
trap 'rm -f "$output" "$output.code"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# run_tests NAME QEMU FILE: runs the tests that this qemu can run, and prints their number.
run_tests() {
    # Under qemu the tests need the processor, so that fewer of them run at a time than natively. The skipped tests run
    # the library in the test's own process, and not this binary; `make test` has run them.
    set -- "$1" "$2" "$3" --skip simulated_year:: --skip month_of_a_standing_failure
    # shellcheck disable=SC2086 # a list
    for test in $(qemu_faults $TARGET_CANNOT); do set -- "$@" --skip "$test"; done
    command="${2:+$2 }$3" name=$1
    shift 3
    # The tests print a line per test, or the list of the failed ones, at once.
    # shellcheck disable=SC2086 # a list
    { RUST_TEST_THREADS=4 GANDI_DDNS_COMMAND="$command" \
        cargo test --locked --quiet --test it -- "$@" ${FILTER:-} </dev/null 2>&1 || echo failed >"$output.code"; } |
        tee "$output"
    sed -n 's/^test result: [a-zA-Z]*\. \([0-9]*\) passed; \([0-9]*\) failed; .*/\1 \2/p' "$output" | tail -n 1 |
        while read -r passed failed; do
            echo "$name: $passed passed, $failed failed, of the $all tests; the others are left out or have another" \
                "machine (make storm)"
        done
    # shellcheck disable=SC2086 # a list
    qemu_reasons $TARGET_CANNOT
    [ ! -e "$output.code" ]
}

for name in $TARGETS; do
    target_select "$name"
    file=$(cd "$DIST" && pwd)/$BIN-$version-$name
    check_elf "$file"
    # The loop runs in a subshell, so it needs its own `|| exit` to end at a failure.
    # An empty line means no qemu: the target runs natively.
    printf '%s\n' "$TARGET_QEMU" | while IFS= read -r qemu; do
        built=$($qemu "$file" --version)
        echo "$name: ${qemu:-native} $built"
        case $built in
        *"$commit"*) ;;
        *) say "note: it was built from another commit; to rebuild it: make dist TARGETS=$name" ;;
        esac
        run_tests "$name" "$qemu" "$file" || exit 1
    done || exit 1
done
