# shellcheck shell=dash disable=SC2154,SC2034
# The variables $dest, $new, $size, $sha256, $md5 and $made_dest are those of the script that follows.
#
# Precedes install.sh and package.sh: what both do on the other machine. A result is a line "@NAME=VALUE".

fail() { # CODE MESSAGE
    echo "@error=$2"
    exit "$1"
}

# reason TEXT: prints the last part of a command's error message, such as "Permission denied".
reason() { printf %s "${1##*: }"; }

# check_space DIRECTORY KILOBYTES WHAT-FOR: fails if df reports too little free space. Without df the copy itself fails.
check_space() {
    dir=$1 free='' before=''
    while [ ! -d "$dir" ]; do dir=${dir%/*} dir=${dir:-/}; done
    # The number of free kB precedes the percentage, however df breaks its lines.
    set -f
    for word in $(df -k "$dir" 2>/dev/null); do
        case $word in [0-9]*%) free=$before && break ;; esac
        before=$word
    done
    set +f
    case $free in *[!0-9]*) free='' ;; esac
    [ "${free:-$2}" -ge "$2" ] || fail 73 "not enough space in $1: $2 kB $3, $free kB free"
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
