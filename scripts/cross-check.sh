#!/bin/sh
# Builds the main targets with cross, and compares the binaries with those of zigbuild.
#
# As root it installs missing tools, starts dockerd (and stops it again), and makes the base image with debootstrap if
# it cannot be pulled.
#
#   TARGETS  names from scripts/toolchain/targets.sh, default: MAIN_TARGETS
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-$MAIN_TARGETS}
BASE=debian:bookworm-slim
# Under target/: /tmp may be a small tmpfs, and debootstrap needs a file system with devices.
mkdir -p target
tmp=$(mktemp -d "$ROOT/target/cross-check.XXXXXX")
# The directory of programs that cargo installs; with Debian's cargo it is not in PATH.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
dockerd_pid=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    if [ -n "$dockerd_pid" ]; then
        say "stopping the dockerd started here"
        kill "$dockerd_pid" 2>/dev/null || true
        wait "$dockerd_pid" 2>/dev/null || true
    fi
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

if ! have cross; then
    say "installing cross $CROSS_VERSION"
    cargo install cross --locked --version "$CROSS_VERSION"
fi
# `cross --version` calls rustup too, hence the shim.
found=$(PATH=$ROOT/scripts/toolchain/rustup-shim:$PATH cross --version 2>/dev/null | sed -n 's/^cross \([0-9.]*\).*/\1/p')
[ "$found" = "$CROSS_VERSION" ] || say "note: found cross $found; only $CROSS_VERSION is tested"

if ! have_docker; then
    if [ "$(id -u)" != 0 ]; then
        hint docker
        exit 1
    fi
    if ! have dockerd; then
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends docker.io debootstrap
    fi
fi
if ! have_docker; then
    say "starting dockerd"
    dockerd >"$tmp/dockerd.log" 2>&1 &
    dockerd_pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        have_docker && break
        sleep 1
    done
    have_docker || { tail "$tmp/dockerd.log" >&2; exit 1; }
fi

if ! docker image inspect $BASE >/dev/null 2>&1 && ! docker pull -q $BASE; then
    if [ "$(id -u)" != 0 ]; then
        say "$BASE cannot be pulled, and making it requires root"
        exit 1
    fi
    say "making $BASE with debootstrap"
    have debootstrap || apt-get install -y -q --no-install-recommends debootstrap
    debootstrap --variant=minbase bookworm "$tmp/root" >"$tmp/debootstrap.log" ||
        { tail "$tmp/debootstrap.log" >&2; exit 1; }
    # The official image also has the updates and security archives.
    sed -i 's|^deb \(.*\)/debian/* bookworm main.*|&\
deb \1/debian bookworm-updates main\
deb \1/debian-security bookworm-security main|' "$tmp/root/etc/apt/sources.list"
    rm -rf "$tmp/root/var/cache/apt/archives"/*.deb
    tar -C "$tmp/root" -c . | docker import - $BASE
fi

# Set the version once for both builds: a file may be edited between them.
name_build
BUILDER=cross DIST=dist TARGETS="$TARGETS" scripts/dist.sh
for name in $TARGETS; do
    out=dist/gandi-ddns-$version-$name
    echo
    file "$out" | sed 's|.*/||'
    readelf -A "$out" | grep -E 'Tag_(CPU_arch|ARM_ISA|THUMB_ISA|FP_arch|Advanced|ABI_VFP)' || true
done

case " $TARGETS " in *' armv6 '*) TARGETS=armv6 scripts/test-arm.sh ;; esac

echo
find_rust
find_zig
if [ -z "$ZIG" ] || [ -z "$ZIGBUILD" ] || [ "$RUST" = none ]; then
    echo "zigbuild is not installed, so the binaries were not compared; run: make setup-arm"
    exit 0
fi
BUILDER=zigbuild DIST="$tmp/zigbuild" TARGETS="$TARGETS" scripts/dist.sh
echo
differ=0
for name in $TARGETS; do
    if cmp "dist/gandi-ddns-$version-$name" "$tmp/zigbuild/gandi-ddns-$version-$name"; then
        echo "$name: the binaries of cross and zigbuild are identical"
    else
        differ=1
    fi
done
exit $differ
