#!/bin/sh
# Measures `gandi-ddns watch` while nothing changes, with a pass every 5 minutes: memory (PSS) after 10 and after 1,000
# passes, wake-ups an hour, and processor time a day. The waits are jumped over by scripts/fast-forward.py. Fails if a
# limit is exceeded.
#
#   PROGRAMS  binaries, default: those of x86_64 and armv6 in dist/, otherwise the native release build
#   PASSES    the two numbers of passes, default: 10,1000
#   MINUTES   not 0: then watches for that many real minutes as well, under strace, and counts the waits that end
#
# Requires Python 3 and an x86-64 machine; for armv6 qemu-arm-static, for MINUTES strace.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
# shellcheck source=scripts/toolchain/tools.sh
. scripts/toolchain/tools.sh
# shellcheck source=scripts/fake-gandi.sh
. scripts/fake-gandi.sh

MAX_PSS=1536 # KiB
MAX_WAKEUPS=20
MAX_SECONDS=1
PASSES=${PASSES:-10,1000}
# The addresses of an emulated program begin here.
BASE=0x100000000

PROGRAMS=${PROGRAMS:-$(for name in x86_64 armv6; do
    [ ! -e "$DIST/$BIN-$version-$name" ] || echo "$DIST/$BIN-$version-$name"
done)}

status=0
# limit WHAT MAX: fails if a number in the last column of the lines about WHAT is larger.
limit() {
    awk -v what="$1" -v max="$2" -F': ' 'index($1, what) == 1 && $2 + 0 > max { print "over the limit of " max ": " $0; over = 1 }
        END { exit over }' "$dir/measured" >&2 || status=1
}

# measure PROGRAM: measures one binary.
measure() {
    PROGRAM=$1 start_fake --names 1
    # A file of its own: memory that it shares with another process would count in part only.
    cp "$program" "$dir/program"
    arm='' guest=''
    case $(file -b "$program") in
    *ARM*) arm="qemu-arm-static -cpu arm1176 -B $BASE" guest="--guest $BASE" ;;
    esac
    echo "$(basename "$program"), $(wc -c <"$program") bytes${arm:+, under qemu}:"
    # shellcheck disable=SC2086 # words
    scripts/fast-forward.py $guest "$PASSES" 300 $arm "$dir/program" --config "$dir/gandi-ddns.conf" watch -q --interval 5m \
        >"$dir/measured" 2>"$dir/watch.log" || { cat "$dir/measured" "$dir/watch.log" >&2; exit 1; }
    cat "$dir/measured"
    limit 'PSS after' "$MAX_PSS"
    limit 'wake-ups an hour' "$MAX_WAKEUPS"
    # An emulator and its tracing cost more than the program.
    [ -n "$arm" ] || limit 'processor time a day' "$MAX_SECONDS"
    awk -F'[: ]' '/^PSS/ { pss[n++] = $6 } END { if (pss[1] > pss[0] + 64) { print "memory grows"; exit 1 } }' \
        "$dir/measured" >&2 || status=1
    [ "${MINUTES:-0}" = 0 ] || [ -n "$arm" ] || real "$MINUTES"
    stop_fake
}

# real MINUTES: counts the waits that end in that many real minutes, after the first pass.
real() {
    "$dir/program" --config "$dir/gandi-ddns.conf" watch -q --interval 5m &
    watcher=$!
    sleep 30
    timeout -s INT "$(($1 * 60))" strace -f -qq -o "$dir/strace" -p "$watcher" || true
    kill "$watcher"
    wait "$watcher" || true
    polls=$(grep -cE 'poll.* = ' "$dir/strace" || true)
    waits=$(grep -cE '(poll|recvfrom|recvmsg|futex|nanosleep).* = ' "$dir/strace" || true)
    echo "in $1 real minutes: $polls waits for events ended, and $((waits - polls)) other calls that may have waited"
}

if [ -n "$PROGRAMS" ]; then
    for program in $PROGRAMS; do measure "$program"; done
else
    cargo build --quiet --locked --release --bin gandi-ddns
    measure "${CARGO_TARGET_DIR:-target}/release/gandi-ddns"
fi
exit "$status"
