#!/bin/sh
# Tests the OpenWrt packages: their contents, and their scripts under busybox's ash in a chroot with the applets of a
# router, with the real program and a fake Gandi. OpenWrt's own programs cannot be had from the package registries, so
# stand-ins take their places (tests/openwrt/router/).
#
#   tests/openwrt.sh    requires root, and installs busybox and strace with apt
#
#   PARTS               some files of tests/openwrt/, such as "config service"
#   GANDI_DDNS, FAKE    the program and the fake Gandi; default: those of target/debug, which are built
#
# The cases are in tests/openwrt/ and are sourced in order. They run in their own mount and process namespaces, so that no
# process or mount outlives the test.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
target=${CARGO_TARGET_DIR:-target}
[ "$(id -u)" = 0 ] || { echo 'openwrt: requires root, for a chroot: sudo make test-openwrt' >&2; exit 64; }

if [ "${1:-}" != inside ]; then
    if ! command -v busybox >/dev/null || ! command -v strace >/dev/null; then
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends busybox strace; } >&2
    fi
    [ -n "${GANDI_DDNS:-}" ] || cargo build --quiet --locked --bin gandi-ddns
    [ -n "${FAKE:-}" ] || cargo build --quiet --locked --example fake_gandi
    # shellcheck source=tests/deploy/apart.sh
    . tests/deploy/apart.sh
    run_apart tests/openwrt.sh
fi

scratch=$2
chmod 755 "$scratch"
mount -t tmpfs -o mode=755 none "$scratch"
export TMPDIR="$scratch"
umask 022
# shellcheck disable=SC2034 # read by the parts
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)

# shellcheck source=tests/deploy/harness.sh
. tests/deploy/harness.sh
export DIST="$scratch/dist"
mkdir "$DIST"
# pack ipk|apk [VARIABLE=VALUE]...: makes the packages; sets code, and the output is in $scratch/out.
# shellcheck disable=SC2317 # called by the parts
pack() {
    format=$1
    shift
    code=0
    env SOURCE_DATE_EPOCH=1700000000 "$@" scripts/openwrt.sh "$format" >"$scratch/out" 2>&1 || code=$?
}
# What is installed: mode and path, in the order of `sort`.
cat >"$scratch/contents" <<'LIST'
600 ./etc/config/gandi-ddns
644 ./lib/upgrade/keep.d/gandi-ddns
644 ./usr/share/ddns/default/gandi.net-token.json
644 ./usr/share/rpcd/acl.d/gandi-ddns.json
700 ./etc/gandi-ddns
755 ./etc/init.d/gandi-ddns
755 ./usr/bin/gandi-ddns
755 ./usr/lib/ddns/update_gandi_ddns.sh
755 ./usr/libexec/rpcd/gandi-ddns
LIST

PARTS=${PARTS:-packages config service plugin managers}
# Only the packages need no router.
# shellcheck source=tests/openwrt/router.sh
[ "$PARTS" = packages ] || . tests/openwrt/router.sh
for part in $PARTS; do
    # shellcheck source=/dev/null
    . "tests/openwrt/$part.sh"
done

total
