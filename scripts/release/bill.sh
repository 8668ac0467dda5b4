#!/bin/sh
# Runs bill.py with what it must know of the toolchain.
#
#   scripts/release/bill.sh licences BINARY        prints the licences of all that is linked into the program
#   scripts/release/bill.sh sbom BINARY FILE       prints the SBOM FILE of cargo-cyclonedx, tidied and completed
set -eu

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/scripts/toolchain/targets.sh"
. "$ROOT/scripts/toolchain/tools.sh"

have python3 || { say "python3 is missing; please install: python3"; exit 1; }
TARGET_TRIPLES=
for name in $TARGET_NAMES; do
    target_select "$name"
    TARGET_TRIPLES="$TARGET_TRIPLES $TARGET_TRIPLE"
done
export TARGET_TRIPLES ZIG_VERSION MUSL_VERSION PYTHONDONTWRITEBYTECODE=1
find_rust
sysroot=
[ "$RUST" = none ] || sysroot=$("$RUSTC" --print sysroot)
exec python3 "$ROOT/scripts/release/bill.py" "$@" "$sysroot"
