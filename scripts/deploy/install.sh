# shellcheck shell=dash
# Sent to the other machine by scripts/deploy.sh, followed by the program on standard input; installs the program, and
# the example config if there is no config.
#
#   $1  the directory of the program           $4 $5  SHA-256 and MD5 of the program, empty if unknown
#   $2  the directory of the config            $6     the text of the example config
#   $3  the size of the program in bytes
#
# Results and errors are lines "@NAME=VALUE". df, sha256sum, md5sum, sync, tail and wc may be missing. The program is
# written beside the old one and replaces it by a rename after all checks. receive.sh precedes this file.

# remove_leftovers: removes copies of runs that were killed; otherwise they would take space forever.
remove_leftovers() {
    for file in "$dest"/.gandi-ddns.new.*; do
        [ -d "/proc/${file##*.}" ] || rm -f "$file"
    done
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

main() {
    # shellcheck disable=SC2034 # receive.sh reads sha256 and md5
    dest=$1 conf_dir=$2 size=$3 sha256=$4 md5=$5 example=$6
    # Ends a line that a login script may have begun.
    echo
    umask 022
    new=$dest/.gandi-ddns.new.$$ conf=$conf_dir/gandi-ddns.conf made_dest=
    trap 'rm -f "$new" "$conf.new.$$"; [ -z "$made_dest" ] || rmdir "$dest" 2>/dev/null' EXIT
    trap 'exit 74' HUP INT TERM PIPE
    [ ! -d "$dest/gandi-ddns" ] || fail 73 "$dest/gandi-ddns is a directory"
    remove_leftovers
    check_space "$dest" $((size / 1024 + 32)) 'needed beside the old program'
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
