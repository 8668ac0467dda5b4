# shellcheck shell=sh disable=SC2034
# Finds Rust with std's source, zig and cargo-zigbuild; says what is missing.
#
# ROOT must be set by the script that sources this file.

ZIG_VERSION=0.14.1 # 0.15 and later replace parts of musl by other code
CROSS_VERSION=0.2.5
RUST_MIN=1.92 # the first with -Cpanic=immediate-abort
ARM_TOOLS=${ARM_TOOLS:-$ROOT/target/tools}

BIN=gandi-ddns
DIST=${DIST:-dist}
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)

# names_in_dist: the names whose binaries of this version are built.
names_in_dist() {
    for name in $ARM_NAMES; do
        [ ! -e "$DIST/$BIN-$version-$name" ] || printf '%s ' "$name"
    done
}

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least WANTED FOUND: is version FOUND WANTED or later?
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

rust_release() { "$1" -vV 2>/dev/null | sed -n 's/^release: \([0-9.]*\).*/\1/p'; }

# has_source RUSTC: does its sysroot hold std's source?
has_source() { [ -e "$("$1" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/std/Cargo.toml" ]; }

# find_rust: sets RUST to rustup, debian or none, RUSTC, RUST_BIN (for PATH) and
# RUST_VERSION. Set RUST beforehand to insist on one of them.
find_rust() {
    RUST_PATH_RUSTC=$(command -v rustc || true)
    case ${RUST:-auto} in
    auto)
        if [ -n "$RUST_PATH_RUSTC" ] && [ "$RUST_PATH_RUSTC" != /usr/bin/rustc ] && usable "$RUST_PATH_RUSTC"; then
            RUST=rustup
        elif [ -x /usr/bin/cargo ] && usable /usr/bin/rustc; then
            RUST=debian
        else
            RUST=none
        fi
        ;;
    rustup | debian | none) ;;
    *) say "RUST is '$RUST'; it can be rustup or debian"; return 64 ;;
    esac
    case $RUST in
    rustup) RUSTC=$RUST_PATH_RUSTC ;;
    debian) RUSTC=/usr/bin/rustc ;;
    none) RUSTC=$RUST_PATH_RUSTC ;;
    esac
    [ -n "$RUSTC" ] || { RUST=none; RUST_VERSION=; return 0; }
    RUST_BIN=$(dirname "$RUSTC")
    RUST_VERSION=$(rust_release "$RUSTC")
}

usable() {
    [ -x "$1" ] && has_source "$1" && at_least $RUST_MIN "$(rust_release "$1")"
}

# has_prebuilt TRIPLE: has the toolchain a ready std for it?
has_prebuilt() {
    [ -n "$RUSTC" ] && ls "$("$RUSTC" --print sysroot)/lib/rustlib/$1/lib/"libstd-*.rlib >/dev/null 2>&1
}

# find_zig: sets ZIG and ZIGBUILD, the project's own first, else those in PATH.
find_zig() {
    ZIG=''
    ZIGBUILD=''
    if [ -x "$ARM_TOOLS/py/ziglang/zig" ]; then
        ZIG=$ARM_TOOLS/py/ziglang/zig
    elif have zig && [ "$(zig version)" = $ZIG_VERSION ]; then
        ZIG=$(command -v zig)
    fi
    if [ -x "$ARM_TOOLS/py/bin/cargo-zigbuild" ]; then
        ZIGBUILD=$ARM_TOOLS/py/bin/cargo-zigbuild
    elif have cargo-zigbuild; then
        ZIGBUILD=$(command -v cargo-zigbuild)
    fi
}

have_docker() { have docker && docker info >/dev/null 2>&1; }

# name_build: sets GANDI_DDNS_BUILD and SOURCE_DATE_EPOCH, unless they are set.
# The commit goes into --version. Both come from the commit, not from the clock
# or the machine, so that anyone's build of it is the same.
name_build() {
    if [ -z "${GANDI_DDNS_BUILD+set}" ]; then
        GANDI_DDNS_BUILD=
        if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
            GANDI_DDNS_BUILD=$(TZ=UTC0 git log -1 --abbrev=9 --date=format-local:%Y-%m-%d --format='%h %cd')
            if [ -n "$(git status --porcelain -uno)" ]; then
                say "note: the tree has uncommitted changes; --version says so"
                GANDI_DDNS_BUILD=$(echo "$GANDI_DDNS_BUILD" | sed 's/ /-dirty /')
            fi
        fi
    fi
    if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
    fi
    export GANDI_DDNS_BUILD SOURCE_DATE_EPOCH
}

# One line for each thing that may be missing: the one command that installs it.
hint() {
    case $1 in
    rust-src)
        say "missing: std's source, for a compiler of at least $RUST_MIN"
        say "  rustup:  rustup component add rust-src"
        say "  Debian:  apt-get install rustc-web cargo-web rust-web-src   (or rustc cargo rust-src from backports)"
        ;;
    prebuilt)
        say "  or, for a bigger binary, a ready std:  rustup target add $2"
        ;;
    zig)
        say "missing: zig $ZIG_VERSION"
        say "  anywhere:  make setup-arm"
        ;;
    cargo-zigbuild)
        say "missing: cargo-zigbuild"
        say "  anywhere:  make setup-arm   (or: cargo install --locked cargo-zigbuild)"
        ;;
    cross)
        say "missing: cross $CROSS_VERSION"
        say "  anywhere:  cargo install cross --locked --version $CROSS_VERSION"
        ;;
    docker)
        say "missing: a running Docker that you may use"
        say "  Debian:  apt-get install docker.io && service docker start && adduser \"\$USER\" docker"
        ;;
    esac
}
