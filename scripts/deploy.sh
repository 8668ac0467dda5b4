#!/bin/sh
# Puts the build that fits onto a machine that ssh reaches, beside the old one and then over it, and changes nothing
# else there but what it says. No secret travels: the token is for its owner to put there.
#
#   scripts/deploy.sh [USER@]HOST          (or: make deploy HOST=[USER@]HOST)
#
#   PORT, SSH_OPTS   for ssh             DEST       directory there (default /usr/local/bin; a relative one, or ~/...,
#   ASK=no           ask nothing                    is below the home directory and needs no root)
#   MINUTE=7         past the quarter, for the cron line (default: one that HOST decides)
#   DIST             where the builds are (dist)    VERSION    which one (default: the newest in DIST)
#
# Exit: 64 usage, 66 no such build in DIST, 69 no connection, 70 the copy does not run there, 73 no room or cannot
# write, 74 the copy broke off, 77 no root, 78 unsupported architecture.
set -eu

here=$(dirname "$0")
# shellcheck source=scripts/deploy-arch.sh
. "$here/deploy-arch.sh"

HOST=${1:-} PORT=${PORT:-} DEST=${DEST:-/usr/local/bin} SSH=${SSH:-ssh} SSH_OPTS=${SSH_OPTS:-} ASK=${ASK:-}
DIST=${DIST:-dist} VERSION=${VERSION:-}

say() { printf '%s\n' "$*"; }
die() { # CODE MESSAGE
    code=$1
    shift
    printf 'deploy: %s\n' "$*" >&2
    exit "$code"
}
# A value as a word of the scripts that run there.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

case $HOST in
    '') die 64 'which machine? make deploy HOST=pi@raspberrypi' ;;
    -* | *[[:space:]]*) die 64 "not a host: $HOST" ;;
esac
case $PORT in *[!0-9]*) die 64 "not a port: $PORT" ;; esac
# It will stand in a crontab, where blanks and % mean something.
case $DEST in *[!A-Za-z0-9/._+~-]*) die 64 "DEST may hold letters, digits and / . _ + - only: $DEST" ;; esac

work=$(mktemp -d)
finish() {
    [ ! -e "$work/s" ] || $ssh -O exit "$HOST" 2>/dev/null || :
    rm -rf "$work"
}
ssh="$SSH -T ${PORT:+-p $PORT} $SSH_OPTS"
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# One connection, hence one password to type, where the client can share it. Others (dbclient) connect anew.
case $($SSH -V 2>&1 </dev/null) in
    OpenSSH*)
        ssh="$ssh -o ConnectTimeout=15 -o ControlMaster=auto -o ControlPersist=60 -o ControlPath=$work/s" ;;
esac

as_root=
# on_host SCRIPT [FILE]: runs SCRIPT there with FILE as its input; what it says goes to $work/said. Both travel on the
# one stream: dropbear limits the length of a command, and neither sftp nor a place for a script can be relied on.
# `dd bs=1` because shells may read ahead. Each script is a function called in its last line, so that half of it does
# nothing.
on_host() {
    cat "$@" | $ssh "$HOST" \
        "exec $as_root sh -c 'eval \"\$(dd bs=1 count=$(($(wc -c <"$1"))) 2>/dev/null)\"'" >"$work/said" 2>"$work/err"
}
# What it said about NAME: on a line of its own with @ before it, to tell it from what a login script may print.
told() { LC_ALL=C sed -n "s/^@$1=//p" "$work/said"; }
# complain CODE WHAT: after on_host came back with CODE.
complain() {
    reason=$(told error)
    [ -n "$reason" ] || reason="$2: $(tail -n 1 "$work/err" | tr -d '\r')"
    case $1 in
        6[0-9] | 7[0-9]) die "$1" "$HOST: $reason" ;;
        *) die "$3" "$HOST: $reason" ;;
    esac
}

# --- 1. what machine is it?
{
    echo "dest=$(quoted "$DEST")"
    cat <<'THERE'
main() {
    case $dest in
        /*) ;;
        '~/'*) dest=$HOME/${dest#??} ;;
        *) dest=$HOME/$dest ;;
    esac
    uid=$(id -u 2>/dev/null) || { uid=1; [ ! -w /etc ] || uid=0; }
    echo
    echo "@dest=${dest%/}"
    echo "@home=$HOME"
    echo "@uid=$uid"
    ! sudo -n sh -c : >/dev/null 2>&1 </dev/null || echo @sudo=yes
    echo "@uname=$(uname -m 2>/dev/null)"
    while IFS= read -r line; do
        case $line in Features*) echo "@cpu=$line" ;; esac
    done 2>/dev/null </proc/cpuinfo
    # Raw, since od and hexdump may be missing there.
    echo @elf
    dd if=/bin/sh bs=64 count=1 2>/dev/null || dd if=/proc/$$/exe bs=64 count=1 2>/dev/null
}
main
THERE
} >"$work/probe"
code=0
on_host "$work/probe" || code=$?
[ "$code" = 0 ] || [ -n "$(told dest)" ] || complain 69 "cannot log in" 69
dest=$(told dest) home=$(told home) uname=$(told uname)
[ -n "$dest" ] || die 69 "$HOST: the login shell there did not run a command as sh would"
elf=$(od -An -v -tx1 "$work/said" | tr -s ' \n' ' ')
elf=$(printf %s "${elf##* 40 65 6c 66 0a}" | tr -d ' ' | cut -c1-128)

name=$(target_name "$uname" "$elf" "$(told cpu)") ||
    die 78 "$HOST: unsupported architecture: ${uname:-unknown} (there are builds for ARM from ARMv5 on and for x86_64)"

# A directory of one's own needs no root, and nothing of root's should be in it.
conf_dir=/etc/gandi-ddns whose="root's"
if [ "$(told uid)" != 0 ]; then
    case $dest/ in
        "${home:-/nowhere}"/*) conf_dir=$home/.config/gandi-ddns whose="your" ;;
        *)
            [ "$(told sudo)" = yes ] || die 77 "$HOST: writing to $dest needs root, and sudo is missing or wants a" \
                "password: use HOST=root@${HOST#*@}, or DEST=bin to install for this user alone"
            as_root='sudo -n' ;;
    esac
fi

# --- 2. which build?
if [ -n "$VERSION" ]; then
    file=$DIST/gandi-ddns-$VERSION-$name
else
    # By time, since sort -V is not everywhere. The names are ours, without blanks.
    # shellcheck disable=SC2012
    file=$(ls -t "$DIST"/gandi-ddns-*-"$name" 2>/dev/null | head -n 1)
fi
[ -f "$file" ] || die 66 "${file:-$DIST/gandi-ddns-*-$name} is missing: make dist TARGETS=$name"
# A build under the wrong name must not get there: ash and dash take what the kernel does not know for a script.
case $(elf_arch "$(od -An -v -tx1 -N64 "$file" | tr -d ' \n')"):$name in
    :* | arm:armv* | arm64:arm64 | x86_64:x86_64) ;;
    *) die 66 "$file is not a program for $name: make dist TARGETS=$name" ;;
esac
say "$HOST: $name, by $(basename "$file")"

# --- 3. put it there
sha256=$({ sha256sum "$file" || shasum -a 256 "$file" || :; } 2>/dev/null | cut -d ' ' -f 1)
md5=$({ md5sum "$file" || md5 -r "$file" || :; } 2>/dev/null | cut -d ' ' -f 1)
{
    echo "dest=$(quoted "$dest") conf_dir=$(quoted "$conf_dir") size=$(($(wc -c <"$file"))) sha256=$sha256 md5=$md5"
    # The example speaks of /etc; a user's own install has its token elsewhere.
    echo "example=$(quoted "$(sed "s|/etc/gandi-ddns|$conf_dir|g" "$here/../gandi-ddns.conf.example")")"
    cat <<'THERE'
fail() { # CODE MESSAGE
    echo "@error=$2"
    exit "$1"
}
main() {
    echo
    umask 022
    new=$dest/.gandi-ddns.new.$$ conf=$conf_dir/gandi-ddns.conf made=
    trap 'rm -f "$new" "$conf.new.$$"; [ -z "$made" ] || rmdir "$dest" 2>/dev/null' EXIT
    trap 'exit 74' HUP INT TERM PIPE
    [ ! -d "$dest/gandi-ddns" ] || fail 73 "$dest/gandi-ddns is a directory"
    # What a power cut left behind would take the room for good.
    for file in "$dest"/.gandi-ddns.new.*; do
        [ -d "/proc/${file##*.}" ] || rm -f "$file"
    done

    # The available kB stand before the percentage, however df breaks its lines.
    dir=$dest free='' before=''
    while [ ! -d "$dir" ]; do dir=${dir%/*} dir=${dir:-/}; done
    set -f
    for word in $(df -k "$dir" 2>/dev/null); do
        case $word in [0-9]*%) free=$before && break ;; esac
        before=$word
    done
    set +f
    case $free in *[!0-9]*) free='' ;; esac
    need=$((size / 1024 + 32))
    [ "${free:-$need}" -ge "$need" ] ||
        fail 73 "no room in $dest: $need kB are needed beside the old program, $free kB are free"

    [ -d "$dest" ] || { made=yes && mkdir -p "$dest" 2>/dev/null; } || fail 73 "cannot make the directory $dest"
    { cat >"$new"; } 2>/dev/null || fail 73 "cannot write in $dest: it is full or read-only"
    have=$(wc -c <"$new" 2>/dev/null) || { set -- $(ls -ln "$new") && have=$5; }
    [ $((have)) = "$size" ] || fail 74 "the copy broke off after $((have)) of $size bytes; nothing was replaced"
    if [ -n "$sha256" ] && sum=$(sha256sum "$new" 2>/dev/null); then
        [ "${sum%% *}" = "$sha256" ] || fail 74 "the copy has another SHA-256; nothing was replaced"
    elif [ -n "$md5" ] && sum=$(md5sum "$new" 2>/dev/null); then
        [ "${sum%% *}" = "$md5" ] || fail 74 "the copy has another MD5; nothing was replaced"
    fi

    chmod 755 "$new" || fail 73 "cannot make the copy in $dest executable"
    # Before it replaces one that works.
    version=$("$new" --version 2>/dev/null </dev/null) && code=0 || code=$?
    case $code:$version in
        0:gandi-ddns\ *) ;;
        132:*) fail 70 "the copy does not run there (illegal instruction, so not for this CPU); nothing was replaced" ;;
        *) fail 70 "the copy does not run there (exit code $code); nothing was replaced" ;;
    esac
    [ ! -f "$dest/gandi-ddns" ] || echo "@old=$("$dest/gandi-ddns" --version 2>/dev/null </dev/null | head -n 1)"

    if [ -e "$conf" ] || [ -L "$conf" ]; then
        echo @config=kept
    else
        umask 077
        [ -d "$conf_dir" ] || mkdir -p "$conf_dir" 2>/dev/null || fail 73 "cannot make the directory $conf_dir"
        { printf '%s\n' "$example" >"$conf.new.$$" && mv -f "$conf.new.$$" "$conf"; } 2>/dev/null ||
            fail 73 "cannot write $conf; the program was not replaced"
        echo @config=new
    fi
    # The bytes first, then the name: a power cut must leave the old program or the new one.
    sync 2>/dev/null
    mv -f "$new" "$dest/gandi-ddns" || fail 73 "cannot replace $dest/gandi-ddns"
    echo "@new=$version"
    [ -e "$conf_dir/token" ] || ! grep -q "^token_file.*$conf_dir/token" "$conf" || echo @token=missing
    [ ! -e /etc/sysupgrade.conf ] || grep -q gandi-ddns /etc/sysupgrade.conf || echo @sysupgrade=yes

    # Which cron is there, and does it know us already?
    crontab_file=/etc/crontabs/root
    if [ -w /etc/crontabs ]; then
        echo @cron=file
    elif command -v crontab >/dev/null 2>&1; then
        case $(crontab --help 2>&1 </dev/null) in *BusyBox*) echo @cron=busybox ;; *) echo @cron=crontab ;; esac
    fi
    { crontab -l; cat "$crontab_file" /etc/crontab /etc/cron.d/*; } 2>/dev/null </dev/null |
        grep -v '^[[:blank:]]*#' | grep -E 'gandi-ddns([][:blank:];&|>[]|$)' | sed 's/^/@runs=/;q'
    [ ! -e /etc/systemd/system/timers.target.wants/gandi-ddns.timer ] || echo @runs=gandi-ddns.timer
    exit 0
}
main
THERE
} >"$work/install"
code=0
on_host "$work/install" "$file" || code=$?
if [ "$code" != 0 ] || [ -z "$(told new)" ]; then
    complain "$code" "the connection broke off; run it again" 74
fi

old=$(told old) new=$(told new) cron=$(told cron) runs=$(told runs | head -n 1) config=$(told config)
token=$(told token) sysupgrade=$(told sysupgrade)
if LC_ALL=C grep -q '^@old=' "$work/said"; then
    say "$dest/gandi-ddns: ${old:-something that does not run} -> $new"
else
    say "$dest/gandi-ddns: $new, new there"
fi
case $config in
    new) say "$conf_dir/gandi-ddns.conf: the example, mode 0600" ;;
    *) say "$conf_dir/gandi-ddns.conf: left as it is" ;;
esac

# --- 4. offer the cron lines
# A minute of its own for each machine: at the full hour everybody comes.
minute=${MINUTE:-$(($(printf %s "$HOST" | cksum | cut -d ' ' -f 1) % 14 + 1))}
lines="$minute-59/15 * * * * $dest/gandi-ddns --splay 60"
# busybox's crond has no @reboot, and would complain about it at each start.
[ "$cron" != crontab ] || lines="@reboot      $dest/gandi-ddns --wait 600
$lines"
answer=
if [ -n "$runs" ]; then
    say "cron: runs it already: $runs"
else
    say "cron: to run it every quarter of an hour, in $whose crontab:"
    say "$lines" | sed 's/^/    /'
    if [ -n "$cron" ] && [ "$ASK" != no ] && [ -t 0 ] && [ -t 1 ]; then
        printf 'Add that to the crontab now? [y/N] '
        read -r answer || :
    fi
fi
case $answer in [yY] | [yY][eE][sS])
    {
        echo "cron=$cron lines=$(quoted "$lines")"
        cat <<'THERE'
main() {
    echo
    if [ "$cron" = file ]; then
        umask 077
        table=/etc/crontabs/root
        { [ -z "$(tail -c 1 "$table" 2>/dev/null)" ] || echo >>"$table"; printf '%s\n' "$lines" >>"$table"; } ||
            exit 73
        # OpenWrt's crond does not run while there is no table, and looks at changed ones once an hour.
        if [ -x /etc/init.d/cron ]; then
            /etc/init.d/cron restart
        else
            echo root >>/etc/crontabs/cron.update
        fi >/dev/null 2>&1
    else
        # A table that cannot be read must not be replaced by ours.
        table=$(LC_ALL=C crontab -l 2>&1) && table="$table
" || case $table in
            *'no crontab for'* | *'No such file'*) table= ;;
            *) echo "@error=crontab -l failed, so nothing was added: $table"; exit 73 ;;
        esac
        printf '%s%s\n' "$table" "$lines" | crontab - || exit 73
    fi
    exit 0
}
main
THERE
    } >"$work/cron"
    code=0
    on_host "$work/cron" || code=$?
    [ "$code" = 0 ] || complain "$code" 'could not write the crontab' 73
    say 'cron: added' ;;
esac

# --- 5. what is left to do
if [ "$config" = new ] || [ "$token" = missing ]; then
    say "next, on $HOST:"
    [ "$config" != new ] || say "  put your domain into $conf_dir/gandi-ddns.conf"
    [ "$token" != missing ] || say "  put the token, alone, into $conf_dir/token, and: chmod 600 $conf_dir/token"
    say "  see what a run would do: $dest/gandi-ddns -nv"
    [ "$sysupgrade" != yes ] ||
        say "  to keep them over a sysupgrade, add $dest/gandi-ddns and $conf_dir/ to /etc/sysupgrade.conf"
fi
