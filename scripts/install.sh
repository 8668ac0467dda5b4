#!/bin/sh
# Installs the native build below DESTDIR and PREFIX, or removes it. Never overwrites the config or the token.
set -eu
cd "$(dirname "$0")/.."

DESTDIR=${DESTDIR:-} PREFIX=${PREFIX:-/usr/local}
built=${CARGO_TARGET_DIR:-target}/release/gandi-ddns
bin_dir=$DESTDIR$PREFIX/bin conf_dir=$DESTDIR/etc/gandi-ddns
conf=$conf_dir/gandi-ddns.conf

case ${1:-} in
    install)
        # This does not build: `sudo make install` must not leave files owned by root in target/.
        [ -f "$built" ] || { echo "$built is missing; run: make build" >&2; exit 1; }
        if ! mkdir -p "$bin_dir" 2>/dev/null || [ ! -w "$bin_dir" ]; then
            echo "cannot write to $bin_dir: use sudo make install, or another PREFIX or DESTDIR" >&2
            exit 1
        fi
        # Renamed into place, since a running program cannot be overwritten.
        trap 'rm -f "$bin_dir/.gandi-ddns.new"' EXIT
        cp "$built" "$bin_dir/.gandi-ddns.new"
        chmod 755 "$bin_dir/.gandi-ddns.new"
        mv -f "$bin_dir/.gandi-ddns.new" "$bin_dir/gandi-ddns"
        echo "$bin_dir/gandi-ddns: installed"
        umask 077
        if [ ! -d "$conf_dir" ]; then
            (umask 022 && mkdir -p "$DESTDIR/etc")
            mkdir "$conf_dir"
        fi
        if [ -e "$conf" ] || [ -L "$conf" ]; then
            echo "$conf: existing config kept"
        else
            # No example in its place: `setup` would have to ask before it replaces it.
            echo "there is no config yet; run: sudo gandi-ddns setup"
        fi ;;
    uninstall)
        rm -f "$bin_dir/gandi-ddns"
        echo "$bin_dir/gandi-ddns: removed"
        if [ -e "$conf_dir" ]; then
            echo "$conf_dir: config and token kept; remove the cron lines yourself"
        fi ;;
    *)
        echo "usage: $0 install|uninstall" >&2
        exit 64 ;;
esac
