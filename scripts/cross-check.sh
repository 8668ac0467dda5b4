#!/bin/sh
# Builds with cross and with zigbuild, prints size and checksum of each binary, and fails unless both are identical.
#
# It installs what it needs, as scripts/setup-arm.sh does, and fails if it cannot. As root it starts dockerd if no Docker
# engine is running, and stops it at the end, and makes the base image with debootstrap if it cannot be pulled. The
# images are kept for the next run. The binaries are in target/cross-check/.
#
#   TARGETS  names from scripts/toolchain/targets.sh, default: all
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-$TARGET_NAMES}
for name in $TARGETS; do target_select "$name" || exit 64; done

BASE=debian:bookworm-slim
out=target/cross-check
# The binaries of an earlier run must not be compared.
rm -rf "$out"
mkdir -p "$out"
# Under target/: /tmp may be a small tmpfs, and debootstrap needs a file system with devices.
tmp=$(mktemp -d "$ROOT/$out/tmp.XXXXXX")

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
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# start_docker: starts dockerd if no engine is running, and fails if none can be reached then.
start_docker() {
    ! have_docker || return 0
    if [ "$(id -u)" != 0 ]; then
        hint docker
        return 1
    fi
    say "starting dockerd"
    dockerd >"$tmp/dockerd.log" 2>&1 &
    dockerd_pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        ! have_docker || return 0
        kill -0 "$dockerd_pid" 2>/dev/null || break
        sleep 1
    done
    tail "$tmp/dockerd.log" >&2
    say "dockerd does not run"
    return 1
}

# make_base: provides the image BASE: pulls it or, if that fails, makes it with debootstrap.
make_base() {
    ! docker image inspect "$BASE" >/dev/null 2>&1 || return 0
    ! docker pull -q "$BASE" >&2 || return 0
    if [ "$(id -u)" != 0 ]; then
        say "$BASE cannot be pulled, and making it requires root"
        return 1
    fi
    say "making $BASE with debootstrap"
    have debootstrap || apt_install debootstrap || return 1
    debootstrap --variant=minbase bookworm "$tmp/root" >"$tmp/debootstrap.log" || {
        tail "$tmp/debootstrap.log" >&2
        return 1
    }
    # The official image also has the updates and security archives.
    sed -i 's|^deb \(.*\)/debian/* bookworm main.*|&\
deb \1/debian bookworm-updates main\
deb \1/debian-security bookworm-security main|' "$tmp/root/etc/apt/sources.list" || return 1
    rm -rf "$tmp/root/var/cache/apt/archives"/*.deb
    tar -C "$tmp/root" -cf "$tmp/root.tar" . || return 1
    docker import "$tmp/root.tar" "$BASE" >&2 || return 1
    rm -rf "$tmp/root" "$tmp/root.tar"
}

BUILDER=cross scripts/setup-arm.sh
start_docker
make_base

# The same compiler for both, and the same version: a file may be edited between the builds.
find_rust
export RUST
name_build

differ=
printf '%-12s %-8s %10s  %s\n' target builder bytes sha256 >"$tmp/table"
for name in $TARGETS; do
    for builder in cross zigbuild; do
        BUILDER=$builder DIST=$out/$builder TARGETS=$name scripts/dist.sh >"$tmp/sizes"
        file=$out/$builder/$BIN-$version-$name
        printf '%-12s %-8s %10s  %s\n' "$name" $builder "$(wc -c <"$file")" "$(sha256sum <"$file" | cut -d' ' -f1)" \
            >>"$tmp/table"
    done
    if cmp "$out/cross/$BIN-$version-$name" "$out/zigbuild/$BIN-$version-$name" >&2; then
        say "$name: identical"
    else
        differ="$differ $name"
    fi
done

echo
cat "$tmp/table"
if [ -n "$differ" ]; then
    say "cross and zigbuild give different binaries for:$differ"
    exit 1
fi
echo "cross and zigbuild give identical binaries"
