# shellcheck shell=dash disable=SC2034
# Stand-in for OpenWrt's /lib/functions/network.sh: the devices are in /tmp/networks.

network_get_device() { # VARIABLE NETWORK
    local __network __device
    while read -r __network __device; do
        [ "$__network" != "$2" ] || { eval "$1=\$__device" && return 0; }
    done </tmp/networks
    unset "$1"
    return 1
}
