#!/bin/sh
# Builds the static binaries into dist/, with SHA256SUMS and a size table.
#
#   BUILDER  cross (the default where cross and a running Docker are) or zigbuild
#   TARGETS  names from scripts/toolchain/targets.sh, all six by default
#   RUST     rustup or debian: whose compiler and std source to use; by default
#            whichever has the source, rustup's first
#   DIST     where to put them, dist/ by default
#   SYMBOLS  not empty: keep the symbols (zigbuild only; scripts/size.sh reads them)
#   EXAMPLE  build this example instead, as DIST/EXAMPLE-name, for tests that run
#            on the board itself; no sums and no table, since it is not shipped
#
# Both builders run cargo-zigbuild with the same zig and the same flags, cross
# inside the container, so that they give the same program.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-$ARM_NAMES}

for name in $TARGETS; do arm_target "$name" || exit 64; done

# What the caller has set for other builds must not change this one.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET CFLAGS TARGET_CFLAGS RUSTC_WRAPPER || true

builder=${BUILDER:-}
if [ -z "$builder" ]; then
    if have cross && have_docker; then builder=cross; else builder=zigbuild; fi
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
    have cross || missing="$missing cross"
    have_docker || missing="$missing docker"
    # The image has Debian's compiler with its source, for hosts without one.
    [ "$RUST" != none ] || { RUST=debian RUST_VERSION=''; }
    ;;
*)
    say "BUILDER is '$builder'; it can be cross or zigbuild"
    exit 64
    ;;
esac
if [ "$RUST" = none ]; then
    std=prebuilt
    for name in $TARGETS; do
        arm_target "$name"
        has_prebuilt "$ARM_TRIPLE" && continue
        case $missing in *rust-src*) ;; *) missing="$missing rust-src" ;; esac
        prebuilt_hint=$ARM_TRIPLE
    done
fi
if [ -n "$missing" ]; then
    for what in $missing; do hint "$what"; done
    [ -z "${prebuilt_hint:-}" ] || hint prebuilt "$prebuilt_hint"
    exit 1
fi
if [ $std = prebuilt ]; then
    say "no std source found: using the toolchain's ready std."
    say "That works, but the binaries are about a third bigger. To make the small ones:"
    hint rust-src
fi

name_build

if [ "$RUST" != rustup ] && [ -n "$RUSTC" ]; then PATH=$RUST_BIN:$PATH; fi
# One directory for each builder and compiler: they would rebuild each other's std.
work=$ROOT/target/arm/$builder-$RUST${RUST_VERSION:+-$RUST_VERSION}
[ "$builder-$RUST" != cross-debian ] || work=$ROOT/target/arm/cross-image
mkdir -p "$work" "$DIST"

if [ $std = source ]; then
    RUSTC_BOOTSTRAP=1
    CARGO_UNSTABLE_BUILD_STD=std,panic_abort
    CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
    export RUSTC_BOOTSTRAP CARGO_UNSTABLE_BUILD_STD CARGO_UNSTABLE_BUILD_STD_FEATURES
fi

# Paths as the compiler sees them, and what to call them instead.
if [ "$builder" = cross ]; then
    remap="/cargo/registry/src=crates /target=target /project=."
    case $RUST in rustup) src=/rust/lib/rustlib/src/rust ;; *) src=/usr/src/rustc-$RUST_VERSION ;; esac
    remap="$remap $src=rust"
else
    remap="${CARGO_HOME:-$HOME/.cargo}/registry/src=crates $work=target $ROOT=."
    if [ $std = source ]; then
        remap="$remap $(readlink -f "$("$RUSTC" --print sysroot)/lib/rustlib/src/rust")=rust"
    fi
fi

# The image and the containers get by without a network of their own.
if [ "$builder" = cross ] && ! cmp -s scripts/build-image/requirements.txt scripts/build-image/wheels/requirements.txt; then
    rm -rf scripts/build-image/wheels
    if python3 -m pip download -q --no-deps --only-binary :all: --require-hashes \
        -d scripts/build-image/wheels -r scripts/build-image/requirements.txt >&2; then
        cp scripts/build-image/requirements.txt scripts/build-image/wheels/
    else
        say "no wheels brought in: the image will ask pip itself"
        rm -rf scripts/build-image/wheels
    fi
fi
say "builder $builder, $RUST's rustc ${RUST_VERSION:-of the image}, std: $std, targets: $TARGETS"
cargo fetch --locked >&2

built=
for name in $TARGETS; do
    arm_target "$name"
    # Not RUSTFLAGS: that would put .cargo/config.toml's flags out of force.
    export "CARGO_TARGET_${ARM_TRIPLE_}_RUSTFLAGS=$(arm_flags $std "$remap")"
    export "CFLAGS_$ARM_triple_=$(arm_cflags "$remap")"
    CARGO_BUILD_RUSTC_WRAPPER=$(arm_wrapper $std)
    export CARGO_BUILD_RUSTC_WRAPPER
    set -- --release --frozen --target "$ARM_TRIPLE"
    [ -z "${EXAMPLE:-}" ] || set -- "$@" --example "$EXAMPLE"
    say "$name: $ARM_TRIPLE"
    if [ "$builder" = cross ]; then
        # CROSS_CUSTOM_TOOLCHAIN, the unreachable server and the shim: cross must
        # build with the toolchain that is there, and install or update none.
        toolchain=$(basename "$(rustc --print sysroot)")
        set -- cross build "$@"
        # Debian's Rust has no rustup that could be told a toolchain's name.
        [ "$toolchain" = usr ] || set -- env RUSTUP_TOOLCHAIN="$toolchain" "$@"
        env PATH="$ROOT/scripts/toolchain/rustup-shim:$PATH" CARGO_TARGET_DIR="$work" ARM_RUST="$RUST" \
            CROSS_CUSTOM_TOOLCHAIN=1 RUSTUP_DIST_SERVER=http://127.0.0.1:9 RUSTUP_AUTO_INSTALL=0 "$@" >&2
    else
        verb=zigbuild
        if [ -n "${SYMBOLS:-}" ]; then
            # Only the last step again, not everything in a profile of its own.
            verb=rustc
            set -- "$@" --bin $BIN -- -Cstrip=none
        fi
        CARGO_TARGET_DIR="$work" CARGO_ZIGBUILD_ZIG_PATH="$ZIG" CARGO_ZIGBUILD_CACHE_DIR="$work/zigbuild" \
            "$ZIGBUILD" $verb "$@" >&2
    fi
    if [ -n "${EXAMPLE:-}" ]; then
        cp "$work/$ARM_TRIPLE/release/examples/$EXAMPLE" "$DIST/$EXAMPLE-$name"
        continue
    fi
    out=$DIST/$BIN-$version-$name
    # By a new name and a rename: the old one may be running under a test.
    cp "$work/$ARM_TRIPLE/release/$BIN" "$out.new"
    mv "$out.new" "$out"
    built="$built $BIN-$version-$name"
done

[ -z "${EXAMPLE:-}" ] || exit 0

# Sums of everything there, so that a later `make dist TARGETS=…` adds to the list.
(cd "$DIST" && sha256sum "$BIN-$version"-* >SHA256SUMS)
printf '%-32s %10s %10s\n' "$DIST/" bytes "xz -9e"
for file in $built; do
    printf '%-32s %10s %10s\n' "$file" "$(wc -c <"$DIST/$file")" "$(xz -9e -c "$DIST/$file" | wc -c)"
done
