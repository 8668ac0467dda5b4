# shellcheck shell=dash
# Sent to the other machine by scripts/deploy.sh, followed by the program on standard input; installs the program, and
# the example config if there is no config.
#
#   $1  the directory of the program           $4 $5  SHA-256 and MD5 of the program, empty if unknown
#   $2  the directory of the config            $6     the text of the example config
#   $3  the size of the program in bytes
#
# Results and errors are lines "@NAME=VALUE". df, sha256sum, md5sum, sync, tail and wc may be missing. The program is
# written beside the old one and replaces it by a rename after all checks.

fail() { # CODE MESSAGE
    echo "@error=$2"
    exit "$1"
}

# reason TEXT: prints the last part of a command's error message, such as "Permission denied".
reason() { printf %s "${1##*: }"; }

# remove_leftovers: removes copies of runs that were killed; otherwise they would take space forever.
remove_leftovers() {
    for file in "$dest"/.gandi-ddns.new.*; do
        [ -d "/proc/${file##*.}" ] || rm -f "$file"
    done
}

# check_space: fails if df reports too little free space. Without df the copy itself fails.
check_space() {
    dir=$dest free='' before=''
    while [ ! -d "$dir" ]; do dir=${dir%/*} dir=${dir:-/}; done
    # The number of free kB precedes the percentage, however df breaks its lines.
    set -f
    for word in $(df -k "$dir" 2>/dev/null); do
        case $word in [0-9]*%) free=$before && break ;; esac
        before=$word
    done
    set +f
    case $free in *[!0-9]*) free='' ;; esac
    need=$((size / 1024 + 32))
    [ "${free:-$need}" -ge "$need" ] ||
        fail 73 "not enough space in $dest: $need kB needed beside the old program, $free kB free"
}

# receive: writes standard input to $new and compares size and checksum.
receive() {
    if [ ! -d "$dest" ]; then
        made_dest=yes
        error=$(LC_ALL=C mkdir -p "$dest" 2>&1) || fail 73 "cannot create the directory $dest: $(reason "$error")"
    fi
    error=$({ LC_ALL=C cat >"$new"; } 2>&1) || fail 73 "cannot write in $dest: $(reason "$error")"
    # shellcheck disable=SC2046 # splits the line of ls; the fifth field is the size
    have=$(wc -c <"$new" 2>/dev/null) || { set -- $(ls -ln "$new") && have=$5; }
    [ $((have)) = "$size" ] ||
        fail 74 "the transfer was interrupted after $((have)) of $size bytes; nothing was replaced"
    if [ -n "$sha256" ] && sum=$(sha256sum "$new" 2>/dev/null); then
        [ "${sum%% *}" = "$sha256" ] || fail 74 "the copy has a wrong SHA-256 checksum; nothing was replaced"
    elif [ -n "$md5" ] && sum=$(md5sum "$new" 2>/dev/null); then
        [ "${sum%% *}" = "$md5" ] || fail 74 "the copy has a wrong MD5 checksum; nothing was replaced"
    fi
}

fail_to_run() { # REASON
    fail 70 "the new program does not run there ($1); nothing was replaced"
}

# try_new: runs the copy before it replaces a program that works.
try_new() {
    chmod 755 "$new" || fail 73 "cannot make the copy in $dest executable"
    version=$("$new" --version 2>/dev/null </dev/null) && code=0 || code=$?
    case $code:$version in
        0:gandi-ddns\ *) ;;
        132:*) fail_to_run 'illegal instruction: it is for another CPU' ;;
        *) fail_to_run "exit code $code" ;;
    esac
}

# install_config: writes the example config, unless there is a config.
install_config() {
    if [ -e "$conf" ] || [ -L "$conf" ]; then
        echo @config=kept
        return
    fi
    umask 077
    [ -d "$conf_dir" ] || error=$(LC_ALL=C mkdir -p "$conf_dir" 2>&1) ||
        fail 73 "cannot create the directory $conf_dir: $(reason "$error")"
    error=$({ printf '%s\n' "$example" >"$conf.new.$$" && LC_ALL=C mv -f "$conf.new.$$" "$conf"; } 2>&1) ||
        fail 73 "cannot write $conf: $(reason "$error"); the program was not replaced"
    echo @config=new
}

# report_cron: reports the kind of cron, and the line or timer that runs the program already.
report_cron() {
    crontab_file=/etc/crontabs/root
    if [ -w /etc/crontabs ]; then
        echo @cron=file
    elif command -v crontab >/dev/null 2>&1; then
        case $(crontab --help 2>&1 </dev/null) in *BusyBox*) echo @cron=busybox ;; *) echo @cron=crontab ;; esac
    fi
    { crontab -l; cat "$crontab_file" /etc/crontab /etc/cron.d/*; } 2>/dev/null </dev/null |
        grep -v '^[[:blank:]]*#' | grep -E 'gandi-ddns([][:blank:];&|>[]|$)' | sed 's/^/@runs=/;q'
    [ ! -e /etc/systemd/system/timers.target.wants/gandi-ddns.timer ] || echo @runs=gandi-ddns.timer
}

main() {
    dest=$1 conf_dir=$2 size=$3 sha256=$4 md5=$5 example=$6
    # Ends a line that a login script may have begun.
    echo
    umask 022
    new=$dest/.gandi-ddns.new.$$ conf=$conf_dir/gandi-ddns.conf made_dest=
    trap 'rm -f "$new" "$conf.new.$$"; [ -z "$made_dest" ] || rmdir "$dest" 2>/dev/null' EXIT
    trap 'exit 74' HUP INT TERM PIPE
    [ ! -d "$dest/gandi-ddns" ] || fail 73 "$dest/gandi-ddns is a directory"
    remove_leftovers
    check_space
    receive
    try_new
    [ ! -f "$dest/gandi-ddns" ] || echo "@old=$("$dest/gandi-ddns" --version 2>/dev/null </dev/null | head -n 1)"
    install_config
    # Flushes the data before the rename, so that a power cut leaves either the old program or the new one.
    sync 2>/dev/null
    mv -f "$new" "$dest/gandi-ddns" || fail 73 "cannot replace $dest/gandi-ddns"
    echo "@new=$version"
    [ -e "$conf_dir/token" ] || ! grep -q "^token_file.*$conf_dir/token" "$conf" || echo @token=missing
    [ ! -e /etc/sysupgrade.conf ] || grep -q gandi-ddns /etc/sysupgrade.conf || echo @sysupgrade=yes
    report_cron
    exit 0
}
main "$@"
