#!/bin/sh
# Injects faults into each system call of the real program with strace, and checks what is left. See CONTRIBUTING.md.
# SAMPLE=N runs N of the cases, always the same; CASE='…' runs one, with its output; PROGRAM=FILE tests another binary.
set -eu
cd "$(dirname "$0")/.."
for tool in strace unshare ip; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install strace util-linux iproute2" >&2; exit 1; }
done
strace -qq -o /dev/null true || { echo "strace may not trace here (ptrace is forbidden)" >&2; exit 1; }
options=-rn
unshare "$options" true 2>/dev/null || options=-n
unshare "$options" true || { echo "no network namespace: neither unshare -rn nor, as root, unshare -n works" >&2; exit 1; }

target=${CARGO_TARGET_DIR:-target}
program=${PROGRAM:-}
if [ -z "$program" ]; then
    program=$target/release/gandi-ddns
    cargo build --quiet --locked --release --bin gandi-ddns
fi
cargo build --quiet --locked --workspace --bin fault-harness
# shellcheck disable=SC2016
exec unshare "$options" sh -c 'ip link set lo up && exec "$@"' sh "$target/debug/fault-harness" "$program"
