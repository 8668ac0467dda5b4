#!/bin/sh
# Tests `make install` and `make deploy` with real sshd and dropbear servers on loopback. The machines behind them are
# chroots with bash, dash or busybox's ash and only the tools of such a machine. The builds are stand-ins.
#
#   tests/deploy.sh          all tests; requires root, and installs openssh-server, dropbear-bin and busybox with apt
#   tests/deploy.sh units    only the choice of the build for made-up machines, under the current shell
#
# The cases are in tests/deploy/ and are sourced in order, since each file uses the machines and helpers of those before
# it. If possible they run in their own mount and process namespaces, so that no process or mount outlives the test.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=scripts/toolchain/targets.sh
. scripts/toolchain/targets.sh
# shellcheck source=tests/deploy/units.sh
. tests/deploy/units.sh

install_missing() {
    missing=
    command -v sshd >/dev/null || missing="$missing openssh-server"
    command -v ssh >/dev/null || missing="$missing openssh-client"
    command -v dropbear >/dev/null || missing="$missing dropbear-bin"
    [ -n "$missing" ] && command -v apt-get >/dev/null || return 0
    # Keeps apt from starting the servers that it installs.
    [ -e /usr/sbin/policy-rc.d ] || { policy=/usr/sbin/policy-rc.d; printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; }
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get install -qy --no-install-recommends $missing ||
        { apt-get update -q && apt-get install -qy --no-install-recommends $missing; }; } >"$scratch/apt.log" 2>&1 ||
        { echo "apt-get install$missing failed:"; tail -n 3 "$scratch/apt.log"; } >&2
    [ -z "$policy" ] || rm -f $policy
    policy=
}

if [ "${1:-}" != inside ]; then
    scratch=$(mktemp -d) inner='' signal=KILL policy=''
    trap '[ -z "$inner" ] || { kill "-$signal" "$inner" && wait "$inner"; } 2>/dev/null || :; rm -rf "$scratch" $policy' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    [ "$(id -u)" != 0 ] || install_missing
    chmod 755 "$scratch"
    export APART=yes
    # If this process dies, unshare is killed too, and with it all processes and mounts in the namespaces.
    apart='setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc'
    # shellcheck disable=SC2086
    [ "$(id -u)" = 0 ] && $apart true 2>/dev/null || apart='' APART='' signal=TERM
    $apart sh tests/deploy.sh inside "$scratch" &
    inner=$!
    code=0
    wait "$inner" || code=$?
    inner=
    exit $code
fi

scratch=$2
# Temporary files of a killed deploy.sh are removed together with $scratch.
export TMPDIR="$scratch"
umask 022
export MINUTE=2
servers='' run_sshd=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
    # shellcheck disable=SC2086
    [ -z "$servers" ] || kill $servers 2>/dev/null || :
    umount "$scratch/"*/usr/local/bin 2>/dev/null || :
    umount -l "$scratch" 2>/dev/null || :
    [ -z "$run_sshd" ] || rmdir /run/sshd
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# A file system in which setuid bits and device nodes work, which may not be true of /tmp.
can_mount=
[ "$(id -u)" != 0 ] || ! mount -t tmpfs -o mode=755 none "$scratch" 2>/dev/null || can_mount=yes

# shellcheck source=tests/deploy/harness.sh
. tests/deploy/harness.sh
# shellcheck source=tests/deploy/install.sh
. tests/deploy/install.sh
# shellcheck source=tests/deploy/machines.sh
. tests/deploy/machines.sh
# shellcheck source=tests/deploy/fresh.sh
. tests/deploy/fresh.sh
# shellcheck source=tests/deploy/wrong.sh
. tests/deploy/wrong.sh
# shellcheck source=tests/deploy/cron.sh
. tests/deploy/cron.sh
# shellcheck source=tests/deploy/openwrt.sh
. tests/deploy/openwrt.sh
# shellcheck source=tests/deploy/arm.sh
. tests/deploy/arm.sh

total
