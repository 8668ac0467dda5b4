#!/bin/sh
# Installs the tools that `make dist` and `make test-cpu` need: std's source, zig and qemu.
#
# Debian packages are installed with apt (as root or with sudo; otherwise the command is printed), Python packages
# under target/tools. No rustup toolchain is changed and no package is removed. A second run installs nothing.
#
#   BUILDER=cross  also installs cross (under target/tools) and Docker
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

packages=
# need COMMAND PACKAGES: adds the packages to the list if the command is missing.
need() {
    have "$1" || packages="$packages $2"
}

# candidate PACKAGE: prints the version that apt would install, without epoch and revision.
candidate() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null |
        sed -n 's/^  Candidate: \([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
}

# need_rust: adds Debian's compiler with std's source to the list, unless a usable one is installed.
need_rust() {
    find_rust
    [ "$RUST" = none ] || return 0
    have apt-get || { hint rust-src; return 1; }
    # Old package lists may not contain the newer compiler.
    if [ "$(id -u)" = 0 ]; then apt-get update -q; elif have sudo; then sudo apt-get update -q; fi
    # In releases whose rustc is too old, Debian has a newer one (rustc-web) for building browsers, with a matching
    # cargo and source.
    if at_least "$RUST_MIN" "$(candidate rustc-web)"; then
        packages="$packages rustc-web cargo-web rust-web-src"
    elif at_least "$RUST_MIN" "$(candidate rustc)"; then
        packages="$packages rustc cargo rust-src"
    else
        hint rust-src
        return 1
    fi
}

need qemu-arm-static qemu-user-static
need xz xz-utils
need file file
need readelf binutils # readelf and nm read ARM files on every architecture
need cc "gcc libc6-dev" # build scripts are compiled for this machine
# A client without an engine, local or remote, cannot build.
[ "${BUILDER:-}" != cross ] || have_docker || need dockerd docker.io
need python3 python3
find_zig
if { [ -z "$ZIG" ] || [ -z "$ZIGBUILD" ]; } && ! have_pip; then packages="$packages python3-pip"; fi
need_rust
# shellcheck disable=SC2086 # a list
[ -z "$packages" ] || apt_install $packages

pip_install py "$BUILD_REQUIREMENTS"

[ "${BUILDER:-}" != cross ] || install_cross

RUST=auto
find_rust
find_zig
say "rust: $RUST $RUST_VERSION ($RUSTC)"
say "zig:  $("$ZIG" version) ($ZIG)"
say "qemu: $(qemu-arm-static --version | head -n 1)"
[ "$RUST" != none ]
