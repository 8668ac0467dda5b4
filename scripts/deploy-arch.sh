# shellcheck shell=sh
# Chooses the build for a machine from facts about it. No I/O, so that tests/deploy.sh can test it with made-up facts.
# The names are those of scripts/toolchain/targets.sh; tests/deploy/units.sh compares them.
#
# A static program depends on the kernel's ABI and the CPU, not on the userland. The ELF header of the machine's shell
# decides between 32 and 64 bits (`uname -m` describes the kernel only), and the CPU decides the rest.

# elf_arch HEX: prints the architecture of an ELF header: arm, arm64, x86, x86_64 or other. Prints nothing for bytes
# that are not an ELF header.
elf_arch() {
    case $1 in
        7f454c46????????????????????????????????*) ;;
        *) return 0 ;;
    esac
    # Byte order (byte 5), then e_machine (bytes 18 and 19).
    case $(printf %s "$1" | cut -c11-12,37-40) in
        012800) echo arm ;;
        01b700) echo arm64 ;;
        010300) echo x86 ;;
        013e00) echo x86_64 ;;
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
        esac
    fi
    case $userland:$1 in
        arm:*) arm_name "$@" ;;
        arm64:*) echo arm64 ;;
        x86_64:* | x86:x86_64) echo x86_64 ;;
        *) return 1 ;;
    esac
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
    case " $(printf '%s\n' "$3" | sed -n 's/^Features[[:blank:]]*:[[:blank:]]*//p' | head -n 1) " in
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
