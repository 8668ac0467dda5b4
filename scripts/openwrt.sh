#!/bin/sh
# Makes OpenWrt packages from the binaries in dist/ without OpenWrt's SDK; the same bytes for the same commit and
# binaries. `ipk` is for opkg (24.10 and earlier), `apk` for apk 3 (25.12 and later).
#
#   scripts/openwrt.sh ipk|apk
#
#   ARCHES    OpenWrt's names of architectures (DISTRIB_ARCH in /etc/openwrt_release), default: all whose binary is in
#             dist/. One binary has several names, and both managers refuse a package with another name than their own
#   REVISION  of the package, default: 1
#   DIST      directory of the binaries, and output directory, default: dist
#
# An .apk has the format of apk 3 if an `apk` of that version is found, and otherwise that of apk 2, which apk 3 installs
# as well.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

format=${1:-}
case $format in ipk | apk) ;; *) say 'usage: scripts/openwrt.sh ipk|apk' && exit 64 ;; esac
FILES=packaging/openwrt
release=${REVISION:-1}
package_version=$version-r$release
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH LC_ALL=C
umask 022

# The names of the architectures of each target, of OpenWrt 24.10 and 25.12. 32-bit ARM and MIPS code is chosen so that
# all these CPUs run it; see scripts/toolchain/targets.sh. docs/openwrt.md has the names without a binary, and why.
#
# OpenWrt's include/target.mk makes a name of ARCH, CPU_TYPE and CPU_SUBTYPE of a target (target/linux/*/Makefile and
# target.mk), and a release has a directory packages/NAME for each. Only in 24.10: mips_4kec (CPU_CFLAGS_4kec is
# -mips32r2; in 25.12 the same devices have mips_24kc) and riscv64_riscv64 (in 25.12: riscv64_generic).
names() {
    cat <<LIST
armv6 arm_arm1176jzf-s_vfp
armv7 arm_cortex-a5_vfpv4 arm_cortex-a7_neon-vfpv4 arm_cortex-a7_vfpv4 arm_cortex-a8_vfpv3 arm_cortex-a9_neon
armv7 arm_cortex-a9_vfpv3-d16 arm_cortex-a15_neon-vfpv4
armv7-soft arm_cortex-a7 arm_cortex-a9
armv5 arm_arm926ej-s arm_xscale
arm64 aarch64_cortex-a53 aarch64_cortex-a72 aarch64_cortex-a76 aarch64_generic
x86_64 x86_64
mipsel mipsel_24kc mipsel_24kc_24kf mipsel_74kc
mips mips_24kc mips_4kec
riscv64 riscv64_generic riscv64_riscv64
i386 i386_pentium4
powerpc powerpc_464fp powerpc_8548
loongarch64 loongarch64_generic
LIST
}
# target_of ARCH: prints the target of an architecture.
target_of() {
    names | while read -r target list; do
        case " $list " in *" $1 "*) echo "$target" ;; esac
    done
}

# choose: sets chosen, the architectures to make, and missing, those without a binary.
choose() {
    chosen='' missing=''
    for arch in ${ARCHES:-$(names | cut -d ' ' -f 2-)}; do
        target=$(target_of "$arch")
        [ -n "$target" ] || { say "ARCHES has '$arch', which no build runs on; known: $(names | cut -d ' ' -f 2- | xargs)" && exit 64; }
        if [ -e "$DIST/$BIN-$version-$target" ]; then chosen="$chosen $arch"; else missing="$missing $arch"; fi
    done
    if [ -n "$missing" ] && { [ -n "${ARCHES:-}" ] || [ -z "$chosen" ]; }; then
        targets=$(for arch in $missing; do target_of "$arch"; done | uniq | xargs)
        say "$DIST has no binary for$missing; run: make dist TARGETS=\"$targets\""
        exit 1
    fi
}

# make_tree TARGET: makes $tree, what the package installs.
make_tree() {
    install -d "$tree/usr/bin"
    install -m 755 "$DIST/$BIN-$version-$1" "$tree/usr/bin/$BIN"
    install -d -m 700 "$tree/etc/gandi-ddns"
    while read -r mode file; do install -D -m "$mode" "$FILES/files/$file" "$tree/$file"; done <<LIST
600 etc/config/gandi-ddns
755 etc/init.d/gandi-ddns
755 usr/lib/ddns/update_gandi_ddns.sh
644 usr/share/ddns/default/gandi.net-token.json
755 usr/libexec/rpcd/gandi-ddns
644 usr/share/rpcd/acl.d/gandi-ddns.json
644 lib/upgrade/keep.d/gandi-ddns
LIST
}

# archive DIRECTORY: writes a tar of it with names that begin with ./, as in OpenWrt's packages.
archive() {
    tar --format=gnu --numeric-owner --owner=0 --group=0 --sort=name --mtime="@$SOURCE_DATE_EPOCH" -C "$1" -cf - .
}
field() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" Cargo.toml | head -n 1; }
maintainer() { sed -n 's/^Maintainer: //p' packaging/debian/control; }

# --- ipk: a gzip of a tar with three members in a fixed order, two of which are gzips of tars.

# write_control ARCH: writes the control file.
write_control() {
    cat <<CONTROL
Package: $BIN
Version: $package_version
Source: packaging/openwrt
SourceName: $BIN
License: $(field license)
Section: net
SourceDateEpoch: $SOURCE_DATE_EPOCH
CONTROL
    [ -z "$(field repository)" ] || echo "URL: $(field repository)"
    cat <<CONTROL
Maintainer: $(maintainer)
Architecture: $1
Installed-Size: $(($(wc -c <"$top/data.tar")))
$(sed '1s/^/Description: /; 2,$s/^/ /' $FILES/description)
CONTROL
}

# make_ipk ARCH: makes a package of $tree.
make_ipk() {
    control=$top/control
    rm -rf "$control" "$top/ipk"
    install -d "$control" "$top/ipk"
    archive "$tree" >"$top/data.tar"
    write_control "$1" >"$control/control"
    echo /etc/config/gandi-ddns >"$control/conffiles"
    install -m 755 $FILES/postinst $FILES/prerm "$control/"
    echo 2.0 >"$top/ipk/debian-binary"
    gzip -n9c <"$top/data.tar" >"$top/ipk/data.tar.gz"
    archive "$control" | gzip -n9 >"$top/ipk/control.tar.gz"
    tar --format=gnu --numeric-owner --owner=0 --group=0 --mtime="@$SOURCE_DATE_EPOCH" -C "$top/ipk" -cf - \
        ./debian-binary ./data.tar.gz ./control.tar.gz | gzip -n9 >"$top/package"
    finish "$DIST/${BIN}_${package_version}_$1.ipk"
}

# --- apk

# add_lists: adds the files by which OpenWrt's scripts know what the package has. Without the first one the init script
# is neither enabled nor started.
add_lists() {
    lists=$tree/lib/apk/packages
    (cd "$tree" && find . \( -type f -o -type l \) -printf '/%P\n' | sort) >"$top/list"
    install -d "$lists"
    install -m 644 "$top/list" "$lists/$BIN.list"
    echo /etc/config/gandi-ddns >"$lists/$BIN.conffiles"
    echo "/etc/config/gandi-ddns $(sha256sum "$tree/etc/config/gandi-ddns" | cut -d ' ' -f 1)" >"$lists/$BIN.conffiles_static"
    find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# has_apk3: succeeds if `apk` makes packages, which version 3 does.
has_apk3() { have apk && apk mkpkg --help >/dev/null 2>&1; }

# as_owner COMMAND...: runs it so that all files belong to root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then "$@"; else fakeroot "$@"; fi
}

# make_apk ARCH: makes a package of $tree, with the information that OpenWrt's include/package-pack.mk gives `apk mkpkg`
# (25.12). There is no `depends`, since the program needs no library.
make_apk() {
    arch=$1
    set -- name:$BIN "version:$package_version" "description:$(head -n 1 $FILES/description)" "arch:$arch" \
        "license:$(field license)" origin:$BIN "maintainer:$(maintainer)" provides:$BIN-any
    [ -z "$(field repository)" ] || set -- "$@" "url:$(field repository)"
    if has_apk3; then
        # Each of them is an option of its own.
        for info in "$@"; do
            shift
            set -- "$@" --info "$info"
        done
        as_owner apk mkpkg "$@" --script post-install:$FILES/post-install --script post-upgrade:$FILES/post-upgrade \
            --script pre-deinstall:$FILES/pre-deinstall --files "$tree" --output "$top/package" >&2
    else
        python3 scripts/apk2.py "$top/package" "$tree" $FILES "$@"
    fi
    mkdir -p "$DIST/$arch"
    finish "$DIST/$arch/$BIN-$package_version.apk"
}

# finish FILE: puts the package into its place.
finish() {
    chmod 644 "$top/package"
    mv "$top/package" "$1"
    printf '%-64s %9s\n' "$1" "$(wc -c <"$1")"
}

choose
if [ "$format" = apk ]; then
    have python3 || has_apk3 || { say 'python3 is missing; please install: python3'; exit 1; }
    if has_apk3; then
        [ "$(id -u)" = 0 ] || have fakeroot || { say 'fakeroot is missing; please install: fakeroot'; exit 1; }
        say 'format: apk 3'
    else
        say 'format: apk 2, since no apk 3 was found; apk 3 installs it as well'
    fi
fi
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for arch in $chosen; do
    tree=$top/$arch
    make_tree "$(target_of "$arch")"
    case $format in
        ipk) make_ipk "$arch" ;;
        apk) add_lists && make_apk "$arch" ;;
    esac
    rm -rf "$tree"
done
[ -z "$missing" ] || say "not made, since $DIST has no binary:$missing"
