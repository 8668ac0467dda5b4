# shellcheck shell=sh disable=SC2034
# For demo.sh and measure.sh: builds the program and the fake Gandi, and starts the fake in a directory of its own.
#
# Sets program, the binary, and dir, where the fake has put a config for it. The fake and the directory go with the
# script that sources this file.

target=${CARGO_TARGET_DIR:-target}
program=$target/release/gandi-ddns
[ -e "$program" ] || echo "building, which takes about two minutes the first time"
cargo build --quiet --locked --release --bin gandi-ddns
cargo build --quiet --locked --example fake_gandi

dir=$(mktemp -d)
"$target/debug/examples/fake_gandi" "$dir" >"$dir/fake.log" 2>&1 &
fake=$!
trap 'kill "$fake" 2>/dev/null || true; rm -rf "$dir"' EXIT INT TERM
tries=0
until [ -e "$dir/ready" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "the fake Gandi did not start:" >&2; cat "$dir/fake.log" >&2; exit 1; }
    sleep 0.1
done
