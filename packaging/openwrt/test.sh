#!/bin/sh
# Called by the CI of the feed with the name and the version of the installed package.
gandi-ddns --version | grep -F "$2"
