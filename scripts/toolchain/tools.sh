# shellcheck shell=sh disable=SC2034
# Finds the build tools (Rust with std's source, zig, cargo-zigbuild, cross), installs packages, and names missing tools.
#
# The caller must set ROOT, the directory of the repository.

ZIG_VERSION=0.14.1 # 0.15 and later replace parts of musl with code of their own
MUSL_VERSION=1.2.5 # the one in this zig, for the SBOM
CROSS_VERSION=0.2.5
CYCLONEDX_VERSION=0.5.9
RUST_MIN=1.92 # the first version with -Cpanic=immediate-abort
TOOLS_DIR=${TOOLS_DIR:-$ROOT/target/tools}
BUILD_REQUIREMENTS=scripts/build-image/requirements.txt

BIN=gandi-ddns
DIST=${DIST:-dist}
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)

# names_in_dist: prints the targets of which DIST holds a binary of this version.
names_in_dist() {
    for name in $TARGET_NAMES; do
        [ ! -e "$DIST/$BIN-$version-$name" ] || printf '%s ' "$name"
    done
}

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least WANTED FOUND: succeeds if version FOUND is WANTED or later.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# apt_install PACKAGE...: installs Debian packages as root or with sudo; otherwise prints the command and fails.
apt_install() {
    have apt-get || { say "please install: $*"; return 1; }
    if [ "$(id -u)" = 0 ]; then
        apt-get update -q >&2 || return 1
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove "$@" >&2
    elif have sudo; then
        sudo apt-get update -q >&2 || return 1
        sudo apt-get install -y --no-install-recommends --no-remove "$@" >&2
    else
        say "missing packages; run this as root, then try again:  apt-get install --no-install-recommends $*"
        return 1
    fi
}

have_pip() { python3 -m pip --version >/dev/null 2>&1; }

# pip_install DIRECTORY REQUIREMENTS: installs Python packages into TOOLS_DIR/DIRECTORY, unless they are there already.
# pip's --target leaves the system's Python alone, so this also works where Debian manages it.
pip_install() {
    stamp=$TOOLS_DIR/$1/.requirements
    ! cmp -s "$2" "$stamp" || return 0
    rm -rf "${TOOLS_DIR:?}/$1"
    mkdir -p "$TOOLS_DIR"
    python3 -m pip install -q --no-warn-script-location --root-user-action=ignore --disable-pip-version-check \
        --no-deps --only-binary :all: --require-hashes --target "$TOOLS_DIR/$1" -r "$2" || return 1
    cp "$2" "$stamp"
}

rust_release() { "$1" -vV 2>/dev/null | sed -n 's/^release: \([0-9.]*\).*/\1/p'; }

# has_source RUSTC: succeeds if its sysroot holds std's source.
has_source() { [ -e "$("$1" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/std/Cargo.toml" ]; }

# find_rust: sets RUST (rustup, debian or none), RUSTC, RUST_BIN (a directory for PATH) and RUST_VERSION.
# If RUST is rustup or debian already, only that one is considered.
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
    *) say "RUST is '$RUST'; use rustup or debian"; return 64 ;;
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

# usable RUSTC: succeeds if it can build std from source with the flags of targets.sh.
usable() {
    [ -x "$1" ] && has_source "$1" && at_least $RUST_MIN "$(rust_release "$1")"
}

# has_prebuilt TRIPLE: succeeds if the toolchain has a prebuilt std for this target.
has_prebuilt() {
    [ -n "$RUSTC" ] && ls "$("$RUSTC" --print sysroot)/lib/rustlib/$1/lib/"libstd-*.rlib >/dev/null 2>&1
}

# find_zig: sets ZIG and ZIGBUILD, or leaves them empty. Those in TOOLS_DIR take precedence over PATH.
find_zig() {
    ZIG=''
    ZIGBUILD=''
    if [ -x "$TOOLS_DIR/py/ziglang/zig" ]; then
        ZIG=$TOOLS_DIR/py/ziglang/zig
    elif have zig && [ "$(zig version)" = $ZIG_VERSION ]; then
        ZIG=$(command -v zig)
    fi
    if [ -x "$TOOLS_DIR/py/bin/cargo-zigbuild" ]; then
        ZIGBUILD=$TOOLS_DIR/py/bin/cargo-zigbuild
    elif have cargo-zigbuild; then
        ZIGBUILD=$(command -v cargo-zigbuild)
    fi
}

have_docker() { have docker && docker info >/dev/null 2>&1; }

# find_cross: sets CROSS, or leaves it empty. The one in TOOLS_DIR takes precedence over PATH. Another version is not
# used: each version passes on a different set of variables to the container.
find_cross() {
    CROSS=''
    for cross in "$TOOLS_DIR/cross-$CROSS_VERSION/bin/cross" cross; do
        have "$cross" || continue
        # cross calls rustup even for --version, hence the shim.
        found=$(PATH=$ROOT/scripts/toolchain/rustup-shim:$PATH "$cross" --version 2>/dev/null |
            sed -n 's/^cross \([0-9.]*\).*/\1/p')
        [ "$found" = "$CROSS_VERSION" ] || continue
        CROSS=$(command -v "$cross")
        break
    done
}

# install_cross: installs cross into TOOLS_DIR, unless find_cross finds it.
install_cross() {
    find_cross
    [ -z "$CROSS" ] || return 0
    say "installing cross $CROSS_VERSION"
    cargo install -q cross --locked --version "$CROSS_VERSION" --root "$TOOLS_DIR/cross-$CROSS_VERSION" || return 1
    find_cross
    [ -n "$CROSS" ] || { say "cross $CROSS_VERSION was installed but does not run"; return 1; }
}

# install_cyclonedx: installs cargo-cyclonedx into TOOLS_DIR, unless it is there, and sets CYCLONEDX.
install_cyclonedx() {
    CYCLONEDX=$TOOLS_DIR/cargo-cyclonedx-$CYCLONEDX_VERSION/bin/cargo-cyclonedx
    [ ! -x "$CYCLONEDX" ] || return 0
    say "installing cargo-cyclonedx $CYCLONEDX_VERSION"
    # Not optimized: it is built faster so than it runs slower.
    cargo install -q --debug cargo-cyclonedx --locked --version "$CYCLONEDX_VERSION" \
        --root "$TOOLS_DIR/cargo-cyclonedx-$CYCLONEDX_VERSION"
}

# name_build: sets GANDI_DDNS_BUILD (commit and date, for --version) and SOURCE_DATE_EPOCH, unless they are set.
# Both come from the commit and not from the clock or the machine, so that every build of a commit is identical.
name_build() {
    if [ -z "${GANDI_DDNS_BUILD+set}" ]; then
        GANDI_DDNS_BUILD=
        if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
            GANDI_DDNS_BUILD=$(TZ=UTC0 git log -1 --abbrev=9 --date=format-local:%Y-%m-%d --format='%h %cd')
            if [ -n "$(git status --porcelain -uno)" ]; then
                say "note: the working tree has uncommitted changes; --version will show -dirty"
                GANDI_DDNS_BUILD=$(echo "$GANDI_DDNS_BUILD" | sed 's/ /-dirty /')
            fi
        fi
    fi
    if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
    fi
    export GANDI_DDNS_BUILD SOURCE_DATE_EPOCH
}

# hint TOOL [TRIPLE]: prints the command that installs a missing tool.
hint() {
    case $1 in
    rust-src)
        say "missing: std's source, for a compiler of version $RUST_MIN or later"
        say "  rustup:  rustup component add rust-src"
        say "  Debian:  apt-get install rustc-web cargo-web rust-web-src   (or rustc cargo rust-src from backports)"
        ;;
    prebuilt)
        say "  or, for a bigger binary, a prebuilt std:  rustup target add $2"
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
        say "  anywhere:  make setup-arm BUILDER=cross   (or: cargo install cross --locked --version $CROSS_VERSION)"
        ;;
    docker)
        say "missing: a running Docker that you have access to"
        say "  Debian:  apt-get install docker.io && service docker start && adduser \"\$USER\" docker"
        ;;
    esac
}
