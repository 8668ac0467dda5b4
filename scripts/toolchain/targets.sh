# shellcheck shell=sh disable=SC2034
# The list of targets: the Rust target, flags, test CPUs and size budget of each name.
#
# This is the only place that defines a target. Files that cannot read it (Cross.toml, .cargo/config.toml, deny.toml,
# the README's footprint table) are compared with it by scripts/check-lists.sh. The rustflags that work on a stable
# compiler are in .cargo/config.toml, so that plain `cargo build --target` uses them too; the flags here are added to
# those.

TARGET_NAMES="armv6 armv7 arm64 armv7-soft armv5 x86_64 mipsel mips riscv64 i386 powerpc loongarch64"
# The targets that `make test-cpu` builds and tests when dist/ is empty.
TEST_TARGETS="armv6 arm64"

# 24Kc is the weakest CPU of OpenWrt's ramips and ath79: MIPS32 release 2, no FPU.
MIPS_MCPU=mips32r2+soft_float
MIPS_C_SOURCES="scripts/toolchain/no-printf.c scripts/toolchain/no-pdr.ld"

# target_select NAME: sets the fields of one target, or fails with code 64.
#   TARGET_TRIPLE     the Rust target
#   TARGET_MCPU       the CPU as zig spells it, for zig's musl and for C code; empty: cargo-zigbuild chooses
#   TARGET_C_MODE     a suffix of TARGET_MCPU for C code only
#   TARGET_RUSTFLAGS  additional rustflags
#   TARGET_WRAPPER    the rustc wrapper used when std is built from source
#   TARGET_ZIG_WRAPPER  the zig wrapper, if cargo-zigbuild must not call zig itself
#   TARGET_C_SOURCES  C files and linker scripts that are linked in when std is built from source
#   TARGET_ELF        the CPU and FPU attributes that `readelf -A` must report, empty for none
#   TARGET_CANNOT     the tests that this qemu-user cannot run (scripts/toolchain/qemu-faults.sh), empty for all
#   TARGET_QEMU       qemu-user commands, one per line: the CPUs that the tests run on; empty: run natively
#   TARGET_BUDGET     the maximum size of the binary in bytes, empty for none
# Paths are relative to the workspace, since the workspace is elsewhere inside cross's container and cargo runs the
# linker in the workspace.
target_select() {
    TARGET_MCPU='' TARGET_C_MODE='' TARGET_RUSTFLAGS='' TARGET_WRAPPER='' TARGET_ZIG_WRAPPER='' TARGET_ELF=''
    TARGET_BUDGET='' TARGET_CANNOT=''
    # Without it, the unwind tables of 32-bit ARM would keep libunwind in the binary.
    TARGET_C_SOURCES=scripts/toolchain/no-unwind.c
    case $1 in
    armv6) # every 32-bit Raspberry Pi OS: Pi 1, Zero and later
        TARGET_TRIPLE=arm-unknown-linux-musleabihf
        # Thumb-1 code: a fifth smaller than ARM code. It needs atomics.c for the operations that Thumb-1 lacks.
        TARGET_WRAPPER=scripts/toolchain/rustc-thumb
        TARGET_C_SOURCES="$TARGET_C_SOURCES scripts/toolchain/atomics.c"
        TARGET_ELF='v6 VFPv2'
        TARGET_QEMU='qemu-arm-static -cpu arm1176'
        TARGET_BUDGET=826000
        ;;
    armv7) # Pi 2 and later, routers with an FPU; NEON is used only if the CPU reports it at run time
        TARGET_TRIPLE=armv7-unknown-linux-musleabihf
        # The ABI guarantees VFPv3-D16. This is cargo-zigbuild's own choice, written out.
        TARGET_MCPU=generic+v7a+vfp3-d32+thumb2-neon
        # Compiles ring's C and assembly as Thumb-2, like the Rust code: saves 20 kB. A CPU feature, since -mthumb does
        # not reach the assembly. Not for musl, whose headers do not learn of it; that is what zig-thumb is for.
        TARGET_C_MODE=+thumb_mode
        TARGET_ZIG_WRAPPER=scripts/toolchain/zig-thumb
        # The outliner turns repeated sequences into functions: smaller on disk, but larger once compressed. Only for
        # the target with the tightest budget.
        TARGET_RUSTFLAGS=-Cllvm-args=-enable-machine-outliner=always
        TARGET_ELF='v7 VFPv3-D16'
        # ring uses its NEON code if the kernel reports NEON, so the tests run with it and without it.
        TARGET_QEMU='qemu-arm-static -cpu cortex-a7
qemu-arm-static -cpu cortex-a7,neon=off'
        TARGET_BUDGET=767000
        ;;
    arm64) # 64-bit systems
        TARGET_TRIPLE=aarch64-unknown-linux-musl
        TARGET_C_SOURCES=''
        TARGET_QEMU='qemu-aarch64-static -cpu cortex-a53'
        ;;
    armv7-soft) # ARMv7 routers without an FPU
        TARGET_TRIPLE=armv7-unknown-linux-musleabi
        # soft_float, and no vfp2 nor the features that build on it: zig's ARMv7 has an FPU by default, and these CPUs
        # would stop at its instructions.
        TARGET_MCPU=generic+v7a+thumb2+soft_float-vfp2-vfp2sp-vfp3-neon
        TARGET_C_MODE=+thumb_mode
        TARGET_ZIG_WRAPPER=scripts/toolchain/zig-thumb
        TARGET_ELF='v7'
        TARGET_QEMU='qemu-arm-static -cpu cortex-a9,vfp=off,neon=off'
        ;;
    armv5) # older routers and NAS boxes
        TARGET_TRIPLE=armv5te-unknown-linux-musleabi
        TARGET_ELF='v5TE'
        TARGET_QEMU='qemu-arm-static -cpu arm926,vfp=off'
        ;;
    x86_64) # PC routers, and a quick check of the static build
        TARGET_TRIPLE=x86_64-unknown-linux-musl
        TARGET_C_SOURCES=''
        TARGET_QEMU=''
        ;;
    mipsel) # little-endian MIPS: OpenWrt's ramips, the most common of its targets
        TARGET_TRIPLE=mipsel-unknown-linux-musl
        TARGET_MCPU=$MIPS_MCPU
        TARGET_C_SOURCES=$MIPS_C_SOURCES
        TARGET_ELF='MIPS32r2 Soft float'
        TARGET_QEMU='qemu-mipsel-static -cpu 24Kc'
        TARGET_BUDGET=1329000
        ;;
    mips) # big-endian MIPS: OpenWrt's ath79
        TARGET_TRIPLE=mips-unknown-linux-musl
        TARGET_MCPU=$MIPS_MCPU
        TARGET_C_SOURCES=$MIPS_C_SOURCES
        TARGET_ELF='MIPS32r2 Soft float'
        TARGET_QEMU='qemu-mips-static -cpu 24Kc'
        TARGET_CANNOT=big-endian
        TARGET_BUDGET=1327000
        ;;
    riscv64) # RISC-V with the extensions of Linux distributions (RV64GC)
        TARGET_TRIPLE=riscv64gc-unknown-linux-musl
        TARGET_C_SOURCES=scripts/toolchain/no-printf.c
        TARGET_ELF=rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0_zifencei2p0_zmmul1p0_zaamo1p0_zalrsc1p0_zca1p0_zcd1p0
        TARGET_QEMU='qemu-riscv64-static -cpu sifive-u54'
        TARGET_BUDGET=955000
        ;;
    i386) # 32-bit PCs with SSE2, which ring requires: not Geode, Pentium III or older
        TARGET_TRIPLE=i686-unknown-linux-musl
        TARGET_C_SOURCES=scripts/toolchain/no-printf.c
        TARGET_QEMU='qemu-i386-static -cpu n270'
        TARGET_CANNOT=auxv
        TARGET_BUDGET=1046000
        ;;
    powerpc) # 32-bit PowerPC with isel (BookE), without its FPU, which differs from CPU to CPU
        TARGET_TRIPLE=powerpc-unknown-linux-musl
        # No FPU, and no lwsync, which an e500 does not know: it would trap and be emulated.
        # The 440 and its successors have isel, too (PPC440x5 CPU Core User's Manual, 2.4.1.8).
        TARGET_MCPU=440
        TARGET_ZIG_WRAPPER=scripts/toolchain/zig-powerpc
        TARGET_C_SOURCES=scripts/toolchain/no-printf.c
        TARGET_ELF=''
        TARGET_QEMU='qemu-ppc-static -cpu e500v2'
        TARGET_CANNOT=big-endian
        TARGET_BUDGET=1312000
        ;;
    loongarch64)
        TARGET_TRIPLE=loongarch64-unknown-linux-musl
        TARGET_C_SOURCES=scripts/toolchain/no-printf.c
        TARGET_QEMU='qemu-loongarch64-static'
        TARGET_BUDGET=1268000
        ;;
    *)
        echo "unknown target '$1'; known targets: $TARGET_NAMES" >&2
        return 64
        ;;
    esac
    # The spellings of the triple in the names of environment variables.
    TARGET_triple_=$(echo "$TARGET_TRIPLE" | tr - _)
    TARGET_TRIPLE_=$(echo "$TARGET_triple_" | tr '[:lower:]' '[:upper:]')
}

# target_rustflags STD REMAP: prints the rustflags to add to those of .cargo/config.toml.
#   STD    source: std is built from source; unwind: so it is, for a test; prebuilt: the toolchain's own std is used
#   REMAP  "from=to" pairs that keep this machine's paths out of the binary
# Never add -Zfmt-debug=none: ureq writes the HTTP version of the request line with {:?}, and webpki the names of a
# certificate. Their Debug is written by hand, which `shallow` leaves as it is.
target_rustflags() {
    # zig provides musl and its start files, so rustc must not use its own.
    printf '%s ' -Clink-self-contained=no
    # zig compiles its musl and compiler-rt for size if it links for size.
    printf '%s ' -Clink-arg=-Os
    if [ "$1" = source ]; then
        # A panic aborts at once: no message is formatted, no unwinder is linked, no unwind table is written.
        printf '%s ' -Zunstable-options -Cpanic=immediate-abort -Cforce-unwind-tables=no
        # musl's 64-bit time. Only with a std built the same way.
        printf '%s ' --cfg=libc_unstable_time64
        # Removes file names and line numbers, which no message prints.
        printf '%s ' -Zlocation-detail=none
        # A derived Debug writes the name of the type or variant without its fields. No message contains one.
        printf '%s ' -Zfmt-debug=shallow
        for file in $TARGET_C_SOURCES; do
            case $file in
            *.ld) printf '%s ' "-Clink-arg=-Wl,-T,$file" ;;
            *) printf '%s ' "-Clink-arg=$file" ;;
            esac
        done
    fi
    [ "$1" != unwind ] || printf '%s ' --cfg=libc_unstable_time64
    [ -z "$TARGET_RUSTFLAGS" ] || printf '%s ' "$TARGET_RUSTFLAGS"
    [ -z "$TARGET_MCPU" ] || printf '%s ' "-Clink-arg=-mcpu=$TARGET_MCPU"
    for pair in $2; do printf '%s ' "--remap-path-prefix=$pair"; done
}

# target_wrapper STD: prints the rustc wrapper, if the target needs one.
target_wrapper() {
    [ "$1" != source ] || printf '%s' "$TARGET_WRAPPER"
}

# target_cflags REMAP: prints the flags for C code (ring).
target_cflags() {
    [ -z "$TARGET_MCPU" ] || printf '%s ' "-mcpu=$TARGET_MCPU$TARGET_C_MODE"
    for pair in $1; do printf '%s ' "-ffile-prefix-map=$pair"; done
    # No unwinder is linked, so its tables are not needed.
    printf '%s' '-fno-unwind-tables -fno-asynchronous-unwind-tables'
}
