# shellcheck shell=dash disable=SC2046,SC1090,SC2034
# Stand-in for OpenWrt's /lib/functions.sh: what the package uses of it, with the same results. The syntax of UCI's files
# is that of the shell, so a file is read by running it.

config() { # TYPE [NAME]
    count=$((count + 1))
    section=${2:-cfg$count}
    sections="$sections $section"
    eval "CONFIG_${section}_TYPE=\$1"
}
option() { eval "CONFIG_${section}_$1=\$2"; }
# The items of a list, joined by blanks.
list() { eval "CONFIG_${section}_$1=\"\${CONFIG_${section}_$1:+\$CONFIG_${section}_$1 }\$2\""; }

config_load() {
    count=0 sections=''
    unset $(set | sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=.*/\1/p')
    . "/etc/config/$1"
    unset section
    uci_sections=$sections
}
config_get() { # VARIABLE SECTION OPTION [DEFAULT]
    eval "$1=\${CONFIG_$2_$3:-\${4:-}}"
}
config_get_bool() {
    local word
    config_get word "$2" "$3" "$4"
    case $word in
        1 | on | true | yes | enabled) word=1 ;;
        0 | off | false | no | disabled) word=0 ;;
        *) word=$4 ;;
    esac
    eval "$1=\$word"
}
config_foreach() { # FUNCTION TYPE
    local each of
    for each in $uci_sections; do
        config_get of "$each" TYPE
        [ "$of" != "$2" ] || "$1" "$each"
    done
}

# The files of a package begin with its name, or pkgname has it.
service_files() {
    [ -n "${pkgname:-}" ] || pkgname=$(basename "${1%.*}")
    cat "/usr/lib/opkg/info/$pkgname.list" "/lib/apk/packages/$pkgname.list" 2>/dev/null | grep '^/etc/init.d/'
}
add_group_and_user() { echo "add_group_and_user $pkgname" >>/tmp/scripts; }
default_postinst() {
    local file
    echo "default_postinst upgrade=${PKG_UPGRADE:-0}" >>/tmp/scripts
    for file in $(service_files "${1:-}"); do
        [ "${PKG_UPGRADE:-0}" = 1 ] || "$file" enable
        "$file" start
    done
}
default_prerm() {
    local file
    echo "default_prerm upgrade=${PKG_UPGRADE:-0}" >>/tmp/scripts
    for file in $(service_files "${1:-}"); do
        [ "${PKG_UPGRADE:-0}" = 1 ] || "$file" disable
        "$file" stop
    done
}
