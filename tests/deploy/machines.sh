# shellcheck shell=sh
# The test machines: chroots that contain only the tools of such a machine, behind real servers.

# shellcheck source=tests/deploy/chroots.sh
. tests/deploy/chroots.sh
find_busybox
have() { command -v "$1" >/dev/null; }

for shell in bash dash "$busybox ash"; do
    [ "$shell" != ' ash' ] || { skip 'architecture table under ash' 'busybox is not installed, and apt has none'; continue; }
    have "${shell%% *}" || { skip "architecture table under $shell" 'it is not installed'; continue; }
    begin "architecture table under ${shell##*/}"
    $shell tests/deploy.sh units >"$scratch/out" 2>&1 || wrong 'see below'
    end
done

[ "$(id -u)" = 0 ] || { skip 'make deploy' 'requires root, for chroots and sshd'; total; }
[ "$(uname -m)" = x86_64 ] || { skip 'make deploy' 'its stand-ins are for x86_64'; total; }
have sshd || { begin 'make deploy'; wrong 'sshd is missing, and apt could not install it'; end; total; }

# new_machine NAME bash|dash|ash: creates a machine with that shell and a fixed set of tools.
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
# log_in UID HOME: sets the user of all following logins.
log_in() { echo "root=$scratch/$machine uid=$1 home=$2" >"$scratch/login"; }
# hardware UNAME HEADER FEATURES: imitates other hardware. deploy.sh reads the header of /bin/sh; the login shell is
# /usr/bin/sh.
hardware() {
    printf '#!/usr/bin/sh\necho %s\n' "$1" | program "$machine" /usr/bin/uname
    from_hex "$2" | program "$machine" /bin/sh
    printf 'processor\t: 0\nmodel name\t: x\nFeatures\t: %s\n\n' "$3" >"$scratch/$machine/proc/cpuinfo"
}
# fake_crontab: installs a crontab(1) that, like Debian's, reports a missing table and replaces the whole table.
fake_crontab() {
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

# sshd runs this for every login; it starts the login shell of the machine.
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
# sshd requires /run/sshd; in its own mount namespace this test has its own /run.
[ -z "$APART" ] || [ -z "$can_mount" ] || mount -t tmpfs none /run
[ -d /run/sshd ] || { mkdir -p /run/sshd && run_sshd=yes; }
# SHLVL keeps bash, if it is root's login shell here, from reading root's .bashrc as it does in a first shell.
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

# start_dropbear: starts it in the machine, without an sftp-server, on $dropbear_port.
start_dropbear() {
    for key in "$(command -v dropbear)" "$(command -v dropbearkey)"; do put "$machine" "$key"; done
    mkdir -m 700 "$m/root/.ssh"
    cp "$scratch/key.pub" "$m/root/.ssh/authorized_keys"
    echo /usr/bin/sh >"$m/etc/shells"; echo 'root:*:20000::::::' >"$m/etc/shadow"
    mknod -m 666 "$m/dev/urandom" c 1 9
    chroot "$m" /usr/bin/dropbearkey -t ed25519 -f /etc/host >/dev/null 2>&1
    dropbear_port=$(random_port)
    chroot "$m" /usr/bin/dropbear -F -E -p "127.0.0.1:$dropbear_port" -r /etc/host -P /tmp/pid >"$scratch/dropbear.log" 2>&1 &
    servers="$servers $!"
}

# standin VERSION NAME: writes a script of the size of a program that prints its version and name.
standin() {
    {
        # shellcheck disable=SC2016
        printf '#!/usr/bin/sh\necho "gandi-ddns %s (%s)"\nexit\n' "$1" "$2"
        yes '# as many bytes as a program has' | head -c 300000
    } >"$scratch/dist/gandi-ddns-$1-$2"
}
# tiny_x86_64 VERSION [CODE]: writes a static 64-bit program that prints its version. With CODE ud2 (0f0b) it ends with
# an illegal instruction, like a program for another CPU.
tiny_x86_64() {
    text=$(printf 'gandi-ddns %s\n' "$1" | od -An -v -tx1 | tr -d ' \n')
    code=${2:-}b801000000bf01000000488d3510000000ba110000000f05b83c00000031ff0f05
    [ -z "${2:-}" ] || code=${2}
    from_hex "7f454c460201010000000000000000000200""3e0001000000""7800400000000000""4000000000000000""0000000000000000""00000000""40003800010000000000""0000""01000000""05000000""0000000000000000""0000400000000000""0000400000000000""0010000000000000""0010000000000000""0010000000000000$code$text" \
        >"$scratch/dist/gandi-ddns-$1-x86_64"
}

target=root@127.0.0.1
# deploy [VARIABLE=VALUE]...: runs deploy.sh under the shell in $local_shell.
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
