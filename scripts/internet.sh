#!/bin/sh
# Runs a command in a network namespace in which the fake Gandi is the internet: api.gandi.net, the web services and the
# DNS servers have their real names and ports there. Nothing outside is changed, and nothing leaves the machine.
#
#   scripts/internet.sh COMMAND [ARGUMENT...]
#
# The command gets these variables: INTERNET, the directory of the fake (see examples/fake_gandi.rs --help), PROGRAM, the
# absolute path of the binary ($PROGRAM, or the release build), and SSL_CERT_FILE, the authority that the fake's
# certificates are from. $FAKE is another build of the fake. Exits with 69 if namespaces are not allowed here. As another user than root it needs a kernel
# that allows user namespaces.
set -eu
cd "$(dirname "$0")/.."

# allowed: prints the options of unshare that work on this machine.
# shellcheck disable=SC2016 # The inner shell expands it.
allowed() {
    for options in -rnm -nm; do
        unshare "$options" sh -c 'mount -t tmpfs tmpfs /run && PATH=$PATH:/usr/sbin:/sbin && ip link set lo up' \
            >/dev/null 2>&1 || continue
        echo "$options"
        return
    done
    echo "network namespaces are not allowed here, or iproute2 is not installed" >&2
    return 69
}

if [ "${INTERNET-}" != inside ]; then
    options=$(allowed)
    target=${CARGO_TARGET_DIR:-target}
    [ -n "${PROGRAM-}" ] || cargo build --quiet --locked --release --bin gandi-ddns
    [ -n "${FAKE-}" ] || cargo build --quiet --locked --example fake_gandi
    PROGRAM=$(realpath "${PROGRAM:-$target/release/gandi-ddns}")
    FAKE=$(realpath "${FAKE:-$target/debug/examples/fake_gandi}")
    export INTERNET=inside PROGRAM FAKE
    exec unshare "$options" scripts/internet.sh "$@"
fi

PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs tmpfs /run
ip link set lo up
for address in 1.1.1.1/32 216.239.32.10/32; do ip addr add "$address" dev lo; done
for address in 2606:4700:4700::1111/128 2001:4860:4802:32::a/128; do ip addr add "$address" dev lo nodad; done

INTERNET=$(mktemp -d) fake=''
trap '[ -z "$fake" ] || kill "$fake" 2>/dev/null || :; rm -rf "$INTERNET"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$FAKE" "$INTERNET" --internet >"$INTERNET/fake.log" 2>&1 &
fake=$!
tries=0
until [ -e "$INTERNET/ready" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$fake" 2>/dev/null; then
        echo "the fake Gandi did not start:" >&2
        cat "$INTERNET/fake.log" >&2
        exit 1
    fi
    sleep 0.1
done
mount --bind "$INTERNET/hosts" /etc/hosts
# No name is resolved elsewhere, and no proxy of the environment is used.
: >"$INTERNET/resolv.conf"
mount --bind "$INTERNET/resolv.conf" /etc/resolv.conf 2>/dev/null || :
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
export INTERNET SSL_CERT_FILE="$INTERNET/ca.pem"
code=0
"$@" || code=$?
exit "$code"
