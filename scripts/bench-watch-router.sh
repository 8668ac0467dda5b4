# shellcheck shell=sh disable=SC2034,SC2154
# For bench-watch.sh: changes of the outer address of a router, with the source `router`. The router is Debian's miniupnpd
# in the namespace router. With UPnP, it sees a change by itself; with NAT-PMP only, a script of the system has to signal it.

router_is_set_up=''

# set_up_router: makes the router's networks, once.
set_up_router() {
    [ -z "$router_is_set_up" ] || return 0
    router_is_set_up=1
    ip netns add router
    ip link add eth0 type veth peer name lan0 netns router
    ip addr add 192.168.1.2/24 dev eth0
    ip link set eth0 up
    ip -n router link set lo up
    ip -n router addr add 192.168.1.1/24 dev lan0
    ip -n router link set lan0 up
    ip -n router link add wan0 type veth peer name isp0
    ip -n router link set isp0 up
    ip -n router addr add 81.2.69.99/24 dev wan0
    ip -n router link set wan0 up
    ip route add default via 192.168.1.1
    outer=81.2.69.99
}

line_is_gone() { ! ip link show dev eth0 >/dev/null 2>&1; }

# tear_down_router: ends watch and removes the networks.
tear_down_router() {
    [ -n "$router_is_set_up" ] || return 0
    router_is_set_up=''
    ip netns del router
    # Its end of the line goes with the namespace, and ours with it, after a moment.
    until_true line_is_gone
}

# The ports of NAT-PMP and SSDP, 5351 and 1900, as the kernel prints them.
router_listens() { ip netns exec router cat /proc/net/udp | grep -q -e ':14E7 ' -e ':076C '; }

# start_router LINE...: starts miniupnpd with these lines in its config, and waits until it listens.
start_router() {
    printf '%s\n' "ext_ifname=wan0" "listening_ip=lan0" "port=5000" "secure_mode=yes" \
        "uuid=00000000-0000-0000-0000-000000000001" "$@" >"$dir/miniupnpd.conf"
    ip netns exec router miniupnpd -d -f "$dir/miniupnpd.conf" -P "$dir/miniupnpd.pid" >"$dir/miniupnpd.log" 2>&1 &
    server=$!
    until_true router_listens
}

# change_outer N: gives the router another address, sets changed to the time of it and waits for the write.
change_outer() {
    address=81.2.69.$((outer_base + $1))
    printf '%s\n' "addr del $outer/24 dev wan0" "addr add $address/24 dev wan0" >"$dir/batch"
    changed=$(now)
    ip -n router -batch "$dir/batch"
    kill -USR1 "$server"
    outer=$address
    until_written A "$address"
}

# change_at_any_time N: does that, not always at the same time of the interval.
change_at_any_time() {
    sleep "$(($1 * 7 % 10))"
    change_outer "$1"
}

# measure_router KIND: prints the line of this kind.
measure_router() {
    if ! command -v miniupnpd >/dev/null || ! PATH=$PATH:/usr/sbin:/sbin command -v nft >/dev/null; then
        echo "miniupnpd or nft is missing: no router" >&2
        return 0
    fi
    natpmp=no upnp=no interval=1d limit=3 change=change_outer
    case $1 in
    natpmp) name='outer address, by NAT-PMP' natpmp=yes outer_base=100 ;;
    gena) name='outer address, by UPnP events' upnp=yes outer_base=130 ;;
    both) name='outer address, by both' natpmp=yes upnp=yes outer_base=160 ;;
    silent)
        # The timer is due at the end of the interval; a second is for the pass.
        name='outer address, nothing announced, interval 10 s' natpmp=yes outer_base=190
        interval=10s limit=11 change=change_at_any_time
        ;;
    esac
    tear_down_kernel
    set_up_router
    start_router "enable_natpmp=$natpmp" "enable_upnp=$upnp"
    if [ "$1" = silent ]; then
        ip netns exec router nft 'add table t; add chain t o { type filter hook output priority 0; }; add rule t o ip daddr 224.0.0.1 drop'
    fi
    configure 's/^ipv4 =.*/ipv4 = router\nquorum = 1/; s/^types =.*/types = A/'
    start_watch "$interval"
    until_written A "$outer"
    if [ "$upnp" = yes ]; then
        # As long as it waits for the response to its first notification, miniupnpd sends no other.
        until_true grep -qF 'upnp_event_recv: (' "$dir/miniupnpd.log"
    fi
    repeat "$change"
    awk '{ print $2 - $1 }' "$dir/times" | verdict "$name" "$limit"
    stop_process "$watch"
    stop_process "$server"
    watch='' server=''
    if [ "$1" = silent ]; then
        ip netns exec router nft delete table t
    fi
}
