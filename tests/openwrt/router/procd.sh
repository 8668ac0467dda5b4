# shellcheck shell=dash
# Stand-in for OpenWrt's /lib/functions/procd.sh: writes each call into /tmp/procd.

PROCD_RELOAD_DELAY=1000
call() { echo "$*" >>/tmp/procd; }
procd_open_instance() { call instance; }
procd_close_instance() { call end; }
procd_set_param() { call "$@"; }
procd_open_trigger() { :; }
procd_close_trigger() { :; }
procd_add_reload_trigger() { call "trigger config.change $*"; }
procd_add_interface_trigger() { call "trigger $* after $PROCD_RELOAD_DELAY"; }
