#!/bin/sh
# Called by the CI of the feed with the name and the version of the installed package, the version without -rRELEASE
# (test_entrypoint.sh of openwrt/actions-shared-workflows).
gandi-ddns --version | grep -F "$2"
