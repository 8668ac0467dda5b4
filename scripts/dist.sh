#!/bin/sh
# Builds the static binaries and SHA256SUMS into dist/, and prints their sizes.
#
#   BUILDER  cross (default if cross and a running Docker are available) or zigbuild
#   TARGETS  names from scripts/toolchain/targets.sh, default: all
#   RUST     rustup or debian: whose compiler and std source to use; default: the one that has the source, rustup first
#   DIST     output directory, default: dist
#   SYMBOLS  not empty: keep the symbols (zigbuild only; scripts/size.sh reads them)
#   TESTS    not empty: build the integration tests and the fake Gandi instead, as DIST/it-NAME and DIST/fake_gandi-NAME,
#            for tests that run on the board itself; they are not shipped, so they are not listed in SHA256SUMS
#
# Both builders run cargo-zigbuild with the same zig and the same flags (cross runs it inside the container), so that
# they produce identical binaries; `make cross-check` compares them.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-$TARGET_NAMES}

for name in $TARGETS; do target_select "$name" || exit 64; done

# Flags and tools that the caller has set for other builds must not change this one. cross passes on only some of them.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET CFLAGS TARGET_CFLAGS || true
unset RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_RUSTC CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER || true
unset CC AR TARGET_CC TARGET_AR || true

builder=${BUILDER:-}
if [ -z "$builder" ]; then
    find_cross
    if [ -n "$CROSS" ] && have_docker; then builder=cross; else builder=zigbuild; fi
fi

find_rust
missing=
std=source
case $builder in
zigbuild)
    find_zig
    [ -n "$ZIG" ] || missing="$missing zig"
    [ -n "$ZIGBUILD" ] || missing="$missing cargo-zigbuild"
    ;;
cross)
    find_cross
    [ -n "$CROSS" ] || missing="$missing cross"
    have_docker || missing="$missing docker"
    # The image contains Debian's compiler and source, for hosts that have none.
    [ "$RUST" != none ] || { RUST=debian RUST_VERSION=''; }
    ;;
*)
    say "BUILDER is '$builder'; use cross or zigbuild"
    exit 64
    ;;
esac
if [ "$RUST" = none ]; then
    std=prebuilt
    for name in $TARGETS; do
        target_select "$name"
        has_prebuilt "$TARGET_TRIPLE" && continue
        case $missing in *rust-src*) ;; *) missing="$missing rust-src" ;; esac
        prebuilt_hint=$TARGET_TRIPLE
    done
fi
if [ -n "$missing" ]; then
    for what in $missing; do hint "$what"; done
    [ -z "${prebuilt_hint:-}" ] || hint prebuilt "$prebuilt_hint"
    exit 1
fi
if [ $std = prebuilt ]; then
    say "no std source found: using the toolchain's prebuilt std."
    say "The binaries will be about a third bigger. To build the small ones:"
    hint rust-src
fi

name_build

if [ "$RUST" != rustup ] && [ -n "$RUSTC" ]; then PATH=$RUST_BIN:$PATH; fi
# One directory per builder and compiler: in a shared one, each would rebuild std.
work=$ROOT/target/arm/$builder-$RUST${RUST_VERSION:+-$RUST_VERSION}
[ "$builder-$RUST" != cross-debian ] || work=$ROOT/target/arm/cross-image
flags=$std profile=
if [ -n "${TESTS:-}" ]; then
    # A test that fails prints a message and unwinds, which takes another std. The size does not matter: no LTO.
    work=$work-tests
    [ $std = prebuilt ] || flags=unwind
    profile="CARGO_PROFILE_RELEASE_LTO CARGO_PROFILE_RELEASE_CODEGEN_UNITS CARGO_PROFILE_RELEASE_PANIC"
    export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_PANIC=unwind
fi
mkdir -p "$work" "$DIST"

if [ $std = source ]; then
    RUSTC_BOOTSTRAP=1
    CARGO_UNSTABLE_BUILD_STD=std,panic_abort
    [ -z "${TESTS:-}" ] || CARGO_UNSTABLE_BUILD_STD=std,panic_unwind,test
    CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
    # 64-bit time on 32-bit targets, for the libc crate of std and for ours: std's clock aborts from 2038-01-19 on
    # otherwise. Newer versions of the crate read --cfg=libc_unstable_time64 instead, see targets.sh.
    RUST_LIBC_UNSTABLE_MUSL_V1_2_3=1
    export RUSTC_BOOTSTRAP CARGO_UNSTABLE_BUILD_STD CARGO_UNSTABLE_BUILD_STD_FEATURES RUST_LIBC_UNSTABLE_MUSL_V1_2_3
fi

# The paths that the compiler sees, and their replacements in the binary.
if [ "$builder" = cross ]; then
    remap="/cargo/registry/src=crates /target=target /project=."
    case $RUST in rustup) sysroot=/rust ;; *) sysroot=/usr ;; esac
    remap="$remap $sysroot/lib/rustlib/src/rust=rust"
    # The image's compiler must be the one of this machine, if that is Debian's too.
    build_rustc=
    [ -z "$RUST_VERSION" ] || build_rustc=$("$RUSTC" -vV)
else
    remap="${CARGO_HOME:-$HOME/.cargo}/registry/src=crates $work=target $ROOT=."
    if [ $std = source ]; then
        # cargo does not resolve Debian's symbolic link to the source.
        remap="$remap $("$RUSTC" --print sysroot)/lib/rustlib/src/rust=rust"
    fi
fi

# Downloads the wheels here, so that building the image needs no network.
wheels=scripts/build-image/wheels
if [ "$builder" = cross ] && ! cmp -s "$BUILD_REQUIREMENTS" "$wheels/requirements.txt"; then
    rm -rf "$wheels"
    if python3 -m pip download -q --no-deps --only-binary :all: --require-hashes \
        -d "$wheels" -r "$BUILD_REQUIREMENTS" >&2; then
        cp "$BUILD_REQUIREMENTS" "$wheels/"
    else
        say "could not download the wheels; pip will try again inside the image"
        rm -rf "$wheels"
    fi
fi
say "builder $builder, $RUST's rustc ${RUST_VERSION:-of the image}, std: $std, targets: $TARGETS"
cargo fetch --locked >&2

built=
for name in $TARGETS; do
    target_select "$name"
    # Not RUSTFLAGS: that would override the flags of .cargo/config.toml.
    export "CARGO_TARGET_${TARGET_TRIPLE_}_RUSTFLAGS=$(target_rustflags $flags "$remap")"
    export "CFLAGS_$TARGET_triple_=$(target_cflags "$remap")"
    CARGO_BUILD_RUSTC_WRAPPER=$(target_wrapper $flags)
    export CARGO_BUILD_RUSTC_WRAPPER
    export ZIG_WRAPPER="$TARGET_ZIG_WRAPPER"
    # The image's cargo fails if one of these is missing in the container.
    BUILD_VARIABLES="GANDI_DDNS_BUILD SOURCE_DATE_EPOCH CARGO_BUILD_RUSTC_WRAPPER ZIG_WRAPPER $profile
        CARGO_TARGET_${TARGET_TRIPLE_}_RUSTFLAGS CFLAGS_$TARGET_triple_"
    [ $std != source ] || BUILD_VARIABLES="$BUILD_VARIABLES RUSTC_BOOTSTRAP CARGO_UNSTABLE_BUILD_STD
        CARGO_UNSTABLE_BUILD_STD_FEATURES RUST_LIBC_UNSTABLE_MUSL_V1_2_3"
    # cargo does not notice changes in these files, so a change removes what was built with the old ones.
    # shellcheck disable=SC2086 # lists
    inputs=$(cat "$BUILD_REQUIREMENTS" $TARGET_WRAPPER $TARGET_ZIG_WRAPPER $TARGET_C_SOURCES | cksum)
    if [ "$(cat "$work/$TARGET_TRIPLE.inputs" 2>/dev/null)" != "$inputs" ]; then
        rm -rf "${work:?}/$TARGET_TRIPLE"
        echo "$inputs" >"$work/$TARGET_TRIPLE.inputs"
    fi
    set -- --release --frozen --target "$TARGET_TRIPLE"
    exec 3>&2
    if [ -n "${TESTS:-}" ]; then
        set -- "$@" --test it --example fake_gandi --message-format json-render-diagnostics
        exec 3>"$work/messages"
    fi
    say "$name: $TARGET_TRIPLE"
    if [ "$builder" = cross ]; then
        # CROSS_CUSTOM_TOOLCHAIN, the unreachable server and the shim make cross use the installed toolchain, and keep
        # it from installing or updating any.
        toolchain=$(basename "$(rustc --print sysroot)")
        set -- "$CROSS" build "$@"
        # Debian's Rust has no rustup, and so no toolchain name.
        [ "$toolchain" = usr ] || set -- env RUSTUP_TOOLCHAIN="$toolchain" "$@"
        env PATH="$ROOT/scripts/toolchain/rustup-shim:$PATH" CARGO_TARGET_DIR="$work" BUILD_RUST="$RUST" \
            BUILD_RUSTC="$build_rustc" BUILD_VARIABLES="$BUILD_VARIABLES" \
            CROSS_CUSTOM_TOOLCHAIN=1 RUSTUP_DIST_SERVER=http://127.0.0.1:9 RUSTUP_AUTO_INSTALL=0 "$@" >&3
    else
        verb=zigbuild
        if [ -n "${SYMBOLS:-}" ]; then
            # Repeats only the last step; a profile of its own would rebuild everything.
            verb=rustc
            set -- "$@" --bin $BIN -- -Cstrip=none
        fi
        zig=$ZIG
        [ -z "$ZIG_WRAPPER" ] || zig=$ROOT/$ZIG_WRAPPER
        ZIG="$ZIG" CARGO_TARGET_DIR="$work" CARGO_ZIGBUILD_ZIG_PATH="$zig" CARGO_ZIGBUILD_CACHE_DIR="$work/zigbuild" \
            "$ZIGBUILD" $verb "$@" >&3
    fi
    if [ -n "${TESTS:-}" ]; then
        # cargo adds a hash to the name of a test, and tells it in JSON.
        file=$(sed -n 's|.*"executable":"[^"]*/deps/\([^"]*\)".*|\1|p' "$work/messages")
        cp "$work/$TARGET_TRIPLE/release/deps/$file" "$DIST/it-$name"
        cp "$work/$TARGET_TRIPLE/release/examples/fake_gandi" "$DIST/fake_gandi-$name"
        continue
    fi
    out=$DIST/$BIN-$version-$name
    # Copied under another name and renamed: a test may be running the old file.
    cp "$work/$TARGET_TRIPLE/release/$BIN" "$out.new"
    mv "$out.new" "$out"
    built="$built $BIN-$version-$name"
done

[ -z "${TESTS:-}" ] || exit 0

# Includes the binaries of earlier builds, so that a later `make dist TARGETS=…` adds to the list.
(cd "$DIST" && sha256sum "$BIN-$version"-* >SHA256SUMS)
printf '%-32s %10s %10s\n' "$DIST/" bytes "xz -9e"
for file in $built; do
    printf '%-32s %10s %10s\n' "$file" "$(wc -c <"$DIST/$file")" "$(xz -9e -c "$DIST/$file" | wc -c)"
done
