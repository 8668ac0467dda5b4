# shellcheck shell=sh
# The packages as files: contents, control data, names of architectures, and the same bytes twice.

# shellcheck source=scripts/toolchain/targets.sh
. scripts/toolchain/targets.sh
for name in $TARGET_NAMES; do
    { printf '#!/bin/sh\necho "gandi-ddns %s (%s)"\nexit\n' "$version" "$name"; yes x | head -c 3000; } \
        >"$DIST/gandi-ddns-$version-$name"
done
# The architectures of OpenWrt 24.10 and 25.12 for each target.
while read -r name list; do
    case " $TARGET_NAMES " in *" $name "*) ;; *) continue ;; esac
    for arch in $list; do echo "$arch $name"; done
done >"$scratch/arches" <<'LIST'
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
# documented: prints names and targets of the first table of docs/openwrt.md, as in the list above.
documented() {
    sed -n '/^| `DISTRIB_ARCH` | target |$/,/^$/{ /^| `[a-z]/p; }' docs/openwrt.md | while IFS='|' read -r _ list name _; do
        for arch in $(echo "$list" | grep -o '`[^`]*`' | tr -d '`'); do echo "$arch $(echo "$name" | tr -d '` ')"; done
    done
}
# contents DIRECTORY: prints modes and paths of files, and of the directories that are not 755.
contents() { (cd "$1" && find . \( -type f -o ! -perm 755 \) -printf '%m %p\n' | LC_ALL=C sort); }
key() { sed -n "s/^$1: //p" "$2"; }

begin 'ipk: one for each name of an architecture, with the binary of its target'
pack ipk
code_is 0
while read -r arch name; do
    ipk=$DIST/gandi-ddns_$version-r1_$arch.ipk to=$scratch/ipk/$arch
    [ -e "$ipk" ] || { wrong "$arch is missing"; continue; }
    mkdir -p "$to/control" "$to/data"
    is "members of $arch" "$(tar -tzf "$ipk" | tr '\n' ' ')" './debian-binary ./data.tar.gz ./control.tar.gz '
    tar -xzf "$ipk" -C "$to"
    tar -xzf "$to/control.tar.gz" -C "$to/control"
    tar -xpzf "$to/data.tar.gz" -C "$to/data"
    is "architecture of $arch" "$(key Architecture "$to/control/control")" "$arch"
    cmp -s "$to/data/usr/bin/gandi-ddns" "$DIST/gandi-ddns-$version-$name" || wrong "$arch has not the binary for $name"
done <"$scratch/arches"
is 'number of packages' "$(find "$DIST" -name '*.ipk' | wc -l)" "$(wc -l <"$scratch/arches")"
end

begin 'docs/openwrt.md has the same names, and none of them among those without a binary'
LC_ALL=C sort "$scratch/arches" >"$scratch/expected"
documented | LC_ALL=C sort >"$scratch/found"
diff "$scratch/expected" "$scratch/found" >"$scratch/diff" || wrong "names: $(cat "$scratch/diff")"
sed -n '/^| `DISTRIB_ARCH` | reason |$/,/^$/s/^| \(`[a-z][^|]*\)|.*/\1/p' docs/openwrt.md | tr -d '`,' | xargs -n 1 >"$scratch/without"
[ "$(wc -l <"$scratch/without")" -ge 9 ] || wrong "only $(wc -l <"$scratch/without") names without a binary were found"
while read -r arch; do
    pack ipk ARCHES="$arch"
    code_is 64; says "ARCHES has '$arch', which no build runs on"
done <"$scratch/without"
end

begin 'ipk: files, modes and owners; control data'
to=$scratch/ipk/x86_64
contents "$to/data" >"$scratch/found"
diff "$scratch/contents" "$scratch/found" >"$scratch/diff" || wrong "contents: $(cat "$scratch/diff")"
is 'debian-binary' "$(cat "$to/debian-binary")" 2.0
is 'first entry' "$(tar -tzf "$to/data.tar.gz" | head -n 1)" ./
is 'owners' "$(tar --numeric-owner -tvzf "$to/data.tar.gz" | awk '{ print $2 }' | sort -u)" 0/0
control=$to/control/control
for pair in Package:gandi-ddns "Version:$version-r1" SourceName:gandi-ddns Section:net SourceDateEpoch:1700000000 \
    'License:MIT OR Apache-2.0' 'Description:Dynamic DNS client for Gandi LiveDNS'; do
    is "${pair%%:*}" "$(key "${pair%%:*}" "$control")" "${pair#*:}"
done
is 'Installed-Size' "$(key Installed-Size "$control")" "$(gzip -dc "$to/data.tar.gz" | wc -c)"
is 'Depends' "$(key Depends "$control")" ''
for name in Source Maintainer; do [ -n "$(key $name "$control")" ] || wrong "$name is missing"; done
[ -z "$(sed '/^[A-Za-z-]*: ./d; /^ ./d' "$control")" ] || wrong 'a line is no field'
is 'conffiles' "$(cat "$to/control/conffiles")" /etc/config/gandi-ddns
for script in postinst prerm; do mode_is 755 "$to/control/$script"; done
end

begin 'apk: one for each name of an architecture; format 2 without an apk of version 3, and it says so'
pack apk
code_is 0; says 'format: apk 2'
while read -r arch name; do
    apk=$DIST/$arch/gandi-ddns-$version-r1.apk to=$scratch/apk/$arch
    [ -e "$apk" ] || { wrong "$arch is missing"; continue; }
    mkdir -p "$to"
    gzip -dc "$apk" | tar -xpf - -C "$to" 2>/dev/null
    is "architecture of $arch" "$(sed -n 's/^arch = //p' "$to/.PKGINFO")" "$arch"
    cmp -s "$to/usr/bin/gandi-ddns" "$DIST/gandi-ddns-$version-$name" || wrong "$arch has not the binary for $name"
done <"$scratch/arches"
end

begin 'apk: files, modes and owners; .PKGINFO, checksums and lists'
to=$scratch/apk/x86_64
{
    cat "$scratch/contents"
    printf '644 ./.PKGINFO\n755 ./.post-install\n755 ./.post-upgrade\n755 ./.pre-deinstall\n'
    for list in conffiles conffiles_static list; do echo "644 ./lib/apk/packages/gandi-ddns.$list"; done
} | LC_ALL=C sort >"$scratch/expected"
contents "$to" >"$scratch/found"
diff "$scratch/expected" "$scratch/found" >"$scratch/diff" || wrong "contents: $(cat "$scratch/diff")"
sed -n 's|^6.. \./\([elu]\)|/\1|p; s|^755 \./\([elu]\)|/\1|p' "$scratch/contents" | LC_ALL=C sort >"$scratch/expected"
diff "$scratch/expected" "$to/lib/apk/packages/gandi-ddns.list" >"$scratch/diff" || wrong "list: $(cat "$scratch/diff")"
is 'conffiles' "$(cat "$to/lib/apk/packages/gandi-ddns.conffiles")" /etc/config/gandi-ddns
is 'conffiles_static' "$(cat "$to/lib/apk/packages/gandi-ddns.conffiles_static")" \
    "/etc/config/gandi-ddns $(sha256sum <packaging/openwrt/files/etc/config/gandi-ddns | cut -d ' ' -f 1)"
python3 tests/openwrt/apk2_check.py "$DIST/x86_64/gandi-ddns-$version-r1.apk" "$version-r1" >"$scratch/out" 2>&1 ||
    wrong 'see below'
end

begin 'the same bytes twice, in another directory and file system, with another umask and file times'
cp -a "$DIST" "$scratch/first"
mkdir "$scratch/elsewhere"
tar -cf - --exclude=./target --exclude=./dist --exclude=./.git . | tar -xf - -C "$scratch/elsewhere"
find "$scratch/elsewhere" -exec touch -h -d 2020-02-02 {} +
chmod -R go-rwx "$scratch/elsewhere"
rm -rf "$DIST"/*.ipk "$DIST"/*/
# A disk lists the files of a directory in another order than a file system in memory.
mkdir -p target
disk=$(mktemp -d -p "$PWD/target")
for format in ipk apk; do
    (umask 077 && cd "$scratch/elsewhere" && TMPDIR=$disk SOURCE_DATE_EPOCH=1700000000 scripts/openwrt.sh $format) \
        >"$scratch/out" 2>&1 || wrong "$format failed"
done
rm -r "$disk"
diff -r "$scratch/first" "$DIST" >>"$scratch/out" || wrong 'the packages differ'
rm -rf "$scratch/elsewhere" "$scratch/first"
end

begin 'apk: format 3 by an apk of version 3, with all information, scripts and files'
mkdir "$scratch/bin"
cat >"$scratch/bin/apk" <<'APK'
#!/bin/sh
# Writes its arguments and the files as the package.
[ "$1" = mkpkg ] || exit 1
[ "$2" != --help ] || exit 0
for argument in "$@"; do echo "$argument"; done >"$TMPDIR/apk.arguments"
while [ "$1" != --files ]; do shift; done
(cd "$2" && find . -type f | sort) >"$4"
APK
chmod 755 "$scratch/bin/apk"
pack apk ARCHES=x86_64 PATH="$scratch/bin:$PATH"
code_is 0; says 'format: apk 3'
is 'files' "$(wc -l <"$DIST/x86_64/gandi-ddns-$version-r1.apk")" 11
for info in name:gandi-ddns "version:$version-r1" arch:x86_64 'license:MIT OR Apache-2.0' origin:gandi-ddns \
    provides:gandi-ddns-any 'description:Dynamic DNS client for Gandi LiveDNS'; do
    is "line before $info" "$(grep -B 1 -xF "$info" "$scratch/apk.arguments" | head -n 1)" --info
done
for script in post-install post-upgrade pre-deinstall; do holds "$scratch/apk.arguments" "$script:packaging/openwrt/$script"; done
rm -r "$scratch/bin"
end

begin 'an apk of version 2 on the way is not used'
mkdir "$scratch/bin"; printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/apk"; chmod 755 "$scratch/bin/apk"
pack apk ARCHES=x86_64 PATH="$scratch/bin:$PATH"
code_is 0; says 'format: apk 2'
rm -r "$scratch/bin"
end

begin 'binaries that are missing: named, and an error if they were asked for; unknown architectures'
rm -rf "$DIST/gandi-ddns-$version-armv5" "$DIST"/*.ipk
pack ipk
code_is 0; says 'not made, since .* has no binary:.* arm_arm926ej-s arm_xscale'; says_not '^.*/gandi-ddns_.*xscale'
pack ipk ARCHES='x86_64 arm_xscale'
code_is 1; says 'has no binary for arm_xscale; run: make dist TARGETS="armv5"'
pack ipk ARCHES=mips_mips32
code_is 64; says "ARCHES has 'mips_mips32', which no build runs on; known: arm_arm1176jzf-s_vfp "
rm "$DIST"/gandi-ddns-*
pack ipk
code_is 1; says 'run: make dist TARGETS="armv6 '
pack deb
code_is 64; one_line 1
end

begin 'REVISION, and ARCHES for one of them'
printf x >"$DIST/gandi-ddns-$version-arm64"
rm -f "$DIST"/*.ipk
pack ipk REVISION=2 ARCHES=aarch64_generic
code_is 0; is 'packages' "$(cd "$DIST" && echo *.ipk)" "gandi-ddns_$version-r2_aarch64_generic.ipk"
end

begin "the feed's Makefile installs the same files with the same modes, and test.sh looks at the version"
sed -n 's/^\t$(INSTALL_BIN) .* $(1)\/\(.*\)/755 \1/p; s/^\t$(INSTALL_CONF) .* $(1)\/\(.*\)/600 \1/p
    s/^\t$(INSTALL_DATA) .* $(1)\/\(.*\)/644 \1/p; s/^\t$(INSTALL_DIR) -m 0700 $(1)\/\(.*\)/700 \1/p' \
    packaging/openwrt/Makefile | LC_ALL=C sort >"$scratch/found"
# Without the name of a file; keep.d is made by the build.
grep -v keep.d "$scratch/contents" | sed 's|^\(7..\) \./etc/gandi-ddns$|\1 etc/gandi-ddns|; s|^\(...\) \./\(.*/\).*|\1 \2|' |
    LC_ALL=C sort >"$scratch/expected"
diff "$scratch/expected" "$scratch/found" >"$scratch/diff" || wrong "install: $(cat "$scratch/diff")"
for file in $(sed -n 's|^\t$(INSTALL_[A-Z]*) $(GANDI_DDNS_FILES)/\([^ ]*\) .*|\1|p' packaging/openwrt/Makefile); do
    [ -f "packaging/openwrt/files/$file" ] || wrong "$file does not exist"
done
mkdir "$scratch/bin"; printf '#!/bin/sh\necho gandi-ddns 1.2.3\n' >"$scratch/bin/gandi-ddns"; chmod 755 "$scratch/bin/gandi-ddns"
PATH="$scratch/bin:$PATH" packaging/openwrt/test.sh gandi-ddns 1.2.3 >"$scratch/out" || wrong 'test.sh fails'
! PATH="$scratch/bin:$PATH" packaging/openwrt/test.sh gandi-ddns 1.2.4 >"$scratch/out" || wrong 'test.sh accepts another version'
rm -r "$scratch/bin"
end
