# shellcheck shell=dash
# Sent to the other machine by scripts/deploy.sh; adds lines to the crontab of the user that runs it.
#
#   $1  the kind of cron that install.sh reported: file, busybox or crontab
#   $2  the lines
#
# An error is a line "@error=MESSAGE".

# add_to_file: appends to the file from which OpenWrt's crond reads root's lines.
add_to_file() {
    umask 077
    table=/etc/crontabs/root
    {
        # Ends an unfinished last line, which would otherwise merge with the first new one.
        [ -z "$(tail -c 1 "$table" 2>/dev/null)" ] || echo >>"$table"
        printf '%s\n' "$lines" >>"$table"
    } || exit 73
    # OpenWrt does not start crond without a crontab, and crond checks for changes only once an hour.
    if [ -x /etc/init.d/cron ]; then
        /etc/init.d/cron restart
    else
        echo root >>/etc/crontabs/cron.update
    fi >/dev/null 2>&1
}

# add_with_crontab: replaces the crontab with its old and the new lines, unless the old ones cannot be read.
add_with_crontab() {
    if table=$(LC_ALL=C crontab -l 2>&1); then
        table="$table
"
    else
        case $table in
            *'no crontab for'* | *'No such file'*) table= ;;
            *) echo "@error=crontab -l failed, so nothing was added: $table"; exit 73 ;;
        esac
    fi
    printf '%s%s\n' "$table" "$lines" | crontab - || exit 73
}

main() {
    cron=$1 lines=$2
    # Ends a line that a login script may have begun.
    echo
    if [ "$cron" = file ]; then add_to_file; else add_with_crontab; fi
    exit 0
}
main "$@"
