#!/bin/sh
# The figures of the README: bytes of the release binary, and peak memory of a full update (two services, two reads
# and a write at the fake Gandi, over TLS) and of a quiet run. Wants GNU time.
set -eu
cd "$(dirname "$0")/.."
[ -x /usr/bin/time ] || { echo "GNU time is missing: apt-get install time" >&2; exit 1; }

cargo build --quiet --locked --release --bin gandi-ddns
cargo build --quiet --locked --example fake_gandi
target=${CARGO_TARGET_DIR:-target}
echo "$(uname -m) release binary: $(wc -c <"$target/release/gandi-ddns") bytes"

dir=$(mktemp -d)
"$target/debug/examples/fake_gandi" "$dir" >/dev/null 2>&1 &
fake=$!
trap 'kill "$fake" 2>/dev/null || true; rm -rf "$dir"' EXIT INT TERM
until [ -e "$dir/ready" ]; do sleep 0.1; done

measure() {
    /usr/bin/time -v "$target/release/gandi-ddns" --config "$dir/gandi-ddns.conf" >/dev/null 2>"$dir/time"
    awk -v what="$1" -F': ' '/Maximum resident/ { printf "%s: %d KiB peak memory\n", what, $2 }' "$dir/time"
}
measure "full update"
measure "quiet run"
