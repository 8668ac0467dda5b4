#!/bin/sh
# Installs the matching build on a machine over ssh: copies it beside the old program, tests it there, and renames it
# into place. Changes nothing else there without saying so, and never reads or copies a token. On OpenWrt it installs the
# package instead, if DIST has one (make ipk, make apk) and DEST is not set.
#
#   scripts/deploy.sh [USER@]HOST          (or: make deploy HOST=[USER@]HOST)
#
#   PORT, SSH_OPTS   for ssh             DEST       directory there (default: /usr/local/bin; a relative path or ~/...
#   ASK=no           no questions                   is below the home directory and needs no root)
#   MINUTE=2         first minute of the cron line, from 0 to 4 (default: derived from HOST)
#   DIST             directory of the builds (default: dist)     VERSION    default: the newest in DIST
#
# The programs that run on the other machine are in scripts/deploy/.
#
# Exit codes: 64 usage, 66 no such build in DIST, 69 no connection, 70 the new program does not run there, 73 not
# enough space or cannot write, 74 the transfer was interrupted, 77 no root, 78 unsupported architecture.
set -eu

here=$(dirname "$0")
# shellcheck source=scripts/deploy-arch.sh
. "$here/deploy-arch.sh"

HOST=${1:-} PORT=${PORT:-} DEST=${DEST:-} SSH=${SSH:-ssh} SSH_OPTS=${SSH_OPTS:-} ASK=${ASK:-}
DIST=${DIST:-dist} VERSION=${VERSION:-}
as_root=''

say() { printf '%s\n' "$*"; }
die() { # CODE MESSAGE
    code=$1
    shift
    printf 'deploy: %s\n' "$*" >&2
    exit "$code"
}

check_arguments() {
    case $HOST in
        '') die 64 'which machine? make deploy HOST=pi@raspberrypi' ;;
        -* | *[[:space:]]*) die 64 "invalid host: $HOST" ;;
    esac
    case $PORT in *[!0-9]*) die 64 "invalid port: $PORT" ;; esac
    # DEST becomes part of a crontab line, in which spaces and % have a meaning.
    case $DEST in *[!A-Za-z0-9/._+~-]*) die 64 "DEST may only contain letters, digits and / . _ + - ~: $DEST" ;; esac
}

# --- running scripts on the other machine

finish() {
    [ ! -e "$work/s" ] || $ssh -O exit "$HOST" 2>/dev/null || :
    rm -rf "$work"
}

# prepare_ssh: sets ssh, the command. OpenSSH shares one connection, so that a password is typed once; other clients
# (dbclient) connect for each script.
prepare_ssh() {
    ssh="$SSH -T ${PORT:+-p $PORT} $SSH_OPTS"
    case $($SSH -V 2>&1 </dev/null) in
        OpenSSH*)
            ssh="$ssh -o ConnectTimeout=15 -o ControlMaster=auto -o ControlPersist=60 -o ControlPath=$work/s" ;;
    esac
}

# with_arguments SCRIPT ARGUMENT...: writes $work/script, which sets the arguments and then is scripts/deploy/SCRIPT.sh,
# after receive.sh if it needs that.
with_arguments() {
    script=$here/deploy/$1.sh receive=''
    case $1 in install | package) receive=$here/deploy/receive.sh ;; esac
    shift
    {
        printf 'set --'
        for argument in "$@"; do printf " '%s'" "$(printf %s "$argument" | sed "s/'/'\\\\''/g")"; done
        echo
        cat ${receive:+"$receive"} "$script"
    } >"$work/script"
}

# on_host [FILE]: runs $work/script there with FILE as its input; its output goes to $work/answer.
# Both travel on one stream: dropbear limits the length of a command, and the machine may have no sftp and no directory
# for a script. `dd bs=1`, because a shell may read ahead. Each script calls its main function in the last line, so an
# incomplete script does nothing.
on_host() {
    cat "$work/script" "$@" | $ssh "$HOST" \
        "exec $as_root sh -c 'eval \"\$(dd bs=1 count=$(($(wc -c <"$work/script"))) 2>/dev/null)\"'" \
        >"$work/answer" 2>"$work/err"
}

# answer NAME: prints the value of the line "@NAME=VALUE". Other lines may come from a login script.
answer() { LC_ALL=C sed -n "s/^@$1=//p" "$work/answer"; }

# host_failed CODE TEXT DEFAULT: reports the error of a script that ended with CODE, and exits. TEXT describes a failure
# without a message of its own; DEFAULT is the exit code if CODE is not from 60 to 79.
host_failed() {
    reason=$(answer error)
    [ -n "$reason" ] || reason="$2: $(tail -n 1 "$work/err" | tr -d '\r')"
    case $1 in
        6[0-9] | 7[0-9]) die "$1" "$HOST: $reason" ;;
        *) die "$3" "$HOST: $reason" ;;
    esac
}

# --- the steps

# probe_machine: sets name (the target), dest, conf_dir, whose (crontab) and as_root; on OpenWrt arch and manager.
probe_machine() {
    code=0
    with_arguments probe "${DEST:-/usr/local/bin}"
    on_host || code=$?
    [ "$code" = 0 ] || [ -n "$(answer dest)" ] || host_failed 69 "cannot log in" 69
    dest=$(answer dest) home=$(answer home) uname=$(answer uname)
    [ -n "$dest" ] || die 69 "$HOST: the login shell there is not compatible with sh"
    elf=$(od -An -v -tx1 "$work/answer" | tr -s ' \n' ' ')
    # The bytes after the line "@elf".
    elf=$(printf %s "${elf##* 40 65 6c 66 0a}" | tr -d ' ' | cut -c1-128)
    name=$(target_name "$uname" "$elf" "$(answer cpu)") ||
        die 78 "$HOST: unsupported architecture: ${uname:-unknown} (supported: ARM from ARMv5 on, x86_64, x86 with" \
            "SSE2, MIPS32 release 2, RISC-V with RV64GC, 32-bit PowerPC, and LoongArch with 64 bits)"

    arch=$(answer arch | tr -d "\"'") manager=$(answer manager | head -n 1)

    # A directory below the user's home needs no root, and its config is the user's own.
    conf_dir=/etc/gandi-ddns whose="root's"
    [ "$(answer uid)" != 0 ] || return 0
    case $dest/ in
        "${home:-/nowhere}"/*) conf_dir=$home/.config/gandi-ddns whose="your" ;;
        *)
            [ "$(answer sudo)" = yes ] || die 77 "$HOST: writing to $dest requires root, and sudo is missing or asks" \
                "for a password: use HOST=root@${HOST#*@}, or DEST=bin to install for this user only"
            as_root='sudo -n' ;;
    esac
}

# newest FILE...: prints the newest of the files that exist. By time, since sort -V is not available everywhere.
newest() {
    # Our file names contain no spaces.
    # shellcheck disable=SC2012
    ls -t "$@" 2>/dev/null | head -n 1
}

# choose_package: sets file to a package for this OpenWrt, or fails if there is none.
choose_package() {
    [ -z "$DEST" ] || return 1
    # shellcheck disable=SC2086 # patterns
    case $manager:$arch in
        *:*[!A-Za-z0-9._+-]* | *:) return 1 ;;
        opkg:*) format=ipk file=$(newest "$DIST"/gandi-ddns_${VERSION:-*}-r*_"$arch".ipk) ;;
        apk:*) format=apk file=$(newest "$DIST/$arch"/gandi-ddns-${VERSION:-*}-r*.apk) ;;
        *) return 1 ;;
    esac
    if [ -z "$file" ]; then
        say "$HOST: OpenWrt; $DIST has no package for $arch (make $format), so this installs the program alone"
        return 1
    fi
    # shellcheck disable=SC2086
    binary=$(newest "$DIST"/gandi-ddns-${VERSION:-*}-"$name")
    [ -z "$binary" ] || [ -z "$(find "$binary" -newer "$file")" ] ||
        die 66 "$(basename "$file") is older than $(basename "$binary"); run: make $format"
    say "$HOST: OpenWrt, $arch, using $(basename "$file")"
}

# choose_build: sets file.
choose_build() {
    if [ -n "$VERSION" ]; then
        file=$DIST/gandi-ddns-$VERSION-$name
    else
        file=$(newest "$DIST"/gandi-ddns-*-"$name")
    fi
    [ -f "$file" ] || die 66 "${file:-$DIST/gandi-ddns-*-$name} is missing; run: make dist TARGETS=$name"
    # Rejects a build under a wrong name: ash and dash run a file as a script if the kernel does not recognise it.
    # Files without an ELF header are the scripts of tests/deploy.
    case $(elf_arch "$(od -An -v -tx1 -N64 "$file" | tr -d ' \n')"):$name in
        :* | arm:armv* | x86:i386 | "$name:$name") ;;
        *) die 66 "$file is not a program for $name; run: make dist TARGETS=$name" ;;
    esac
    say "$HOST: $name, using $(basename "$file")"
}

# measure: sets sha256 and md5 of the file, empty if no program here tells them.
measure() {
    sha256=$({ sha256sum "$file" || shasum -a 256 "$file" || :; } 2>/dev/null | cut -d ' ' -f 1)
    md5=$({ md5sum "$file" || md5 -r "$file" || :; } 2>/dev/null | cut -d ' ' -f 1)
}

# send: sends the file to the script, and sets old, new, cron and runs.
send() {
    code=0
    on_host "$file" || code=$?
    if [ "$code" != 0 ] || [ -z "$(answer new)" ]; then
        host_failed "$code" "the connection was interrupted; run it again" 74
    fi
    old=$(answer old) new=$(answer new) cron=$(answer cron) runs=$(answer runs | head -n 1)
}

# install_package: copies and installs the package of OpenWrt, and prints the result.
install_package() {
    measure
    with_arguments package "$manager" "$(basename "$file")" "$(($(wc -c <"$file")))" "$sha256" "$md5"
    send
    if [ -n "$old" ]; then
        say "package gandi-ddns: $old -> $new"
    else
        say "package gandi-ddns: $new installed"
    fi
    # Left by an install without the package. They would run beside the service.
    other=$(answer other)
    [ -z "$other" ] || say "$other is another installation; to remove it: rm $other"
    [ -z "$runs" ] || say "cron: remove this line, since the service does its work: $runs"
    if [ "$(answer enabled)" = yes ]; then
        say 'the service is enabled: /etc/init.d/gandi-ddns status'
    else
        say "next: log in on $HOST, and run: gandi-ddns setup"
    fi
}

# install_build: copies the build and prints the result; sets cron, runs, config, token and sysupgrade.
install_build() {
    measure
    # The example names files in /etc; a user's own install has them in conf_dir.
    example=$(sed "s|/etc/gandi-ddns|$conf_dir|g" "$here/../gandi-ddns.conf.example")
    with_arguments install "$dest" "$conf_dir" "$(($(wc -c <"$file")))" "$sha256" "$md5" "$example"
    send
    config=$(answer config) token=$(answer token) sysupgrade=$(answer sysupgrade)
    if [ -n "$old" ]; then
        say "$dest/gandi-ddns: $old -> $new"
    elif LC_ALL=C grep -q '^@old=' "$work/answer"; then
        say "$dest/gandi-ddns: $new installed; replaced a binary that did not run"
    else
        say "$dest/gandi-ddns: $new installed"
    fi
    case $config in
        new) say "$conf_dir/gandi-ddns.conf: example config installed (mode 0600)" ;;
        *) say "$conf_dir/gandi-ddns.conf: existing config kept" ;;
    esac
}

# offer_cron: prints the cron lines, and adds them if the user agrees.
offer_cron() {
    if [ -n "$runs" ]; then
        say "cron: already set up: $runs"
        return
    fi
    # The minute differs between machines, so that they do not all query Gandi at the same time.
    minute=${MINUTE:-$(($(printf %s "$HOST" | cksum | cut -d ' ' -f 1) % 4 + 1))}
    # As in README.md, and as setup adds them.
    lines="$minute-59/5 * * * * $dest/gandi-ddns --splay 60 --syslog"
    # busybox's crond has no @reboot, and logs an error about it at each start.
    [ "$cron" != crontab ] || lines="@reboot $dest/gandi-ddns --wait 600 --syslog
$lines"
    say "cron: to run it every 5 minutes and to log to syslog, in $whose crontab:"
    say "$lines" | sed 's/^/    /'
    [ -n "$cron" ] && [ "$ASK" != no ] && [ -t 0 ] && [ -t 1 ] || return 0
    printf 'Add these lines to the crontab now? [y/N] '
    reply=''
    read -r reply || :
    case $reply in [yY] | [yY][eE][sS]) ;; *) return 0 ;; esac
    with_arguments add-cron "$cron" "$lines"
    code=0
    on_host || code=$?
    [ "$code" = 0 ] || host_failed "$code" 'could not write the crontab' 73
    say 'cron: added'
}

# print_next_steps: prints the steps that are left to the user after a first install.
print_next_steps() {
    [ "$config" = new ] || [ "$token" = missing ] || return 0
    say "next, on $HOST:"
    [ "$config" != new ] || say "  set your domain in $conf_dir/gandi-ddns.conf"
    [ "$token" != missing ] ||
        say "  save the token, and nothing else, in $conf_dir/token; then: chmod 600 $conf_dir/token"
    say "  check the setup: ${as_root:+sudo }$dest/gandi-ddns check"
    [ "$sysupgrade" != yes ] ||
        say "  to keep them across a sysupgrade, add $dest/gandi-ddns and $conf_dir/ to /etc/sysupgrade.conf"
}

check_arguments
work=$(mktemp -d)
ssh=$SSH
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
prepare_ssh
probe_machine
if choose_package; then
    install_package
    exit
fi
choose_build
install_build
offer_cron
print_next_steps
