#!/bin/sh
# Measures how fast `watch` follows a change of the address, in network namespaces: the time from the change to the write
# at the fake Gandi, over 20 changes of each kind, or $CHANGES. The kinds ($KINDS):
# ipv4, ipv6, dhcp: with the source `interface`: ip addr, another prefix (with duplicate address detection by the kernel,
#   which takes one to two seconds and is shown apart), and a lease of busybox's udhcpd;
# natpmp, gena, both, silent: with the source `router`, another outer address of Debian's miniupnpd, which announces it by
#   NAT-PMP, by UPnP events, by both, or not at all.
# Prints a verdict, and always succeeds. It takes 40 minutes, since watch makes a pass every 10 s at most. PROGRAM=FILE
# measures another binary.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${BENCH_INSIDE-}" ]; then
    options=-rnm
    unshare "$options" true 2>/dev/null || options=-nm
    unshare "$options" true || { echo "no network namespace: neither unshare -rnm nor, as root, unshare -nm works" >&2; exit 1; }
    export BENCH_INSIDE=1
    # Built outside: inside there is no network.
    if [ -z "${PROGRAM-}" ]; then
        cargo build --quiet --locked --release --bin gandi-ddns
        PROGRAM=${CARGO_TARGET_DIR:-target}/release/gandi-ddns
        export PROGRAM
    fi
    cargo build --quiet --locked --example fake_gandi
    # shellcheck disable=SC2016
    exec unshare "$options" sh -ec 'mount -t tmpfs tmpfs /run; PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; exec "$@"' sh "$0"
fi

# shellcheck source=scripts/fake-gandi.sh
. scripts/fake-gandi.sh
# shellcheck source=scripts/bench-watch-kernel.sh
. scripts/bench-watch-kernel.sh
# shellcheck source=scripts/bench-watch-router.sh
. scripts/bench-watch-router.sh

changes=${CHANGES:-20}
kinds=${KINDS-ipv4 ipv6 dhcp natpmp gena both silent}
watch='' monitor='' server=''
stop() {
    for process in "$watch" "$monitor" "$server"; do
        stop_process "$process"
    done
    stop_fake
}
trap stop EXIT

# stop_process ID: ends a process that this script has started, if there is one.
stop_process() {
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# now: the time in seconds, with nine decimals.
now() { date +%s.%N; }

# settle: waits until a change is followed at once: 10 s after the last pass, and after the kernel's own delays.
settle() { sleep 11.5; }

# until_true COMMAND [ARGUMENT...]: waits until a command succeeds.
until_true() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || { echo "not within 30 s: $*" >&2; cat "$dir/zone" "$dir"/*.log >&2; exit 1; }
        sleep 0.01
    done
}

# until_written RRTYPE ADDRESS: waits for the record, and sets written to the time of the write.
until_written() {
    until_true grep -q "[[:space:]]$1[[:space:]].*$2\$" "$dir/zone"
    written=$(stat -c %.9Y "$dir/zone")
}

# configure SCRIPT: makes the config for watch from that of the fake, without a state.
configure() {
    [ -e "$dir/original.conf" ] || cp "$dir/gandi-ddns.conf" "$dir/original.conf"
    sed "$1" "$dir/original.conf" >"$dir/gandi-ddns.conf"
    rm -rf "$dir/state"
}

# start_watch INTERVAL
start_watch() {
    "$program" --config "$dir/gandi-ddns.conf" watch -v --interval "$1" >"$dir/watch.log" 2>&1 &
    watch=$!
}

# repeat COMMAND: makes all changes, each by `COMMAND NUMBER`, and writes the times of each and of its write to times.
repeat() {
    number=0
    while [ "$number" -lt "$changes" ]; do
        number=$((number + 1))
        settle
        "$1" "$number"
        echo "$changed $written"
    done >"$dir/times"
}

# verdict NAME [LIMIT]: reads seconds, one a line, and prints a line of the table.
verdict() {
    sort -n | awk -v name="$1" -v limit="${2-}" '{ t[NR] = $1 } END {
        median = NR % 2 ? t[(NR + 1) / 2] : (t[NR / 2] + t[NR / 2 + 1]) / 2
        text = limit == "" ? "" : (t[NR] <= limit + 0 ? "at most " : "MORE THAN ") limit " s"
        printf "| %s | %d | %.2f | %.2f | %s |\n", name, NR, median, t[NR], text
    }'
}

# shellcheck disable=SC2119 # The fake gets no options here.
start_fake
echo "| change | number | median s | largest s | verdict |"
echo "|---|--:|--:|--:|---|"
for kind in $kinds; do
    case $kind in
    ipv4 | ipv6 | dhcp) measure_kernel "$kind" ;;
    natpmp | gena | both | silent) measure_router "$kind" ;;
    *) echo "no such kind: $kind" >&2 ;;
    esac
done
