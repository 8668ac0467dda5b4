# shellcheck shell=sh
# The choice of the build for made-up machines.

# ELF headers in hexadecimal, for an e_machine and (32 bits only) e_flags, both little-endian; then big-endian.
elf32() { echo "7f454c460101010000000000000000000200${1}0100000000000000000000000000000$2"; }
elf64() { echo "7f454c460201010000000000000000000200${1}01000000000000000000000000000000"; }
big32() { echo "7f454c460102010000000000000000000002${1}0000000100000000000000000000000000000000"; }
hard=$(elf32 2800 000040005) soft=$(elf32 2800 000020005)
aarch64=$(elf64 b700) x86_64=$(elf64 3e00) x86=$(elf32 0300 000000000) mips=$(big32 0008) mipsel=$(elf32 0800 000000000)
v6='half thumb fastmult vfp edsp java tls' v7='half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae'
v8='fp asimd evtstrm crc32 cpuid'

units() {
    # shellcheck source=scripts/deploy-arch.sh
    . scripts/deploy-arch.sh
    bad=0 done=0 chosen=' '
    # expected | uname -m | ELF header of /bin/sh | features, or KEY=VALUE of cpuinfo | what it is
    while IFS='|' read -r want uname elf features what; do
        [ -n "$want" ] || continue
        cpuinfo=$(printf 'processor\t: 0\nFeatures\t: %s\nCPU architecture: 7\n\nprocessor\t: 1\nFeatures\t: x\n' "$features")
        case $features in
        none) cpuinfo= ;;
        flags=* | isa=*) cpuinfo=$(printf 'processor\t: 0\n%s\t\t: %s\n' "${features%%=*}" "${features#*=}") ;;
        esac
        got=$(target_name "$uname" "$elf" "$cpuinfo") || got=unsupported
        done=$((done + 1)) chosen="$chosen$got "
        [ "$got" = "$want" ] || { bad=$((bad + 1)); echo "   $what: $got, expected $want"; }
    done <<TABLE
armv6|armv6l|$hard|$v6|Pi Zero, whose cpuinfo says architecture 7
armv6|armv6l|$soft|$v6|Pi 1, OpenWrt: soft-float userland, CPU with VFP
armv7|armv7l|$hard|$v7|Pi 2, 32-bit kernel
armv7|armv8l|$hard|$v7|32-bit personality of a 64-bit kernel
armv7|aarch64|$hard|$v8|Pi 3 to 5: 64-bit kernel under a 32-bit userland
armv7|aarch64|$hard|$v7|the same, where the kernel shows 32-bit features
arm64|aarch64|$aarch64|$v8|Pi 3 to 5, 64-bit
armv7|armv7l|$soft|half thumb fastmult vfp edsp vfpv3 vfpv3d16 tls|OpenWrt mvebu: VFPv3-D16, no NEON
armv7|armv7l|$soft|half thumb fastmult vfp edsp vfpv3 vfpv3d16|the last word decides
armv7|armv7l|$soft|vfpv3d16|the only word decides
armv7-soft|armv7l|$soft|half thumb fastmult edsp tls|OpenWrt bcm53xx: Cortex-A9 without VFP
armv6|armv7l|$hard|half thumb fastmult vfp edsp|ARMv7 with an older VFP
armv5|armv6l|$soft|half thumb fastmult edsp java|ARMv6 without VFP
armv5|armv5tel|$soft|swp half thumb fastmult edsp|OpenWrt kirkwood
armv5|armv5tejl|$soft|swp half fastmult vfp edsp java|ARMv5 with VFP: armv5, since no build uses its VFP
armv6|armv7l|$hard|none|no cpuinfo: a hard-float userland proves VFP
armv7-soft|armv7l|$soft|none|no cpuinfo, soft-float userland: nothing proves VFP
armv5|armv6l|$soft|none|no cpuinfo, ARMv6
armv5||$soft|$v7|no uname
armv7|armv7l||$v7|no header could be read
armv6|armv6l|2321|$v6|/bin/sh is a script
arm64|aarch64||$v8|no header, 64-bit kernel: static programs of its own kind run
x86_64|x86_64|$x86_64||PC
x86_64|x86_64|$(elf32 0300 000000000)||32-bit PC userland on a 64-bit kernel
x86_64|x86_64||none|PC, no header
i386|i686|$x86|flags=fpu tsc cmov mmx fxsr sse sse2 ht|Atom, Pentium 4
i386|i586||flags=fpu sse sse2|the same, no header
unsupported|i686|$x86|flags=fpu tsc cmov mmx fxsr sse|Pentium III: no SSE2
unsupported|i586|$x86|flags=fpu cx8 mmx mmxext 3dnowext 3dnow|Geode
unsupported|i686|$x86|none|32-bit PC, no cpuinfo
mips|mips|$mips|isa=mips1 mips2 mips32r1 mips32r2|OpenWrt ath79
mips|mips|$mips|none|the same, and the kernel lists no ISA
mipsel|mips|$mipsel|isa=mips1 mips2 mips32r1 mips32r2|OpenWrt ramips: uname reports mips for mipsel too
mips|mips64|$mips|isa=mips1 mips2 mips3 mips4 mips5 mips32r1 mips32r2 mips64r1 mips64r2|32-bit userland, 64-bit kernel
unsupported|mips|$mipsel|isa=mips1 mips2 mips32r1|MIPS32 release 1: bcm47xx, adm5120
unsupported|mips|$mipsel|isa=mips32r6|release 6, another instruction set
unsupported|mips||none|no header: either byte order
unsupported|mips64|7f454c4602020100000000000000000000020008||64-bit userland: octeon
riscv64|riscv64|$(elf64 f300)|isa=rv64imafdc_zicntr_zicsr|RISC-V: d1, starfive
riscv64|riscv64||isa=rv64gc|the same, no header
riscv64|riscv64|$(elf64 f300)|none|the same, no cpuinfo
unsupported|riscv64|$(elf64 f300)|isa=rv64imac|RISC-V without an FPU
unsupported|riscv32|$(elf32 f300 000000000)|none|32-bit RISC-V
powerpc|ppc|$(big32 0014)|none|OpenWrt mpc85xx, apm821xx
powerpc|ppc||none|the same, no header
powerpc|ppc64|$(big32 0014)|none|32-bit userland, 64-bit kernel
unsupported|ppc64le|$(elf64 1500)|none|POWER
loongarch64|loongarch64|$(elf64 0201)|none|LoongArch
loongarch64|loongarch64||none|the same, no header
unsupported|s390x|7f454c4602020100000000000000000000020016|none|a mainframe
unsupported|aarch64|7f454c4602020100000000000000000000020028||64-bit kernel, big-endian ARM userland
unsupported|armv5teb||none|big-endian ARM
unsupported|armv4tl|$soft|swp half|ARMv4
unsupported|||none|no facts at all
TABLE
    # Each target is the right one for some machine, and no other name is ever printed.
    for name in $TARGET_NAMES; do
        case $chosen in *" $name "*) ;; *) bad=$((bad + 1)); echo "   $name: chosen for no machine" ;; esac
    done
    for got in $chosen; do
        case " $TARGET_NAMES unsupported " in *" $got "*) ;; *) bad=$((bad + 1)); echo "   $got: no such target" ;; esac
    done
    echo "$done machines"
    [ "$bad" = 0 ] && [ "$done" -gt 50 ]
}

if [ "${1:-}" = units ]; then
    units
    exit
fi
