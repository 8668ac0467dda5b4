# shellcheck shell=sh disable=SC2034,SC2154
# For bench-watch.sh: changes of the address of this machine, with the source `interface`. The other end of its line is
# in the namespace far.

kernel_is_set_up=''

# set_up_kernel: makes the line and starts watch, once.
set_up_kernel() {
    [ -z "$kernel_is_set_up" ] || return 0
    kernel_is_set_up=1
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
    configure 's/^ipv4 =.*/ipv4 = interface/; s/^ipv6 =.*/ipv6 = interface/; s/^types =.*/types = A AAAA/'
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
    start_watch 1d
    until_written A "$address4"
    until_written AAAA "$address6"
}

# tear_down_kernel: ends watch and removes the line.
tear_down_kernel() {
    [ -n "$kernel_is_set_up" ] || return 0
    kernel_is_set_up=''
    stop_process "$watch"
    stop_process "$monitor"
    watch='' monitor=''
    ip link del eth0
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
    stop_process "$server"
    server=''
    changed=$(cat "$dir/changed")
    address4=$address
    until_written A "$address"
}

# measure_kernel KIND: prints the lines of this kind.
measure_kernel() {
    case $1 in
    ipv4) name='IPv4 address' change=change4 ;;
    ipv6) name='IPv6 prefix' change=change6 ;;
    dhcp) name='DHCP lease' change=lease ;;
    esac
    if [ "$1" = dhcp ] && { ! command -v udhcpd >/dev/null || ! command -v udhcpc >/dev/null; }; then
        echo "udhcpd or udhcpc is missing: no DHCP lease" >&2
        return 0
    fi
    tear_down_router
    set_up_kernel
    : >"$dir/detection"
    repeat "$change"
    awk '{ print $2 - $1 }' "$dir/times" | verdict "$name" 2
    if [ "$1" = ipv6 ]; then
        awk '{ print $1 - $2 }' "$dir/detection" | verdict '- of it, duplicate address detection'
        awk '{ print $3 - $1 }' "$dir/detection" | verdict '- of it, after that'
    fi
}
