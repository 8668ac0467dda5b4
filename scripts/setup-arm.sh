#!/bin/sh
# Installs what `make dist` and `make test-arm` need: std's source, qemu, zig.
#
# Debian's packages by apt (as root or by sudo; otherwise it prints the command),
# the rest under target/tools. rustup's toolchains are not touched, and no package
# is removed. The second run finds everything in place.
#
#   BUILDER=cross  cross and docker as well
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

packages=
need() { # need COMMAND PACKAGE
    have "$1" || packages="$packages $2"
}
need qemu-arm-static qemu-user-static
need xz xz-utils
need file file
need readelf binutils # any machine's readelf and nm read ARM files
need cc "gcc libc6-dev" # build scripts run on this machine
[ "${BUILDER:-}" != cross ] || need docker docker.io
need python3 python3
find_zig
if { [ -z "$ZIG" ] || [ -z "$ZIGBUILD" ]; } && ! python3 -m pip --version >/dev/null 2>&1; then
    packages="$packages python3-pip"
fi

# candidate PACKAGE: the version apt would install, without epoch and revision
candidate() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null |
        sed -n 's/^  Candidate: \([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
}

find_rust
if [ "$RUST" = none ]; then
    if ! have apt-get; then
        hint rust-src
        exit 1
    fi
    # Old lists may not know of the newer compiler.
    if [ "$(id -u)" = 0 ]; then apt-get update -q; elif have sudo; then sudo apt-get update -q; fi
    # Debian carries a current compiler for its browsers, matched with cargo and
    # source, in releases whose own is too old.
    if at_least "$RUST_MIN" "$(candidate rustc-web)"; then
        packages="$packages rustc-web cargo-web rust-web-src"
    elif at_least "$RUST_MIN" "$(candidate rustc)"; then
        packages="$packages rustc cargo rust-src"
    else
        hint rust-src
        exit 1
    fi
fi

if [ -n "$packages" ]; then
    have apt-get || { say "please install:$packages"; exit 1; }
    # shellcheck disable=SC2086 # a list
    if [ "$(id -u)" = 0 ]; then
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove $packages
    elif have sudo; then
        sudo apt-get update -q
        sudo apt-get install -y --no-install-recommends --no-remove $packages
    else
        say "as root, run:  apt-get install --no-install-recommends$packages"
        say "and then this again"
        exit 1
    fi
fi

# pip's --target leaves the system's Python alone, managed by Debian or not.
stamp=$ARM_TOOLS/py/.requirements
if ! cmp -s scripts/build-image/requirements.txt "$stamp"; then
    rm -rf "$ARM_TOOLS/py"
    mkdir -p "$ARM_TOOLS"
    python3 -m pip install -q --no-warn-script-location --root-user-action=ignore --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --target "$ARM_TOOLS/py" -r scripts/build-image/requirements.txt
    cp scripts/build-image/requirements.txt "$stamp"
fi

if [ "${BUILDER:-}" = cross ] && ! have cross; then
    cargo install cross --locked --version "$CROSS_VERSION"
fi

RUST=auto
find_rust
find_zig
say "rust: $RUST $RUST_VERSION ($RUSTC)"
say "zig:  $("$ZIG" version) ($ZIG)"
say "qemu: $(qemu-arm-static --version | head -n 1)"
[ "$RUST" != none ] || exit 1
