# shellcheck shell=sh
# Chooses the build for a machine from facts about it. No I/O, so that tests/deploy.sh can test it with made-up facts.
# The names are those of scripts/toolchain/targets.sh; tests/deploy/units.sh compares them.
#
# A static program depends on the kernel's ABI and the CPU, not on the userland. The ELF header of the machine's shell
# decides between 32 and 64 bits (`uname -m` describes the kernel only), and the CPU decides the rest.

# elf_arch HEX: prints the architecture of an ELF header: the build for it, or arm, x86 or other. Prints nothing for
# bytes that are not an ELF header.
elf_arch() {
    case $1 in
        7f454c46????????????????????????????????*) ;;
        *) return 0 ;;
    esac
    # Class (byte 4: 32 or 64 bits), byte order (byte 5), then e_machine (bytes 18 and 19).
    case $(printf %s "$1" | cut -c9-12,37-40) in
        01012800) echo arm ;;
        0201b700) echo arm64 ;;
        01010300) echo x86 ;;
        0?013e00) echo x86_64 ;;
        01010800) echo mipsel ;;
        01020008) echo mips ;;
        0201f300) echo riscv64 ;;
        01020014) echo powerpc ;;
        02010201) echo loongarch64 ;;
        *) echo other ;;
    esac
}

# target_name UNAME HEX CPUINFO: prints the build for a machine where `uname -m` prints UNAME, the shell begins with the
# bytes HEX, and /proc/cpuinfo contains CPUINFO. Fails and prints nothing if no build runs there.
target_name() {
    userland=$(elf_arch "$2")
    # Without an ELF header: every kernel runs static programs for its own architecture.
    if [ -z "$userland" ]; then
        case $1 in
            aarch64 | arm64 | armv8b64) userland=arm64 ;;
            arm*b) userland=other ;;
            arm*) userland=arm ;;
            x86_64 | amd64) userland=x86_64 ;;
            i?86) userland=x86 ;;
            ppc) userland=powerpc ;;
            riscv64 | loongarch64) userland=$1 ;;
            # mips may be either byte order.
        esac
    fi
    case $userland:$1 in
        arm:*) arm_name "$@" ;;
        arm64:*) echo arm64 ;;
        x86_64:* | x86:x86_64) echo x86_64 ;;
        x86:*) x86_name "$3" ;;
        mips*:* | riscv64:* | powerpc:* | loongarch64:*) other_name "$userland" "$3" ;;
        *) return 1 ;;
    esac
}

# x86_name CPUINFO: prints the build for a 32-bit PC, if its CPU is known to have SSE2.
x86_name() {
    case " $(cpu_line flags "$1") " in
        *' sse2 '*) echo i386 ;;
        *) return 1 ;;
    esac
}

# other_name NAME CPUINFO: prints NAME, unless CPUINFO says that the CPU lacks what the build requires.
other_name() {
    case $1:$(cpu_line isa "$2") in
        # Release 2 of MIPS32, which release 6 does not run. Older kernels list no releases: there, the build is tried.
        mips*:*mips32r2* | mips*:) echo "$1" ;;
        mips*) return 1 ;;
        riscv64:*) has_rv64gc "$(cpu_line isa "$2")" && echo riscv64 ;;
        *) echo "$1" ;;
    esac
}

# has_rv64gc ISA: succeeds if this is empty (unknown), or has the extensions of the riscv64 build.
has_rv64gc() {
    case ${1%%_*} in
        '' | rv64*g*c*) return 0 ;;
        rv64*m*a*f*d*c*) return 0 ;;
        *) return 1 ;;
    esac
}

# cpu_line KEY CPUINFO: prints the value of the first line of this key.
cpu_line() {
    printf '%s\n' "$2" | sed -n "s/^$1[[:blank:]]*:[[:blank:]]*//p" | head -n 1
}

# arm_name UNAME HEX CPUINFO: prints the best 32-bit ARM build that is certain to run.
arm_name() {
    # Not from cpuinfo's "CPU architecture": it is 7 on the ARMv6 of a Pi Zero, whose MMU is like that of an ARMv7.
    case $1 in
        armv[234]*) return 1 ;;
        armv5*) level=5 ;;
        armv6*) level=6 ;;
        armv7* | armv8* | armv9* | aarch64 | arm64) level=7 ;;
        *) level=5 ;;
    esac
    # Under a 64-bit kernel the features are "fp asimd ..."; such a CPU has VFPv4 in 32-bit mode.
    case " $(cpu_line Features "$3") " in
        *' vfpv3'* | *' vfpv4 '* | *' neon '* | *' fp '* | *' asimd '*) vfp=3 ;;
        *' vfp '*) vfp=2 ;;
        # Unknown. A hard-float userland (EF_ARM_ABI_FLOAT_HARD, byte 37) proves a VFP; its absence proves nothing.
        '  ') case $(printf %s "$2" | cut -c75-76) in 04) vfp=2 ;; *) vfp=0 ;; esac ;;
        *) vfp=0 ;;
    esac
    case $level$vfp in
        73) echo armv7 ;;
        72 | 6[23]) echo armv6 ;;
        70) echo armv7-soft ;;
        *) echo armv5 ;;
    esac
}
