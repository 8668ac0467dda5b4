#!/bin/sh
# Compares the cost of an update by this program, its dependencies alone, ddclient (if installed) and $CLIENT: see
# scripts/bench.py for the variables and the columns. Requires Python 3, GNU time and network namespaces.
set -eu
cd "$(dirname "$0")/.."
[ -x /usr/bin/time ] || { echo "GNU time is missing: apt-get install time" >&2; exit 1; }
command -v python3 >/dev/null || { echo "Python 3 is missing: apt-get install python3" >&2; exit 1; }
target=${CARGO_TARGET_DIR:-target}
cargo build --quiet --locked --release --example plain_client
PLAIN_CLIENT=$(realpath "$target/release/examples/plain_client")
export PLAIN_CLIENT
exec scripts/internet.sh scripts/bench.py
