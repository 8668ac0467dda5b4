# shellcheck shell=dash disable=SC2154
# ddns-scripts sources this file, inside a function, for sections with `option service_name 'gandi.net-token'`:
#
#   domain     the domain at Gandi, such as example.org
#   username   the names in it, such as `home` or `@ www`; @ is the domain itself
#   password   the path of a file with the token, such as /etc/gandi-ddns/token. The token itself is accepted, but then
#              ddns-scripts shows it in arguments of awk and sed, where other users can see it. No plug-in can prevent that
#   param_opt  further keys of gandi-ddns.conf(5), as `ttl=600 sharing_id=ID`
#   cacert     a file with CA certificates; IGNORE is ignored
#
# 0: the zone has the address. 127: nothing was sent, or the question has no answer here. 1: refused.

# gandi_ddns_config: writes a config with the records of this section.
gandi_ddns_config() {
    local option type=A
    [ "${use_ipv6:-0}" != 1 ] || type=AAAA
    case $password in
        /*) echo "token_file = $password" ;;
        # By a builtin and a pipe, so it is in no argument, no environment and no file.
        *) printf 'token = %s\n' "$password" ;;
    esac
    [ ! -f "${cacert:-}" ] || echo "ca_file = $cacert"
    # The caller is in a subshell, so set -f ends with it.
    set -f
    for option in ${param_opt:-}; do
        case $option in ttl=* | suffix=*) ;; *) printf '%s\n' "$option" ;; esac
    done
    printf '\n[%s]\nnames = %s\ntypes = %s\n' "$domain" "$username" "$type"
    for option in ${param_opt:-}; do
        case $option in ttl=* | suffix=*) printf '%s\n' "$option" ;; esac
    done
}

# gandi_ddns_run ARGUMENT...: runs the program with that config.
gandi_ddns_run() { gandi_ddns_config | /usr/bin/gandi-ddns "$@" -c - >"$DATFILE" 2>"$ERRFILE"; }

# gandi_ddns_log LEVEL FILE: logs each line of a file.
gandi_ddns_log() {
    local line
    while read -r line; do write_log "$1" "${line#gandi-ddns: }"; done <"$2"
}

# gandi_ddns_update: the way of an address into the zone. Always asks Gandi (--force): ddns-scripts has intervals of its
# own, and errors must have their text each time.
gandi_ddns_update() {
    local code=0
    gandi_ddns_run --force --address "$__IP" || code=$?
    gandi_ddns_log 7 "$DATFILE"
    case $code in
        0)
            # Warnings, such as the end of the token.
            gandi_ddns_log 4 "$ERRFILE"
            return 0 ;;
        75)
            gandi_ddns_log 4 "$ERRFILE"
            return 127 ;;
    esac
    gandi_ddns_log 3 "$ERRFILE"
    return 1
}

# gandi_ddns_question: sets REGISTERED_IP to the address of all names. Without one address ddns-scripts asks DNS.
gandi_ddns_question() {
    local code=0 host type address all=''
    gandi_ddns_run get || code=$?
    [ $code = 0 ] || [ $code = 1 ] || gandi_ddns_log 4 "$ERRFILE"
    [ $code = 0 ] || return 127
    # shellcheck disable=SC2034 # host and type are not used
    while read -r host type address; do
        [ "$address" = "${all:-$address}" ] || return 127
        all=$address
    done <"$DATFILE"
    [ -n "$all" ] || return 127
    # shellcheck disable=SC2034 # read by ddns-scripts
    REGISTERED_IP=$all
}

gandi_ddns_main() {
    local option value line_break='
'
    for option in domain username password; do
        eval "value=\${$option:-}"
        # 14 ends the process: a section that cannot work.
        [ -n "$value" ] || write_log 14 "gandi.net-token: option '$option' is missing"
    done
    case "$domain$username$password${param_opt:-}${cacert:-}" in
        *"$line_break"*) write_log 14 'gandi.net-token: an option has a line break' ;;
    esac
    if [ -n "${GET_REGISTERED_IP:-}" ]; then gandi_ddns_question; else gandi_ddns_update; fi
}

gandi_ddns_main
