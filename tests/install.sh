#!/bin/sh
# Tests packaging/install.sh, as `make release` writes it, against a web server on loopback. The machines are chroots
# with bash, dash or busybox's ash, with curl or a wget, and only the tools of such a machine. The builds are stand-ins.
#
#   KINDS  shells and programs for downloads, default: bash/curl dash/wget ash/none ash/curl
#   CASES  groups of cases, default: installs hardware page target user tool argument incomplete
#
# Requires root, for chroots and mounts; curl, wget, busybox and python3 are installed with apt if they are missing. All
# runs in mount and process namespaces of its own, so that no process or mount outlives the test.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=scripts/toolchain/targets.sh
. scripts/toolchain/targets.sh

[ "$(id -u)" = 0 ] || { echo 'the tests of install.sh require root, for chroots: sudo make test-install' >&2; exit 64; }
if [ "${1:-}" != inside ]; then
    missing=
    for tool in curl wget busybox python3 dash; do command -v $tool >/dev/null || missing="$missing $tool"; done
    # shellcheck disable=SC2086 # a list
    [ -z "$missing" ] || { apt-get update -q && apt-get install -qy --no-install-recommends $missing; } >&2
    # shellcheck source=tests/deploy/apart.sh
    . tests/deploy/apart.sh
    run_apart tests/install.sh
fi

scratch=$2
umask 022
# A file system in which setuid bits and device nodes work, which may not be true of /tmp.
mount -t tmpfs -o mode=755 none "$scratch"

# shellcheck source=tests/deploy/harness.sh
. tests/deploy/harness.sh
# shellcheck source=tests/deploy/chroots.sh
. tests/deploy/chroots.sh
# shellcheck source=tests/install/machines.sh
. tests/install/machines.sh
# shellcheck source=tests/install/cases.sh
. tests/install/cases.sh
find_busybox
[ -n "$busybox" ] || { echo 'no busybox that is like that of a router' >&2; exit 1; }

# With curl, wget (GNU) or none of them, which leaves busybox's own in an ash machine.
for kind in ${KINDS:-bash/curl dash/wget ash/none ash/curl}; do all_cases "${kind%/*}" "${kind#*/}"; done

total
