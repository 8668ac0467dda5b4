# shellcheck shell=sh disable=SC2034
# For demo.sh, measure.sh and bench-scale.sh: builds the program and the fake Gandi, and runs the fake in a temporary
# directory, which traps remove at the end of the script.
#
#   start_fake [OPTION...]   sets program (the binary, or $PROGRAM) and dir (the directory, with a config for the
#                            program); the options are those of the fake

fake='' dir=''
trap stop_fake EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_fake() {
    target=${CARGO_TARGET_DIR:-target}
    program=${PROGRAM:-$target/release/gandi-ddns}
    [ -e "$program" ] || echo "building; the first build takes about two minutes" >&2
    [ -n "${PROGRAM-}" ] || cargo build --quiet --locked --release --bin gandi-ddns
    cargo build --quiet --locked --example fake_gandi

    dir=$(mktemp -d)
    "$target/debug/examples/fake_gandi" "$dir" "$@" >"$dir/fake.log" 2>&1 &
    fake=$!
    tries=0
    until [ -e "$dir/ready" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { echo "the fake Gandi did not start:" >&2; cat "$dir/fake.log" >&2; return 1; }
        sleep 0.1
    done
}

# stop_fake: stops the fake and removes its directory. Safe to call if it was never started.
stop_fake() {
    [ -z "$fake" ] || kill "$fake" 2>/dev/null || true
    [ -z "$dir" ] || rm -rf "$dir"
    fake='' dir=''
}
