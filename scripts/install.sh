#!/bin/sh
# `make install` and `make uninstall`: the native build into DESTDIR and PREFIX. Never overwrites config or token.
set -eu
cd "$(dirname "$0")/.."

DESTDIR=${DESTDIR:-} PREFIX=${PREFIX:-/usr/local}
built=${CARGO_TARGET_DIR:-target}/release/gandi-ddns
bin_dir=$DESTDIR$PREFIX/bin conf_dir=$DESTDIR/etc/gandi-ddns

case ${1:-} in
    install)
        # Not built here: `sudo make install` should not leave root's files in target/.
        [ -f "$built" ] || { echo "$built is missing: make build" >&2; exit 1; }
        if ! mkdir -p "$bin_dir" 2>/dev/null || [ ! -w "$bin_dir" ]; then
            echo "cannot write to $bin_dir: sudo make install, or another PREFIX or DESTDIR" >&2
            exit 1
        fi
        # By rename, since a program that is running cannot be written to.
        trap 'rm -f "$bin_dir/.gandi-ddns.new"' EXIT
        cp "$built" "$bin_dir/.gandi-ddns.new"
        chmod 755 "$bin_dir/.gandi-ddns.new"
        mv -f "$bin_dir/.gandi-ddns.new" "$bin_dir/gandi-ddns"
        echo "$bin_dir/gandi-ddns"
        umask 077
        if [ ! -d "$conf_dir" ]; then
            (umask 022 && mkdir -p "$DESTDIR/etc")
            mkdir "$conf_dir"
        fi
        if [ -e "$conf_dir/gandi-ddns.conf" ] || [ -L "$conf_dir/gandi-ddns.conf" ]; then
            echo "$conf_dir/gandi-ddns.conf: left as it is"
        else
            cp gandi-ddns.conf.example "$conf_dir/gandi-ddns.conf"
            chmod 600 "$conf_dir/gandi-ddns.conf"
            echo "$conf_dir/gandi-ddns.conf: the example; put your domain there, and the token into token beside it"
        fi ;;
    uninstall)
        rm -f "$bin_dir/gandi-ddns"
        echo "$bin_dir/gandi-ddns: removed"
        if [ -e "$conf_dir" ]; then
            echo "left: $conf_dir with config and token, and what you put into cron"
        fi ;;
    *)
        echo "usage: $0 install|uninstall" >&2
        exit 64 ;;
esac
