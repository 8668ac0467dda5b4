#!/bin/sh
# `make install` and `make deploy`, for real: a sshd and a dropbear on loopback, and behind them machines that are
# chroots with bash, dash or busybox's ash and no more than such a machine has. The builds are stand-ins that it makes.
#
#   tests/deploy.sh          everything: as root, with apt for openssh-server, dropbear-bin and busybox if missing
#   tests/deploy.sh units    only the table of made-up machines, under the shell that runs this
#
# It runs in mount and process namespaces of its own where it can, so that nothing outlives it however it ends.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

# ---------------------------------------------------------------- which build for which machine

# Headers, as od would print them: e_machine, then e_flags (32 bits only), both little endian.
elf32() { echo "7f454c460101010000000000000000000200${1}0100000000000000000000000000000$2"; }
elf64() { echo "7f454c460201010000000000000000000200${1}01000000000000000000000000000000"; }
hard=$(elf32 2800 000040005) soft=$(elf32 2800 000020005)
aarch64=$(elf64 b700) x86_64=$(elf64 3e00) mips=7f454c460102010000000000000000000002000800000001
v6='half thumb fastmult vfp edsp java tls' v7='half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae'
v8='fp asimd evtstrm crc32 cpuid'

units() {
    # shellcheck source=scripts/deploy-arch.sh
    . scripts/deploy-arch.sh
    bad=0 done=0
    # expected | uname -m | ELF header of /bin/sh | features | what it is
    while IFS='|' read -r want uname elf features what; do
        [ -n "$want" ] || continue
        cpuinfo=$(printf 'processor\t: 0\nFeatures\t: %s\nCPU architecture: 7\n\nprocessor\t: 1\nFeatures\t: x\n' "$features")
        [ "$features" != none ] || cpuinfo=
        got=$(target_name "$uname" "$elf" "$cpuinfo") || got=unsupported
        done=$((done + 1))
        [ "$got" = "$want" ] || { bad=$((bad + 1)); echo "   $what: $got, should be $want"; }
    done <<TABLE
armv6|armv6l|$hard|$v6|Pi Zero, whose cpuinfo says architecture 7
armv6|armv6l|$soft|$v6|Pi 1, OpenWrt: soft-float userland, CPU with VFP
armv7|armv7l|$hard|$v7|Pi 2, 32-bit kernel
armv7|armv8l|$hard|$v7|32-bit personality of a 64-bit kernel
armv7|aarch64|$hard|$v8|Pi 3 to 5: 64-bit kernel under a 32-bit userland
armv7|aarch64|$hard|$v7|the same, where the kernel shows 32-bit features
arm64|aarch64|$aarch64|$v8|Pi 3 to 5, 64-bit
armv7|armv7l|$soft|half thumb fastmult vfp edsp vfpv3 vfpv3d16 tls|OpenWrt mvebu: VFPv3-D16, no NEON
armv7|armv7l|$soft|half thumb fastmult vfp edsp vfpv3 vfpv3d16|the last word is the telling one
armv7|armv7l|$soft|vfpv3d16|the only word is the telling one
armv7-soft|armv7l|$soft|half thumb fastmult edsp tls|OpenWrt bcm53xx: Cortex-A9 without VFP
armv6|armv7l|$hard|half thumb fastmult vfp edsp|ARMv7 with an older VFP
armv5|armv6l|$soft|half thumb fastmult edsp java|ARMv6 without VFP
armv5|armv5tel|$soft|swp half thumb fastmult edsp|OpenWrt kirkwood
armv5|armv5tejl|$soft|swp half fastmult vfp edsp java|ARMv5 with VFP: there is no build for just that
armv6|armv7l|$hard|none|no cpuinfo: a hard-float userland proves VFP
armv7-soft|armv7l|$soft|none|no cpuinfo, soft-float userland: nothing proves VFP
armv5|armv6l|$soft|none|no cpuinfo, ARMv6
armv5||$soft|$v7|no uname
armv7|armv7l||$v7|no header could be read
armv6|armv6l|2321|$v6|/bin/sh is a script
arm64|aarch64||$v8|no header, 64-bit kernel: static programs of its own kind run
x86_64|x86_64|$x86_64||PC
x86_64|x86_64|$(elf32 0300 000000000)||32-bit PC userland on a 64-bit kernel
x86_64|x86_64||none|PC, no header
unsupported|i686|$(elf32 0300 000000000)||32-bit PC
unsupported|mips|$mips||OpenWrt ath79
unsupported|mips||none|the same, no header
unsupported|mips|$(elf32 0800 000000000)||OpenWrt ramips: mipsel calls itself mips too
unsupported|riscv64|$(elf64 f300)||RISC-V
unsupported|aarch64|7f454c4602020100000000000000000000020028||64-bit kernel, big-endian ARM userland
unsupported|armv5teb||none|big-endian ARM
unsupported|armv4tl|$soft|swp half|ARMv4
unsupported|||none|nothing is known
TABLE
    echo "$done machines"
    [ "$bad" = 0 ] && [ "$done" -gt 30 ]
}

if [ "${1:-}" = units ]; then
    units
    exit
fi

# ---------------------------------------------------------------- set-up

install_missing() {
    missing=
    command -v sshd >/dev/null || missing="$missing openssh-server"
    command -v ssh >/dev/null || missing="$missing openssh-client"
    command -v dropbear >/dev/null || missing="$missing dropbear-bin"
    [ -n "$missing" ] && command -v apt-get >/dev/null || return 0
    # A package's server must not start by itself.
    policy=
    [ -e /usr/sbin/policy-rc.d ] || { policy=/usr/sbin/policy-rc.d; printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; }
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get install -qy --no-install-recommends $missing ||
        { apt-get update -q && apt-get install -qy --no-install-recommends $missing; }; } >"$scratch/apt.log" 2>&1 ||
        { echo "apt-get install$missing failed:"; tail -n 3 "$scratch/apt.log"; } >&2
    [ -z "$policy" ] || rm -f $policy
}

if [ "${1:-}" != inside ]; then
    scratch=$(mktemp -d) inner='' signal=KILL
    trap '[ -z "$inner" ] || { kill "-$signal" "$inner" && wait "$inner"; } 2>/dev/null; rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    [ "$(id -u)" != 0 ] || install_missing
    chmod 755 "$scratch"
    export APART=yes
    # If this process dies, so does unshare, and with it all that runs and is mounted in there.
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
# What a killed deploy.sh could not remove goes with the rest.
export TMPDIR="$scratch"
umask 022
servers='' run_sshd=
# shellcheck disable=SC2317  # by trap
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
# Here a copy may keep its setuid bit and a device node works, whatever /tmp is.
can_mount=
[ "$(id -u)" != 0 ] || ! mount -t tmpfs -o mode=755 none "$scratch" 2>/dev/null || can_mount=yes

# ---------------------------------------------------------------- cases

passed=0 failed=0 skipped=0
begin() { title=$1 why=; }
wrong() { why="$why
   $*"; }
end() {
    if [ -z "$why" ]; then
        passed=$((passed + 1))
        echo "ok    $title"
    else
        failed=$((failed + 1))
        echo "FAIL  $title$why"
        [ ! -s "$scratch/out" ] || sed 's/^/   | /' "$scratch/out"
    fi
    : >"$scratch/out"
}
skip() {
    skipped=$((skipped + 1))
    echo "skip  $1: $2"
}
total() {
    # shellcheck disable=SC2015
    [ "$skipped" = 0 ] && echo "$passed passed, $failed failed" || echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}

# is WHAT IT SHOULD-BE
is() { [ "$2" = "$3" ] || wrong "$1: '$2', should be '$3'"; }
code_is() { is 'exit code' "$code" "$1"; }
says() { grep -q -- "$1" "$scratch/out" || wrong "does not say: $1"; }
says_not() { ! grep -q -- "$1" "$scratch/out" || wrong "says: $1"; }
# One line is what the reader of an error wants.
one_line() { is 'lines of output' "$(wc -l <"$scratch/out")" "$1"; }
mode_is() { is "mode of $2" "$(stat -c %a "$2" 2>/dev/null)" "$1"; }
holds() { grep -qF -- "$2" "$1" 2>/dev/null || wrong "$1 does not hold: $2"; }
count_is() { is "lines with '$2' in $3" "$(grep -cF -- "$2" "$3" 2>/dev/null)" "$1"; }
# All that there is on a machine, without the times of directories.
snapshot() { (cd "$scratch/$machine" && find . -type d -printf '%p %m %u\n' -o -printf '%p %m %u %s %T@ %l\n' | sort); }
remember() { snapshot >"$scratch/before"; }
unchanged() { snapshot | diff "$scratch/before" - >"$scratch/diff" || wrong "something changed: $(cat "$scratch/diff")"; }
# changed_are PATH...: these and nothing else.
changed_are() {
    snapshot | diff "$scratch/before" - | sed -n 's/^[<>] \([^ ]*\) .*/\1/p' | sort -u >"$scratch/diff"
    is 'what changed' "$(tr '\n' ' ' <"$scratch/diff")" "$* "
}
no_leftovers() { is leftovers "$(find "$scratch/$machine" -name '*.new*')" ''; }

# ---------------------------------------------------------------- make install

export CARGO_TARGET_DIR="$scratch/target"
mkdir -p "$scratch/target/release" "$scratch/dist"
: >"$scratch/out"
made() { # ARGUMENT...
    code=0
    make -s --no-print-directory "$@" >"$scratch/out" 2>&1 </dev/null || code=$?
}
root=$scratch/root

begin 'make install: without a build it says what to do'
made install DESTDIR="$root"
code_is 2; says 'make build'; [ ! -e "$root" ] || wrong 'it made something'
end

echo 'a build' >"$scratch/target/release/gandi-ddns"
begin 'make install: program 0755, example config 0600, its directory 0700'
(umask 077; made install DESTDIR="$root"; code_is 0; [ -z "$why" ]) || wrong "exit code"
mode_is 755 "$root/usr/local/bin/gandi-ddns"; mode_is 700 "$root/etc/gandi-ddns"
mode_is 600 "$root/etc/gandi-ddns/gandi-ddns.conf"; mode_is 755 "$root/etc"
cmp -s gandi-ddns.conf.example "$root/etc/gandi-ddns/gandi-ddns.conf" || wrong 'not the example'
is files "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" './etc/gandi-ddns/gandi-ddns.conf ./usr/local/bin/gandi-ddns '
end

begin 'make install: a second one replaces the program and no config'
echo mine >"$root/etc/gandi-ddns/gandi-ddns.conf"; chmod 640 "$root/etc/gandi-ddns/gandi-ddns.conf"
echo secret >"$root/etc/gandi-ddns/token"; chmod 750 "$root/etc/gandi-ddns"; echo 'newer' >"$scratch/target/release/gandi-ddns"
made install DESTDIR="$root"
code_is 0; holds "$root/usr/local/bin/gandi-ddns" newer; holds "$root/etc/gandi-ddns/gandi-ddns.conf" mine
mode_is 640 "$root/etc/gandi-ddns/gandi-ddns.conf"; mode_is 750 "$root/etc/gandi-ddns"; says 'left as it is'
end

begin 'make uninstall: removes the program only, and says what is left'
made uninstall DESTDIR="$root"
code_is 0; [ ! -e "$root/usr/local/bin/gandi-ddns" ] || wrong 'the program is there still'
holds "$root/etc/gandi-ddns/gandi-ddns.conf" mine; holds "$root/etc/gandi-ddns/token" secret; says "left: $root/etc/gandi-ddns"
end

begin 'make install: PREFIX'
made install DESTDIR="$root" PREFIX=/usr
code_is 0; mode_is 755 "$root/usr/bin/gandi-ddns"; made uninstall DESTDIR="$root" PREFIX=/usr
[ ! -e "$root/usr/bin/gandi-ddns" ] || wrong 'not removed'
end

# ---------------------------------------------------------------- the table, under each shell

# Debian's busybox-static answers for od, uname and the rest by itself, whatever is in PATH: no use for playing a
# machine that lacks them. The package busybox is as on a router.
# unpacked PACKAGE: its files below $scratch/PACKAGE, nothing installed.
unpacked() {
    [ ! -d "$scratch/$1" ] || return 0
    mkdir "$scratch/$1"
    (cd "$scratch/$1" && { apt-get download "$1" || { apt-get update && apt-get download "$1"; }; } &&
        dpkg-deb -x "$1"_*.deb .) >/dev/null 2>&1 || :
}
find_busybox() {
    for busybox in "$(command -v busybox)" "$scratch/busybox/bin/busybox" "$scratch/busybox/usr/bin/busybox"; do
        [ -x "$busybox" ] && [ "$(PATH=/nonexistent "$busybox" ash -c 'uname -m' 2>/dev/null)" = '' ] && return
        unpacked busybox
    done
    busybox=
}
find_busybox
have() { command -v "$1" >/dev/null; }

for shell in bash dash "$busybox ash"; do
    [ "$shell" != ' ash' ] || { skip 'architecture table under ash' 'no busybox, and apt has none'; continue; }
    have "${shell%% *}" || { skip "architecture table under $shell" 'it is not here'; continue; }
    begin "architecture table under ${shell##*/}"
    $shell tests/deploy.sh units >"$scratch/out" 2>&1 || wrong 'see below'
    end
done

# ---------------------------------------------------------------- machines

[ "$(id -u)" = 0 ] || { skip 'make deploy' 'needs root, for chroots and a sshd'; total; }
[ "$(uname -m)" = x86_64 ] || { skip 'make deploy' 'its stand-ins are for x86_64'; total; }
have sshd || { begin 'make deploy'; wrong 'there is no sshd, and apt could not install one'; end; total; }

from_hex() { # writes the bytes
    hex=$1
    while [ -n "$hex" ]; do
        rest=${hex#??}
        # shellcheck disable=SC2059
        printf "\\$(printf %03o "0x${hex%"$rest"}")"
        hex=$rest
    done
}
# put MACHINE PROGRAM [AS]: a copy of the program with its libraries.
put() {
    mkdir -p "$scratch/$1/usr/bin"
    cp -L "$2" "$scratch/$1${3:-/usr/bin/${2##*/}}"
    for lib in $(ldd "$2" 2>/dev/null | grep -o '/[^ ]*'); do
        mkdir -p "$scratch/$1${lib%/*}"
        [ -e "$scratch/$1$lib" ] || cp -L "$lib" "$scratch/$1$lib"
    done
}
program() { # MACHINE PATH: from standard input
    rm -f "$scratch/$1$2"
    cat >"$scratch/$1$2"
    chmod 755 "$scratch/$1$2"
}
# new_machine NAME bash|dash|ash: a machine with that shell, and with these tools and no others.
new_machine() {
    machine=$1
    m=$scratch/$1
    mkdir -p "$m/bin" "$m/usr/bin" "$m/usr/local/bin" "$m/etc" "$m/proc" "$m/dev" "$m/root" "$m/home/pi" "$m/tmp"
    mknod -m 666 "$m/dev/null" c 1 3
    chown 1000:1000 "$m/home/pi"
    printf 'root:x:0:0::/root:/usr/bin/sh\npi:x:1000:1000::/home/pi:/usr/bin/sh\n' >"$m/etc/passwd"
    tools='cat chmod dd df grep head id ls md5sum mkdir mv rm rmdir sed sha256sum sync tail uname wc'
    if [ "$2" = ash ]; then
        put "$1" "$busybox" /bin/busybox
        for tool in sh ash $tools; do ln -s /bin/busybox "$m/usr/bin/$tool"; done
    else
        put "$1" "$(command -v "$2")" /usr/bin/sh
        for tool in $tools; do put "$1" "$(command -v "$tool")"; done
    fi
    ln -s /usr/bin/sh "$m/bin/sh"
    log_in 0 /root
}
# log_in UID HOME: who logs in there from now on.
log_in() { echo "root=$scratch/$machine uid=$1 home=$2" >"$scratch/login"; }
# hardware UNAME HEADER FEATURES: what the machine seems to be. /bin/sh is only looked at; what runs is /usr/bin/sh.
hardware() {
    printf '#!/usr/bin/sh\necho %s\n' "$1" | program "$machine" /usr/bin/uname
    from_hex "$2" | program "$machine" /bin/sh
    printf 'processor\t: 0\nmodel name\t: x\nFeatures\t: %s\n\n' "$3" >"$scratch/$machine/proc/cpuinfo"
}
fake_crontab() { # Debian's: says so when there is none, and replaces the whole
    program "$machine" /usr/bin/crontab <<'CRONTAB'
#!/usr/bin/sh
case $1 in
    -l) [ ! -e /etc/crontab-broken ] || { echo 'crontabs/root: Permission denied' >&2; exit 1; }
        [ -f /root/table ] || { echo 'no crontab for root' >&2; exit 1; }
        cat /root/table ;;
    -) cat >/root/table ;;
    *) echo 'crontab: usage error: unrecognized option' >&2; exit 1 ;;
esac
CRONTAB
}

# What sshd runs instead of the login shell: the login shell of the machine.
cat >"$scratch/enter" <<ENTER
#!/bin/sh
. "$scratch/login"
[ -z "\${noise:-}" ] || printf 'Welcome! @dest=/wrong'
cd /
if [ -n "\${wrap:-}" ]; then
    exec env -i HOME="\$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin QEMU_CPU="\$cpu" "\$wrap" chroot "\$root" /usr/bin/sh -c "\$SSH_ORIGINAL_COMMAND"
fi
exec env -i HOME="\$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot --userspec=+\$uid:+\$uid "\$root" /usr/bin/sh -c "\$SSH_ORIGINAL_COMMAND"
ENTER
chmod 755 "$scratch/enter"

ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/host"
ssh_opts="-F /dev/null -i $scratch/key -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=$scratch/known"
random_port() { echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 20000)); }
answers() { # PORT
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        # shellcheck disable=SC2086
        ! ssh $ssh_opts -p "$1" root@127.0.0.1 true 2>"$scratch/answers.log" || return 0
        sleep 0.2
    done
    return 1
}
# It insists on this directory; in a namespace of our own, /run is ours.
[ -z "$APART" ] || [ -z "$can_mount" ] || mount -t tmpfs none /run
[ -d /run/sshd ] || { mkdir -p /run/sshd && run_sshd=yes; }
# SHLVL keeps a bash that is root's login shell here from reading root's .bashrc, as it would for the first shell.
start_sshd() {
    for _ in 1 2 3 4 5; do
        sshd_port=$(random_port)
        cat >"$scratch/sshd_config" <<CONFIG
ListenAddress 127.0.0.1:$sshd_port
HostKey $scratch/host
AuthorizedKeysFile $scratch/key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
SetEnv SHLVL=9
ForceCommand $scratch/enter
CONFIG
        "$(command -v sshd)" -D -e -f "$scratch/sshd_config" >"$scratch/sshd.log" 2>&1 &
        servers="$servers $!"
        sshd_pid=$!
        ! answers "$sshd_port" || return 0
    done
    return 1
}

standin() { # VERSION NAME: a script that takes its bytes and says which it is
    {
        # shellcheck disable=SC2016
        printf '#!/usr/bin/sh\necho "gandi-ddns %s (%s)"\nexit\n' "$1" "$2"
        yes '# as many bytes as a program has' | head -c 300000
    } >"$scratch/dist/gandi-ddns-$1-$2"
}
# A static program of 64 bits whose --version works, or with ud2 (0f0b) at its start dies as one for another CPU does.
tiny_x86_64() { # VERSION [CODE]
    text=$(printf 'gandi-ddns %s\n' "$1" | od -An -v -tx1 | tr -d ' \n')
    code=${2:-}b801000000bf01000000488d3510000000ba110000000f05b83c00000031ff0f05
    [ -z "${2:-}" ] || code=${2}
    from_hex "7f454c460201010000000000000000000200""3e0001000000""7800400000000000""4000000000000000""0000000000000000""00000000""40003800010000000000""0000""01000000""05000000""0000000000000000""0000400000000000""0000400000000000""0010000000000000""0010000000000000""0010000000000000$code$text" \
        >"$scratch/dist/gandi-ddns-$1-x86_64"
}

target=root@127.0.0.1
# deploy [VARIABLE=VALUE]...: with what the machine offers, by the shell in $local_shell.
local_shell='sh'
deploy() {
    code=0
    # shellcheck disable=SC2086
    env PORT="$sshd_port" SSH_OPTS="$ssh_opts" DIST="$scratch/dist" "$@" \
        $local_shell scripts/deploy.sh "$target" >"$scratch/out" 2>&1 </dev/null || code=$?
}
bin=/usr/local/bin/gandi-ddns

standin 0.1.0 x86_64
new_machine debian bash
fake_crontab
start_sshd || { begin 'make deploy'; cp "$scratch/sshd.log" "$scratch/out"; wrong 'sshd does not answer'; end; total; }

fresh_and_upgrade() { # TITLE
    begin "$1: fresh"
    rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
    remember; deploy
    code_is 0; no_leftovers
    says "$bin: gandi-ddns 0.1.0 (x86_64), new there"
    says 'chmod 600 /etc/gandi-ddns/token'; says '    \*/15 \* \* \* \* /usr/local/bin/gandi-ddns$'
    cmp -s "$scratch/dist/gandi-ddns-0.1.0-x86_64" "$m$bin" || wrong 'not the same bytes'
    mode_is 755 "$m$bin"; mode_is 700 "$m/etc/gandi-ddns"; mode_is 600 "$m/etc/gandi-ddns/gandi-ddns.conf"
    cmp -s gandi-ddns.conf.example "$m/etc/gandi-ddns/gandi-ddns.conf" || wrong 'not the example config'
    changed_are ./etc/gandi-ddns ./etc/gandi-ddns/gandi-ddns.conf .$bin
    end

    begin "$1: upgrade; config, token and their modes stay"
    standin 0.2.0 x86_64; touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-x86_64"
    echo '# mine' >"$m/etc/gandi-ddns/gandi-ddns.conf"; chmod 640 "$m/etc/gandi-ddns/gandi-ddns.conf"
    echo secret >"$m/etc/gandi-ddns/token"; chmod 750 "$m/etc/gandi-ddns"
    remember; deploy
    code_is 0; no_leftovers; says "$bin: gandi-ddns 0.1.0 (x86_64) -> gandi-ddns 0.2.0 (x86_64)"
    says 'gandi-ddns.conf: left as it is'; says_not '^next'; changed_are .$bin
    end
}

local_shell=bash
fresh_and_upgrade 'Debian, bash'
new_machine raspios dash
fake_crontab
local_shell=dash
fresh_and_upgrade 'Raspberry Pi OS, dash'
if [ -n "$busybox" ]; then
    new_machine router ash
    mkdir -m 755 "$m/etc/crontabs"
    local_shell="$busybox ash"
    fresh_and_upgrade 'OpenWrt, ash'

    new_machine bare ash
    local_shell='sh'
    rm "$m/usr/bin/df" "$m/usr/bin/id" "$m/usr/bin/md5sum" "$m/usr/bin/sha256sum" "$m/usr/bin/sync" "$m/usr/bin/tail" "$m/usr/bin/wc"
    rm -r "${m:?}/usr/local"
    begin 'ash without df, id, md5sum, sha256sum, sync, tail, wc (nor od, getconf, mktemp, install anywhere here)'
    deploy
    code_is 0; no_leftovers; cmp -s "$scratch/dist/gandi-ddns-0.2.0-x86_64" "$m$bin" || wrong 'not the same bytes'
    end
else
    skip 'make deploy to ash' 'no busybox'
fi
local_shell='sh'

if have dropbear && [ -n "$busybox" ]; then
    new_machine dropbear ash
    for key in "$(command -v dropbear)" "$(command -v dropbearkey)"; do put dropbear "$key"; done
    mkdir -m 700 "$m/root/.ssh"
    cp "$scratch/key.pub" "$m/root/.ssh/authorized_keys"
    echo /usr/bin/sh >"$m/etc/shells"; echo 'root:*:20000::::::' >"$m/etc/shadow"
    mknod -m 666 "$m/dev/urandom" c 1 9
    chroot "$m" /usr/bin/dropbearkey -t ed25519 -f /etc/host >/dev/null 2>&1
    dropbear_port=$(random_port)
    chroot "$m" /usr/bin/dropbear -F -E -p "127.0.0.1:$dropbear_port" -r /etc/host -P /tmp/pid >"$scratch/dropbear.log" 2>&1 &
    servers="$servers $!"
    if answers "$dropbear_port"; then
        sshd_only=$sshd_port sshd_port=$dropbear_port
        fresh_and_upgrade 'dropbear, ash'
        if have dbclient; then
            begin 'dbclient instead of ssh'
            dropbearconvert openssh dropbear "$scratch/key" "$scratch/key.db" >/dev/null 2>&1 || wrong 'no key'
            standin 0.3.0 x86_64
            HOME=$scratch deploy SSH=dbclient SSH_OPTS="-y -i $scratch/key.db"
            code_is 0; says '0.2.0 (x86_64) -> gandi-ddns 0.3.0'; no_leftovers
            end
        fi
        sshd_port=$sshd_only
    else
        begin 'dropbear'; cat "$scratch/dropbear.log" "$scratch/answers.log" >"$scratch/out"; wrong 'it does not answer'; end
    fi
else
    skip 'dropbear' 'dropbear or busybox is not here, and apt has none'
fi

# ---------------------------------------------------------------- which build

new_machine board dash
fake_crontab
rm -f "$scratch/dist/"*
for name in armv5 armv6 armv7 armv7-soft arm64 x86_64; do standin 0.1.0 $name; done
picks() { # TITLE NAME UNAME HEADER FEATURES
    begin "$1: $2"
    hardware "$3" "$4" "$5"
    rm -f "$m$bin"
    deploy
    code_is 0; says "$target: $2, by gandi-ddns-0.1.0-$2\$"; says "gandi-ddns 0.1.0 ($2), new there"
    end
}
picks 'Pi Zero, whose cpuinfo looks like ARMv7' armv6 armv6l "$hard" "$v6"
picks '64-bit kernel over a 32-bit userland' armv7 aarch64 "$hard" "$v8"
picks '64-bit kernel and userland' arm64 aarch64 "$aarch64" "$v8"
picks 'CPU without VFP' armv7-soft armv7l "$soft" 'half thumb fastmult edsp tls'
picks 'ARMv5' armv5 armv5tel "$soft" 'swp half thumb fastmult edsp'

begin 'login script that prints, and a build of the same version by VERSION'
hardware aarch64 "$aarch64" "$v8"
standin 0.2.0 arm64; echo noise=yes >>"$scratch/login"
deploy VERSION=0.1.0
code_is 0; says 'by gandi-ddns-0.1.0-arm64$'; says "^$bin:"
log_in 0 /root
end

begin 'unknown architecture: mips'
hardware mips "$mips" ''
remember; deploy
code_is 78; one_line 1; says "^deploy: $target: unsupported architecture: mips"; unchanged
end

begin 'no such build in dist'
hardware armv6l "$hard" "$v6"; rm "$scratch/dist/gandi-ddns-0.1.0-armv6"
remember; deploy
code_is 66; one_line 1; says 'armv6 is missing: make dist TARGETS=armv6$'
deploy VERSION=9.9
code_is 66; one_line 1; says "$scratch/dist/gandi-ddns-9.9-armv6 is missing: make dist TARGETS=armv6\$"; unchanged
end

begin 'a build under the wrong name never leaves'
tiny_x86_64 0.1.0; mv "$scratch/dist/gandi-ddns-0.1.0-x86_64" "$scratch/dist/gandi-ddns-0.1.0-armv6"
deploy
code_is 66; says 'is not a program for armv6'; unchanged
end

# ---------------------------------------------------------------- what may go wrong

new_machine pc dash
fake_crontab
rm -f "$scratch/dist/"*
tiny_x86_64 0.1.0
begin 'a real static program'
deploy
code_is 0; says 'gandi-ddns 0.1.0, new there'; says '@reboot      /usr/local/bin/gandi-ddns$'
end

begin 'a program for another CPU does not replace the old one'
tiny_x86_64 0.2.0 0f0b; touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-x86_64"
remember; deploy
code_is 70; says 'does not run there (illegal instruction, so not for this CPU); nothing was replaced'; one_line 2
unchanged; is 'what is there' "$("$m$bin")" 'gandi-ddns 0.1.0'
end

begin 'another program does not replace the old one'
rm "$scratch/dist/gandi-ddns-0.2.0-x86_64"; printf '#!/usr/bin/sh\necho hello\n' >"$scratch/dist/gandi-ddns-0.2.0-x86_64"
deploy; code_is 70; unchanged
end

begin 'nobody listens there'
sshd_kept=$sshd_port sshd_port=1
deploy
code_is 69; one_line 1; says "^deploy: $target: cannot log in: .*Connection refused$"; unchanged
sshd_port=$sshd_kept
end

begin 'not our key'
ssh-keygen -q -t ed25519 -N '' -f "$scratch/other"
deploy SSH_OPTS="-F /dev/null -i $scratch/other -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=$scratch/known"
code_is 69; one_line 1; says 'cannot log in: .*Permission denied'; unchanged
end

begin 'no host, an option for a host, a blank in DEST'
target=''; deploy; code_is 64; one_line 1
target=-oProxyCommand=false; deploy; code_is 64; one_line 1
target=root@127.0.0.1; deploy DEST='/opt/a b'; code_is 64; one_line 1; unchanged
end

rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
begin 'a directory in the way'
mkdir -p "$m/opt/gandi-ddns"; remember; deploy DEST=/opt
code_is 73; says '/opt/gandi-ddns is a directory'; unchanged
end

if [ -n "$can_mount" ]; then
    begin 'no room: said before anything is sent, the old one stays'
    new_machine small dash
    mount -t tmpfs -o size=200k none "$m/usr/local/bin"
    printf '#!/usr/bin/sh\necho gandi-ddns 0.0.1\n' >"$m$bin"; chmod 755 "$m$bin"
    remember; deploy
    code_is 73; one_line 2; says 'no room in /usr/local/bin: 325 kB are needed beside the old program, 196 kB are free'; unchanged
    end

    begin 'no room, where df cannot tell: the copy fails, and goes away'
    rm "$m/usr/bin/df"; remember; deploy
    code_is 73; one_line 2; says 'cannot write in /usr/local/bin: it is full or read-only'; unchanged
    end

    begin 'read-only'
    mount -o remount,ro "$m/usr/local/bin"; deploy
    code_is 73; one_line 2; says 'full or read-only'; unchanged
    umount "$m/usr/local/bin"
    end
else
    skip 'no room' 'cannot mount a small file system here'
fi

# ---------------------------------------------------------------- who may

new_machine user dash
fake_crontab
log_in 1000 /home/pi
# The machine is the same for any user of the real one; the name is for what deploy.sh makes of it.
target=pi@127.0.0.1 ssh_opts="-o User=root $ssh_opts"
begin 'no root: both ways are named'
remember; deploy
code_is 77; one_line 1; says "needs root, and sudo is missing or wants a password: use HOST=root@127.0.0.1, or DEST=bin"; unchanged
end

begin 'no root, into the home directory'
deploy DEST=bin
code_is 0; says '/home/pi/bin/gandi-ddns: gandi-ddns 0.1.0 (x86_64), new there'; mode_is 700 "$m/home/pi/.config/gandi-ddns"
mode_is 600 "$m/home/pi/.config/gandi-ddns/gandi-ddns.conf"
holds "$m/home/pi/.config/gandi-ddns/gandi-ddns.conf" 'token_file = /home/pi/.config/gandi-ddns/token'
says '15 \* \* \* \* /home/pi/bin/gandi-ddns'; says 'in your crontab'; [ ! -e "$m/etc/gandi-ddns" ] || wrong 'touched /etc'
is owner "$(stat -c %u "$m/home/pi/bin/gandi-ddns")" 1000
# shellcheck disable=SC2088
deploy DEST='~/bin'; code_is 0; says '0.1.0 (x86_64) -> gandi-ddns 0.1.0'
end

begin 'sudo that wants no password is used'
put user "$(command -v setpriv)"; chmod u+s "$m/usr/bin/setpriv"
program user /usr/bin/sudo <<'SUDO'
#!/usr/bin/sh
[ "$1" = -n ] || exit 9
shift
exec /usr/bin/setpriv --reuid=0 --regid=0 --clear-groups -- "$@"
SUDO
deploy
code_is 0; mode_is 755 "$m$bin"; is owner "$(stat -c %u "$m$bin" "$m/etc/gandi-ddns" | tr '\n' ' ')" '0 0 '
mode_is 600 "$m/etc/gandi-ddns/gandi-ddns.conf"; no_leftovers
end
log_in 0 /root
target=root@127.0.0.1

# ---------------------------------------------------------------- interruptions

# A client that stops in the middle of the second command, which is the copy.
cat >"$scratch/slow-ssh" <<SLOW
#!/bin/sh
case \$* in *-V | *'-O exit'*) exec ssh "\$@" ;; esac
if [ ! -e "$scratch/second" ]; then : >"$scratch/second"; exec ssh "\$@"; fi
{ head -c 100000; [ -e "$scratch/short" ] || exec sleep 20; } | ssh "\$@"
SLOW
chmod 755 "$scratch/slow-ssh"
interrupted() { # TITLE WHAT-TO-DO
    begin "$1"
    rm -f "$scratch/second"; remember
    PORT=$sshd_port SSH_OPTS=$ssh_opts DIST=$scratch/dist SSH=$scratch/slow-ssh \
        setsid sh scripts/deploy.sh "$target" >"$scratch/out" 2>&1 </dev/null &
    client=$!
    tries=0
    until [ -n "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*' -size +16k)" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { wrong 'the copy never began'; break; }
        sleep 0.1
    done
    [ "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*')" != '' ] || wrong 'nothing to interrupt'
    $2
    code=0
    wait "$client" 2>/dev/null || code=$?
    tries=0
    while [ -n "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*')" ] && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    no_leftovers; unchanged
    is 'the old one' "$("$m$bin")" 'gandi-ddns 0.0.1'
    [ "$code" != 0 ] || wrong 'exit code 0'
    kill -KILL "-$client" 2>/dev/null || :
    end
}
# shellcheck disable=SC2317  # by name
end_client() { kill -TERM "-$client"; }
# shellcheck disable=SC2317,SC2013  # by name; numbers only
drop_connection() {
    # The children of our sshd, one a connection; theirs, where it parts with privileges, go with them.
    for child in $(cat /proc/"$sshd_pid"/task/*/children); do kill -KILL "$child"; done
    sleep 0.3
    kill -TERM "-$client" 2>/dev/null || :
}
for kind in bash dash ash; do
    [ "$kind" != ash ] || [ -n "$busybox" ] || continue
    new_machine "broken-$kind" $kind
    printf '#!/bin/sh\necho gandi-ddns 0.0.1\n' >"$m$bin"; chmod 755 "$m$bin"
    interrupted "interrupted by the user, $kind" end_client
    interrupted "the connection breaks, $kind" drop_connection
    begin "the copy comes short, $kind"
    : >"$scratch/short"; rm -f "$scratch/second"; remember
    deploy SSH="$scratch/slow-ssh"
    rm "$scratch/short"
    code_is 74; one_line 2; says 'the copy broke off after [0-9]* of 300[0-9]* bytes; nothing was replaced'; unchanged
    end
done

begin 'what a power cut left behind goes away; a damaged copy is noticed'
printf x >"$m/usr/local/bin/.gandi-ddns.new.4711"
# Same length, other bytes: only the sum can tell.
cat >"$scratch/bad-ssh" <<'BAD'
#!/bin/sh
case $* in *-V | *'-O exit'*) exec ssh "$@" ;; esac
sed 's/^# as many bytes/# AS MANY BYTES/' | ssh "$@"
BAD
chmod 755 "$scratch/bad-ssh"
deploy SSH="$scratch/bad-ssh"
code_is 74; says 'another SHA-256; nothing was replaced'; no_leftovers
rm "$m/usr/bin/sha256sum"; deploy SSH="$scratch/bad-ssh"; code_is 74; says 'another MD5'; no_leftovers
end

# ---------------------------------------------------------------- cron

# With a terminal, as make deploy has one.
at_terminal() { # ANSWER
    code=0
    printf '%s\n' "$1" | PORT=$sshd_port SSH_OPTS=$ssh_opts DIST=$scratch/dist ASK=${ASK:-} \
        script -qec "sh scripts/deploy.sh $target" /dev/null >"$scratch/out" 2>&1 || code=$?
}
have script || skip 'cron with a terminal' 'script(1) is not here'
if have script; then
    new_machine cron-debian dash
    fake_crontab
    begin 'cron, crontab(1): n, and ASK=no, add nothing'
    at_terminal n; code_is 0; says 'y/N'; [ ! -e "$m/root/table" ] || wrong 'added'
    ASK=no at_terminal y; code_is 0; says_not 'y/N'; says '15 \* \* \* \*'; [ ! -e "$m/root/table" ] || wrong 'added'
    end

    begin 'cron, crontab(1): y adds two lines, once'
    at_terminal y; code_is 0; says 'cron: added'
    is table "$(cat "$m/root/table")" "@reboot      $bin
*/15 * * * * $bin"
    at_terminal y; code_is 0; says "runs it already: @reboot      $bin"; says_not 'y/N'; count_is 2 gandi-ddns "$m/root/table"
    end

    begin 'cron, crontab(1): other lines stay; comments and other programs are not ours'
    printf '# */15 * * * * /usr/local/bin/gandi-ddns\nMAILTO=me\n0 4 * * * /opt/gandi-ddns/update.py\n' >"$m/root/table"
    cp "$m/root/table" "$scratch/table"
    at_terminal y; code_is 0; says 'cron: added'; head -n 3 "$m/root/table" | cmp -s - "$scratch/table" || wrong 'other lines changed'
    count_is 5 '' "$m/root/table"
    end

    begin 'cron, crontab(1): a table that cannot be read is not replaced'
    cp "$scratch/table" "$m/root/table"; : >"$m/etc/crontab-broken"
    at_terminal y; code_is 73; says 'nothing was added'; cmp -s "$m/root/table" "$scratch/table" || wrong 'replaced'
    rm "$m/etc/crontab-broken"
    end

    begin 'cron: a line in /etc/cron.d counts'
    rm "$m/root/table"; mkdir "$m/etc/cron.d"; echo "*/5 * * * * root $bin -q" >"$m/etc/cron.d/ddns"
    at_terminal y; code_is 0; says 'runs it already: \*/5'; [ ! -e "$m/root/table" ] || wrong 'added'
    end

    begin 'cron: none there'
    new_machine cron-none dash
    at_terminal y; code_is 0; says_not 'y/N'; says '15 \* \* \* \*'
    end

    if [ -n "$busybox" ]; then
        begin 'cron, OpenWrt: /etc/crontabs/root, no @reboot, crond started; once; sysupgrade named'
        new_machine cron-router ash
        mkdir "$m/etc/crontabs" "$m/etc/init.d"; : >"$m/etc/sysupgrade.conf"
        # shellcheck disable=SC2016
        printf '#!/usr/bin/sh\necho "$1" >>/root/cron-was\n' | program cron-router /etc/init.d/cron
        printf '5 5 * * * /bin/true' >"$m/etc/crontabs/root"
        at_terminal y; code_is 0; says 'cron: added'; says 'sysupgrade'
        is table "$(cat "$m/etc/crontabs/root")" "5 5 * * * /bin/true
*/15 * * * * $bin"
        holds "$m/root/cron-was" restart
        at_terminal y; code_is 0; says 'runs it already'; count_is 1 gandi-ddns "$m/etc/crontabs/root"
        end

        # Of Debian's two, only the static one has the applet.
        unpacked busybox-static
        crontab=
        for static in "$scratch/busybox-static/bin/busybox" "$scratch/busybox-static/usr/bin/busybox" "$(command -v busybox)"; do
            ! "$static" --list 2>/dev/null | grep -q '^crontab$' || crontab=$static
        done
        if [ -n "$crontab" ]; then
            begin "cron, busybox's crontab: no @reboot; once"
            new_machine cron-busybox ash
            put cron-busybox "$crontab" /usr/bin/crontab; mkdir -p "$m/var/spool/cron/crontabs"
            at_terminal y; code_is 0; says 'cron: added'
            is table "$(cat "$m/var/spool/cron/crontabs/root" 2>/dev/null)" "*/15 * * * * $bin"
            at_terminal y; says 'runs it already'; count_is 1 gandi-ddns "$m/var/spool/cron/crontabs/root"
            end
        else
            skip "busybox's crontab" 'no busybox with that applet, and apt has none'
        fi
    fi
fi

# ---------------------------------------------------------------- ARM, by qemu

# A kernel from 6.7 on has binfmt_misc per user namespace: registering there changes nothing for anybody else.
cat >"$scratch/with-arm" <<'WITH'
#!/bin/sh
exec unshare --user --map-root-user --mount /bin/sh -c '
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
    printf %s ":arm:M::\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$(command -v qemu-arm-static):F" >/proc/sys/fs/binfmt_misc/register &&
    exec "$@"' sh "$@"
WITH
chmod 755 "$scratch/with-arm"
tiny_arm() { # VERSION [INSTRUCTION FIRST]
    text=$(printf 'gandi-ddns %s\n' "$1" | od -An -v -tx1 | tr -d ' \n')
    from_hex "7f454c460101010000000000000000000200""280001000000""54000100""34000000""00000000""00040005""3400200001000000""00000000""01000000""00000000""00000100""00000100""00100000""00100000""05000000""00100000${2:-}""0470a0e3""0100a0e3""10108fe2""1120a0e3""000000ef""0170a0e3""0000a0e3""000000ef$text" \
        >"$scratch/dist/gandi-ddns-$1-armv6"
}
if ! have qemu-arm-static; then
    skip 'an ARM program' 'qemu-arm-static is not here'
elif ! "$scratch/with-arm" true 2>/dev/null; then
    skip 'an ARM program' "this kernel's binfmt_misc is not per user namespace"
else
    new_machine zero dash
    hardware armv6l "$hard" "$v6"
    echo "wrap=$scratch/with-arm cpu=arm1176" >>"$scratch/login"
    rm -f "$scratch/dist/"*
    tiny_arm 0.1.0
    begin 'an ARMv6 program on an emulated ARM1176'
    deploy
    code_is 0; says 'gandi-ddns 0.1.0, new there'; no_leftovers
    end
    begin 'an ARMv7 program on an emulated ARM1176 does not replace it'
    touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-armv6"
    tiny_arm 0.2.0 010000e3
    remember; deploy
    code_is 70; says 'illegal instruction, so not for this CPU'; unchanged
    # The same program where it belongs, which proves that it was the CPU.
    sed -i 's/cpu=arm1176/cpu=cortex-a7/' "$scratch/login"
    deploy
    code_is 0; says '0.1.0 -> gandi-ddns 0.2.0'
    end
fi

# ---------------------------------------------------------------- by make

new_machine by-make bash
fake_crontab
rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
begin 'make deploy HOST= PORT= SSH_OPTS= DEST= ASK='
DIST=$scratch/dist made deploy HOST="$target" PORT="$sshd_port" SSH_OPTS="$ssh_opts" DEST=/opt/bin ASK=no
code_is 0; says '/opt/bin/gandi-ddns: gandi-ddns 0.1.0 (x86_64), new there'; mode_is 755 "$m/opt/bin/gandi-ddns"
made deploy
code_is 2; says 'make deploy HOST=pi@raspberrypi'
end

total
