#!/bin/sh
# Measures how fast `watch` follows a change of the address, with the source `interface`, in a network namespace: the
# time from the change to the write at the fake Gandi, over 20 changes of each kind, or $CHANGES. The kinds ($KINDS):
# ipv4 (ip addr), ipv6 (another prefix, with duplicate address detection by the kernel, which takes one to two seconds
# and is shown apart) and dhcp (a lease of busybox's udhcpd). Prints a verdict, and always succeeds. It takes 15 minutes,
# since watch makes a pass every 10 s at most. PROGRAM=FILE measures another binary.
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

changes=${CHANGES:-20}
kinds=${KINDS-ipv4 ipv6 dhcp}
watch='' monitor='' server=''
stop() {
    for process in "$watch" "$monitor" "$server"; do
        [ -z "$process" ] || kill "$process" 2>/dev/null || true
    done
    stop_fake
}
trap stop EXIT

# now: the time in seconds, with nine decimals.
now() { date +%s.%N; }

# settle: waits until a change is followed at once: 10 s after the last pass, and after the kernel's own delays.
settle() { sleep 11.5; }

# until_written RRTYPE ADDRESS: waits for the record, and sets written to the time of the write.
until_written() {
    tries=0
    until grep -q "[[:space:]]$1[[:space:]].*$2\$" "$dir/zone"; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || { echo "$1 $2 was not written within 30 s:" >&2; cat "$dir/zone" "$dir/watch.log" >&2; exit 1; }
        sleep 0.01
    done
    written=$(stat -c %.9Y "$dir/zone")
}

# change4 N, change6 N, lease N: make the Nth change, set changed to the time of it and wait for the write.
change4() {
    address=81.2.69.$((100 + $1))
    changed=$(now)
    ip addr del "$address4/24" dev eth0
    ip addr add "$address/24" dev eth0
    ip route replace default via 81.2.69.2
    address4=$address
    until_written A "$address"
}

change6() {
    address=2a01:e0a:1:$(printf %x $((16 + $1)))::3
    changed=$(now)
    ip -6 addr add "$address/64" dev eth0
    ip -6 addr del "$address6/64" dev eth0
    address6=$address
    until_written AAAA "$address"
    # Lines such as `[2026-01-31T12:00:00.123456] 2: eth0    inet6 2a01:e0a:1:10::3/64 scope global`.
    usable=$(grep " $address/64 " "$dir/monitor" | grep -v -e tentative -e Deleted | head -n 1 | sed 's/^\[\(.*\)\].*/\1/')
    echo "$(date -d "$usable" +%s.%N) $changed $written" >>"$dir/detection"
}

lease() {
    address=81.2.69.$((200 + $1))
    printf '%s\n' "start $address" "end $address" "interface eth0" "lease_file $dir/leases" "pidfile $dir/pid" \
        "option subnet 255.255.255.0" "option router 81.2.69.2" "option lease 3600" >"$dir/udhcpd.conf"
    : >"$dir/leases"
    ip netns exec far udhcpd -f "$dir/udhcpd.conf" >"$dir/udhcpd.log" 2>&1 &
    server=$!
    udhcpc -f -n -q -t 20 -T 1 -i eth0 -s "$dir/script" >"$dir/udhcpc.log" 2>&1
    kill "$server"
    server=''
    changed=$(cat "$dir/changed")
    address4=$address
    until_written A "$address"
}

# verdict NAME: reads seconds, one a line, and prints a line of the table.
verdict() {
    sort -n | awk -v name="$1" '{ t[NR] = $1 } END {
        median = NR % 2 ? t[(NR + 1) / 2] : (t[NR / 2] + t[NR / 2 + 1]) / 2
        printf "| %s | %d | %.2f | %.2f | %s |\n", name, NR, median, t[NR], t[NR] <= 2 ? "at most 2 s" : "MORE THAN 2 s"
    }'
}

# shellcheck disable=SC2119 # The fake gets no options here.
start_fake
ip netns add far
ip link add eth0 type veth peer name eth0 netns far
ip -n far addr add 81.2.69.2/24 dev eth0
ip -n far link set eth0 up
ip link set eth0 up
address4=81.2.69.99 address6=2a01:e0a:1:f::3
ip addr add "$address4/24" dev eth0
ip -6 addr add "$address6/64" dev eth0 nodad
ip route add default via 81.2.69.2
ip -6 route add default via fe80::1 dev eth0
sed -i 's/^ipv4 =.*/ipv4 = interface/; s/^ipv6 =.*/ipv6 = interface/; s/^types =.*/types = A AAAA/' "$dir/gandi-ddns.conf"
cat >"$dir/script" <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
date +%s.%N >"$(dirname "$0")/changed"
ip addr flush dev eth0 scope global to 81.2.69.0/24
ip addr add $ip/24 dev eth0
ip route replace default via $router
END
chmod 700 "$dir/script"
ip -ts monitor address >"$dir/monitor" &
monitor=$!
"$program" --config "$dir/gandi-ddns.conf" watch -v --interval 1d >"$dir/watch.log" 2>&1 &
watch=$!
until_written A "$address4"
until_written AAAA "$address6"

echo "| change | number | median s | largest s | verdict |"
echo "|---|--:|--:|--:|---|"
for kind in $kinds; do
    case $kind in
    ipv4) name='IPv4 address' change=change4 ;;
    ipv6) name='IPv6 prefix' change=change6 ;;
    *)
        name='DHCP lease' change=lease
        if ! command -v udhcpd >/dev/null || ! command -v udhcpc >/dev/null; then
            echo "udhcpd or udhcpc is missing: no DHCP lease" >&2
            continue
        fi
        ;;
    esac
    : >"$dir/detection"
    number=0
    while [ "$number" -lt "$changes" ]; do
        number=$((number + 1))
        settle
        "$change" "$number"
        echo "$changed $written"
    done >"$dir/times"
    awk '{ print $2 - $1 }' "$dir/times" | verdict "$name"
    if [ "$kind" = ipv6 ]; then
        awk '{ print $1 - $2 }' "$dir/detection" | verdict '- of it, duplicate address detection'
        awk '{ print $3 - $1 }' "$dir/detection" | verdict '- of it, after that'
    fi
done
