#!/bin/sh
# Makes Debian packages from the binaries in dist/ with dpkg-deb; the same bytes for the same commit and binaries.
#
#   ARCHES   Debian architectures, default: "amd64 arm64 armhf". armhf has the armv6 binary, so that one package runs on
#            Raspberry Pi OS of every Pi and on Debian
#   REVISION of the package, default: 1
#   DIST     directory of the binaries, and output directory; default: dist
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

ARCHES=${ARCHES:-amd64 arm64 armhf}
package_version=$version-${REVISION:-1}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
# The compression does not depend on the number of cores.
export DPKG_DEB_THREADS_MAX=1
umask 022

# target_of ARCH: prints the name of the binary's target.
target_of() {
    case $1 in
    amd64) echo x86_64 ;;
    arm64) echo arm64 ;;
    armhf) echo armv6 ;;
    *) say "ARCHES has '$1'; use amd64, arm64 and armhf" && return 64 ;;
    esac
}

have dpkg-deb || { say "dpkg-deb is missing; please install: dpkg"; exit 1; }
missing=
for arch in $ARCHES; do
    target=$(target_of "$arch")
    binary=$DIST/$BIN-$version-$target
    [ -e "$binary" ] || missing="$missing $target"
done
if [ -n "$missing" ]; then
    say "$DIST has no binary for$missing; run: make dist TARGETS=\"${missing# }\""
    exit 1
fi

top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The same for all architectures; a binary tells the version of the compiler.
scripts/release/bill.sh licences "$binary" >"$top/licences"

# add MODE FILE PATH: copies a file of the repository into the package.
add() { install -D -m "$1" "$2" "$root/$3"; }
# packed FILE PATH: the same, compressed without name and time.
packed() {
    install -d "$root/${2%/*}"
    gzip -n9c "$1" >"$root/$2.gz"
}

for arch in $ARCHES; do
    target=$(target_of "$arch")
    root=$top/$arch
    doc=usr/share/doc/$BIN
    add 755 "$DIST/$BIN-$version-$target" usr/bin/$BIN
    install -d -m 700 "$root/etc/gandi-ddns"
    add 644 packaging/cron.d/gandi-ddns etc/cron.d/gandi-ddns
    for unit in packaging/systemd/*.service packaging/systemd/*.timer packaging/systemd/*.path; do
        add 644 "$unit" "usr/lib/systemd/system/${unit##*/}"
    done
    add 755 packaging/systemd/gandi-ddns-files usr/lib/gandi-ddns/gandi-ddns-files
    for page in packaging/man/*.[1-8]; do
        [ ! -e "$page" ] || packed "$page" "usr/share/man/man${page##*.}/${page##*/}"
    done
    while read -r file path; do
        [ ! -e "packaging/completions/$file" ] || add 644 "packaging/completions/$file" "usr/share/$path"
    done <<LIST
gandi-ddns.bash bash-completion/completions/gandi-ddns
_gandi-ddns zsh/vendor-completions/_gandi-ddns
gandi-ddns.fish fish/vendor_completions.d/gandi-ddns.fish
LIST
    add 644 gandi-ddns.conf.example $doc/examples/gandi-ddns.conf.example
    for hook in packaging/hooks/*; do add 644 "$hook" "$doc/examples/${hook##*/}"; done
    add 644 packaging/debian/copyright $doc/copyright
    packed "$top/licences" $doc/licences
    packed CHANGELOG.md $doc/changelog
    printf '%s (%s) unstable; urgency=medium\n\n  * Release %s; see changelog.gz.\n\n -- %s  %s\n' $BIN \
        "$package_version" "$version" "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" \
        "$(LC_ALL=C TZ=UTC0 date -d "@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %H:%M:%S +0000')" >"$top/changelog"
    packed "$top/changelog" $doc/changelog.Debian
    add 644 packaging/debian/lintian-overrides usr/share/lintian/overrides/$BIN

    # In units of 1 KiB, a directory counts as one (deb-substvars(5)).
    size=$(find "$root" -printf '%y %s\n' | awk '{ n += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print n }')
    install -d "$root/DEBIAN"
    sed "s/@VERSION@/$package_version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" packaging/debian/control >"$root/DEBIAN/control"
    echo /etc/cron.d/gandi-ddns >"$root/DEBIAN/conffiles"
    for script in postinst prerm postrm; do add 755 packaging/debian/$script DEBIAN/$script; done
    (cd "$root" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\n' | LC_ALL=C sort |
        xargs md5sum) >"$root/DEBIAN/md5sums"
    chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/conffiles" "$root/DEBIAN/md5sums"
    find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    deb=$DIST/${BIN}_${package_version}_$arch.deb
    dpkg-deb --root-owner-group -Zxz -z9 --build "$root" "$deb.new" >/dev/null
    mv "$deb.new" "$deb"
    printf '%-40s %9s\n' "$deb" "$(wc -c <"$deb")"
done
