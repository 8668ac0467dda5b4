# shellcheck shell=sh disable=SC2034
# The ARM table: what each name means to rustc, to the C compiler and to qemu.
#
# Every script that builds or runs a foreign binary sources this file, so that
# both builders (cross and zigbuild) and the tests get the same flags from one
# place. Stable per-target flags are in .cargo/config.toml, where plain cargo
# sees them too; here is what only an environment can carry.

ARM_NAMES="armv6 armv7 arm64 armv7-soft armv5 x86_64"

# arm_target NAME: sets
#   ARM_TRIPLE  Rust's target
#   ARM_MCPU    the CPU in zig's spelling, for zig's musl and for C code;
#               empty leaves cargo-zigbuild's choice
#   ARM_CMODE   what to add to it for C code alone
#   ARM_QEMU    one qemu-user command a line: every CPU the binary is tested on
arm_target() {
    ARM_MCPU=''
    ARM_CMODE=''
    case $1 in
    armv6) # every 32-bit Raspberry Pi OS: Pi 1, Zero and up
        ARM_TRIPLE=arm-unknown-linux-musleabihf
        ARM_QEMU='qemu-arm-static -cpu arm1176'
        ;;
    armv7) # Pi 2 and up, routers with an FPU; NEON is only used when found at run time
        ARM_TRIPLE=armv7-unknown-linux-musleabihf
        # VFPv3-D16 is what the ABI promises; cargo-zigbuild's choice, spelt out.
        ARM_MCPU=generic+v7a+vfp3-d32+thumb2-neon
        # ring's C and assembly as Thumb-2, like the Rust code: 20 kB. Said as a
        # CPU feature, since -mthumb does not reach the assembly. Not musl: its
        # system calls use r7, which zig keeps for frames in Thumb.
        ARM_CMODE=+thumb_mode
        # ring takes its NEON code when the kernel says the CPU has it: both ways.
        ARM_QEMU='qemu-arm-static -cpu cortex-a7
qemu-arm-static -cpu cortex-a7,neon=off'
        ;;
    arm64) # 64-bit systems
        ARM_TRIPLE=aarch64-unknown-linux-musl
        ARM_QEMU='qemu-aarch64-static -cpu cortex-a53'
        ;;
    armv7-soft) # ARMv7 routers without an FPU
        ARM_TRIPLE=armv7-unknown-linux-musleabi
        # soft_float, and vfp2 off with all that builds on it: zig's ARMv7 has
        # an FPU unless told, and its code would be illegal on these CPUs.
        ARM_MCPU=generic+v7a+thumb2+soft_float-vfp2-vfp2sp-vfp3-neon
        ARM_CMODE=+thumb_mode
        ARM_QEMU='qemu-arm-static -cpu cortex-a9,vfp=off,neon=off'
        ;;
    armv5) # older routers and NAS boxes
        ARM_TRIPLE=armv5te-unknown-linux-musleabi
        ARM_QEMU='qemu-arm-static -cpu arm926,vfp=off'
        ;;
    x86_64) # PC routers, and a quick check of the static build
        ARM_TRIPLE=x86_64-unknown-linux-musl
        ARM_QEMU=
        ;;
    *)
        echo "unknown target '$1'; known: $ARM_NAMES" >&2
        return 64
        ;;
    esac
    ARM_triple_=$(echo "$ARM_TRIPLE" | tr - _)
    ARM_TRIPLE_=$(echo "$ARM_triple_" | tr '[:lower:]' '[:upper:]')
}

# arm_flags STD REMAP: prints the rustflags to add to .cargo/config.toml's.
#   STD    source: std is built from source; prebuilt: the toolchain's own is used
#   REMAP  "from=to" pairs, so that no machine's paths reach the binary
# Never -Zfmt-debug=none here: ureq writes the request line with {:?}.
arm_flags() {
    # zig brings musl and its start files: rustc must not look for its own.
    printf '%s ' -Clink-self-contained=no
    # zig builds its musl and compiler-rt for size when it links for size.
    printf '%s ' -Clink-arg=-Os
    if [ "$1" = source ]; then
        # A panic aborts at once: no message is formatted, no unwinder is linked,
        # no table for it is written.
        printf '%s ' -Zunstable-options -Cpanic=immediate-abort -Cforce-unwind-tables=no
        # No file names and line numbers either, which no one would print.
        printf '%s ' -Zlocation-detail=none
        # libunwind out, which 32-bit ARM's tables would hold on to. By a path
        # from the workspace, where cargo calls the linker.
        case $ARM_TRIPLE in arm*) printf '%s ' -Clink-arg=scripts/toolchain/no-unwind.c ;; esac
    fi
    # Sequences that repeat become functions: smaller on disk, larger once
    # compressed. For the target whose budget is the tightest.
    [ "$ARM_TRIPLE" != armv7-unknown-linux-musleabihf ] || printf '%s ' -Cllvm-args=-enable-machine-outliner=always
    # What Thumb-1 code cannot do by itself.
    [ -z "$(arm_wrapper "$1")" ] || printf '%s ' -Clink-arg=scripts/toolchain/atomics.c
    [ -z "$ARM_MCPU" ] || printf '%s ' "-Clink-arg=-mcpu=$ARM_MCPU"
    for pair in $2; do printf '%s ' "--remap-path-prefix=$pair"; done
}

# arm_wrapper STD: prints the rustc wrapper, if the target wants one; by a path
# from the workspace, which is elsewhere inside cross's container.
arm_wrapper() {
    [ "$ARM_TRIPLE:$1" != arm-unknown-linux-musleabihf:source ] || echo scripts/toolchain/rustc-thumb
}

# arm_cflags REMAP: prints the flags for C code (ring).
arm_cflags() {
    [ -z "$ARM_MCPU" ] || printf '%s ' "-mcpu=$ARM_MCPU$ARM_CMODE"
    for pair in $1; do printf '%s ' "-ffile-prefix-map=$pair"; done
    # Tables for an unwinder that is not there.
    printf '%s' '-fno-unwind-tables -fno-asynchronous-unwind-tables'
}
