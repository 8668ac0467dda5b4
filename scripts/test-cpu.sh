#!/bin/sh
# Runs the integration tests with the binaries of dist/ under qemu-user, each on the CPUs of its target.
#
# The tests themselves run natively; only the program runs under qemu, through GANDI_DDNS_COMMAND.
#
#   TARGETS  names from scripts/toolchain/targets.sh, default: those in dist/, or TEST_TARGETS if it is empty
#   DIST     directory of the binaries, default: dist; missing binaries are built
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-$(names_in_dist)}
TARGETS=${TARGETS:-$TEST_TARGETS}
missing=
for name in $TARGETS; do
    target_select "$name" || exit 64
    [ -e "$DIST/$BIN-$version-$name" ] || missing="$missing $name"
done
if ! have qemu-arm-static || ! have readelf || ! have file || [ -n "$missing" ]; then scripts/setup-arm.sh; fi
[ -z "$missing" ] || DIST="$DIST" TARGETS="$missing" BUILDER="${BUILDER:-zigbuild}" scripts/dist.sh

# check_elf FILE: fails unless the binary is static, stripped, and built for exactly the selected target's CPU and FPU.
check_elf() {
    attributes=$(readelf -A "$1" | sed -n 's/^ *Tag_\(CPU_arch\|FP_arch\): //p' | paste -sd' ' -)
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
        # Under qemu the tests need the processor, so that fewer of them run at a time than natively. The skipped tests
        # run the library in the test's own process, and not this binary; `make test` has run them.
        RUST_TEST_THREADS=4 GANDI_DDNS_COMMAND="${qemu:+$qemu }$file" cargo test --locked --quiet --test it -- \
            --skip simulated_year:: --skip month_of_a_standing_failure </dev/null || exit 1
    done || exit 1
done
