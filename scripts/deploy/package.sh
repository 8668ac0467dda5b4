# shellcheck shell=dash
# Sent to an OpenWrt router by scripts/deploy.sh, followed by a package on standard input; installs the package.
#
#   $1  the package manager: opkg or apk     $3     the size of the package in bytes
#   $2  the name of the package's file       $4 $5  SHA-256 and MD5 of the package, empty if unknown
#
# Results and errors are lines "@NAME=VALUE". The package is written to memory (/tmp), and checked before it is installed.
# receive.sh precedes this file.

prog=/usr/bin/gandi-ddns

# install_with_opkg: installs it also if the same version or a later one is installed, since the user has asked for it.
install_with_opkg() {
    output=$(opkg install "$new" 2>&1) || return 1
    case $output in
        *'up to date'* | *'Not downgrading'*)
            output=$(opkg install --force-reinstall --force-downgrade "$new" 2>&1) || return 1 ;;
    esac
    # opkg succeeds after some errors. The version is what is between the first and the second _.
    version=${file#*_}
    version=${version%%_*}
    grep -qx "Version: $version" /usr/lib/opkg/info/gandi-ddns.control
}

install_package() {
    case $manager in
        opkg) install_with_opkg ;;
        # Nobody signs a package that is made at home.
        apk) output=$(apk add --allow-untrusted "$new" 2>&1) ;;
    esac
}

# report: reports what is left to do.
report() {
    [ "$(uci -q get gandi-ddns.main.enabled)" != 1 ] || echo @enabled=yes
    # An install without the package.
    [ ! -e /usr/local/bin/gandi-ddns ] || echo @other=/usr/local/bin/gandi-ddns
    report_cron
}

main() {
    # shellcheck disable=SC2034 # receive.sh reads sha256 and md5
    manager=$1 file=$2 size=$3 sha256=$4 md5=$5
    # Ends a line that a login script may have begun.
    echo
    umask 077
    dest=/tmp/gandi-ddns.new.$$ new=/tmp/gandi-ddns.new.$$/$file
    check_space /tmp $((size / 1024 + 32)) 'needed for the package'
    mkdir "$dest" || fail 73 "cannot create the directory $dest"
    trap 'rm -rf "$dest"' EXIT
    trap 'exit 74' HUP INT TERM PIPE
    receive
    [ ! -f $prog ] || echo "@old=$($prog --version 2>/dev/null </dev/null | head -n 1)"
    umask 022
    install_package </dev/null || fail 73 "$manager could not install the package: $(echo "$output" | tail -n 1)"
    version=$($prog --version 2>/dev/null </dev/null) || fail 70 "$prog of the package does not run there (exit code $?)"
    echo "@new=$version"
    report
    exit 0
}
main "$@"
