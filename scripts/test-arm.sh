#!/bin/sh
# The whole integration suite with the ARM binaries of dist/ under qemu-user, each on the CPUs it is meant for.
#
# The tests themselves run on this machine; only the program is ARM, by way of GANDI_DDNS_COMMAND.
#
#   TARGETS  names from scripts/toolchain/targets.sh; by default what is in dist/, or armv6 and arm64
#   DIST     where the binaries are, dist/ by default; what is missing there is built
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh


TARGETS=${TARGETS:-$(names_in_dist)}
TARGETS=${TARGETS:-armv6 arm64}
missing=
for name in $TARGETS; do
    arm_target "$name" || exit 64
    [ -e "$DIST/$BIN-$version-$name" ] || missing="$missing $name"
done
if ! have qemu-arm-static || ! have readelf || ! have file || [ -n "$missing" ]; then scripts/setup-arm.sh; fi
[ -z "$missing" ] || DIST="$DIST" TARGETS="$missing" BUILDER="${BUILDER:-zigbuild}" scripts/dist.sh

# check_elf NAME FILE: static, stripped, and no instruction set or FPU that the machine may lack.
check_elf() {
    attributes=$(readelf -A "$2" | sed -n 's/^ *Tag_\(CPU_arch\|FP_arch\): //p' | paste -sd' ' -)
    case $1 in
    armv6) wanted='v6 VFPv2' ;;
    armv7) wanted='v7 VFPv3-D16' ;;
    armv7-soft) wanted='v7' ;;
    armv5) wanted='v5TE' ;;
    *) wanted='' ;;
    esac
    kind=$(file -b "$2")
    case $kind in
    *'statically linked, stripped'*) ;;
    *) say "$2: not static and stripped: $kind"; return 1 ;;
    esac
    if readelf -lW "$2" | grep -qE 'INTERP|DYNAMIC'; then
        say "$2: has an interpreter or a dynamic section"
        return 1
    fi
    [ "$attributes" = "$wanted" ] || { say "$2: is for '$attributes', not for '$wanted'"; return 1; }
}

commit=$(git rev-parse --short=9 HEAD 2>/dev/null || true)
cargo test --locked --quiet --test it --no-run
for name in $TARGETS; do
    arm_target "$name"
    file=$(cd "$DIST" && pwd)/$BIN-$version-$name
    check_elf "$name" "$file"
    # With `|| exit` inside the loop too: it runs in a shell of its own, where a failure would else go on.
    # An empty line stands for no qemu: this machine's own kind.
    printf '%s\n' "$ARM_QEMU" | while IFS= read -r qemu; do
        told=$($qemu "$file" --version)
        echo "$name: ${qemu:-as it is} $told"
        case $told in
        *"$commit"*) ;;
        *) say "note: that was built from another commit: make dist TARGETS=$name" ;;
        esac
        GANDI_DDNS_COMMAND="${qemu:+$qemu }$file" cargo test --locked --quiet --test it </dev/null || exit 1
    done || exit 1
done
