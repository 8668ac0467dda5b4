#!/bin/sh
# Makes all that a person uploads to a release page, in one flat directory: static binaries, packages, source with its
# crates, man pages and completions, licences, SBOM, install.sh and SHA256SUMS. Uploads nothing. The same commit gives
# the same bytes.
#
#   PAGE     URL of the page, for install.sh; {version} in it stands for the version. Default: the releases of the
#            `repository` in Cargo.toml. Without both, users of install.sh must set GANDI_DDNS_PAGE
#   TARGETS  names from scripts/toolchain/targets.sh, default: all; packages are made for these
#   BUILDER  as for scripts/dist.sh
#   RELEASE  output directory, default: target/release-page
#   DIRTY    not empty: also from a tree with changes, for the work on this script
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

TARGETS=${TARGETS:-$TARGET_NAMES} RELEASE=${RELEASE:-target/release-page}
for name in $TARGETS; do target_select "$name" || exit 64; done
page=${PAGE:-$(sed -n 's|^repository *= *"\(.*[^/]\)/*"$|\1/releases/download/v{version}|p' Cargo.toml)}
out=$RELEASE.new work=$(mktemp -d)
trap 'rm -rf "$work" "$out"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
umask 022

check_tools() {
    missing=
    for tool in git python3 dpkg-deb xz tar; do have "$tool" || missing="$missing $tool"; done
    [ -z "$missing" ] || { say "missing:$missing"; exit 1; }
    if ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
        say "a release is made from a commit, and this is no git checkout"
        exit 1
    fi
    if [ -z "${DIRTY:-}" ] && [ -n "$(git status --porcelain)" ]; then
        say "the working tree has changes or new files; commit or remove them:"
        git status --short >&2
        exit 1
    fi
    # A wrong PAGE fails here and not after the builds.
    scripts/release/installer.sh "$version" "$page" "$out" >/dev/null || exit 64
    install_cyclonedx || exit 1
}

# packed NAME DIRECTORY: packs a directory of $work to a tarball that every tar and gzip reads.
packed() {
    tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --mode='u=rwX,go=rX' -C "$work" -cf - "$2" | gzip -n9 >"$out/$1"
}

binaries() {
    TARGETS=$TARGETS BUILDER=${BUILDER:-} scripts/dist.sh >&2
    for name in $TARGETS; do
        binary=$DIST/$BIN-$version-$name
        install -m 644 "$binary" "$out/"
    done
}

packages() {
    arches=
    for name in $TARGETS; do
        case $name in
            x86_64) arches="$arches amd64" ;;
            arm64) arches="$arches arm64" ;;
            armv6) arches="$arches armhf" ;;
        esac
    done
    touch "$work/begin"
    [ -z "$arches" ] || ARCHES=$arches scripts/deb.sh >&2
    for kind in ipk apk; do
        ! grep -q "^$kind:" Makefile || make --no-print-directory $kind TARGETS="$TARGETS" >&2
    done
    find "$DIST" -type f \( -name '*.deb' -o -name '*.ipk' \) -newer "$work/begin" -exec install -m 644 -t "$out" {} +
    # Those of apk have the same name for each CPU, in a directory of its name; the page is flat.
    find "$DIST" -type f -name '*.apk' -newer "$work/begin" | while read -r package; do
        cpu=$(basename "$(dirname "$package")")
        install -m 644 "$package" "$out/$(basename "$package" .apk)_$cpu.apk"
    done
}

# documents: what a package has beside the program, for those without one.
documents() {
    top=$BIN-$version-documents
    mkdir "$work/$top"
    git archive HEAD README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE gandi-ddns.conf.example packaging \
        docs/migration.md | tar -x -C "$work/$top"
    for part in man completions systemd cron.d hooks; do mv "$work/$top/packaging/$part" "$work/$top/"; done
    rm -r "$work/$top/packaging"
    packed "$top.tar.gz" "$top"
}

# bill: the licences and the SBOM. cargo-cyclonedx writes beside each manifest, hence the copy.
bill() {
    scripts/release/bill.sh licences "$binary" >"$out/$BIN-$version-licences.txt"
    tar -xJf "$out/$BIN-$version-source.tar.xz" -C "$work"
    (
        cd "$work/$BIN-$version"
        "$CYCLONEDX" cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps --target all \
            --manifest-path Cargo.toml --override-filename bom
    ) >&2
    scripts/release/bill.sh sbom "$binary" "$work/$BIN-$version/bom.json" >"$out/$BIN-$version-sbom.cdx.json"
}

check_tools
name_build
rm -rf "$out"
mkdir -p "$out"
binaries
packages
documents
say "source tarball ..."
scripts/release/source.sh "$out/$BIN-$version-source.tar.xz"
bill
[ -n "$page" ] || say "note: no PAGE: install.sh will ask its users for GANDI_DDNS_PAGE"
scripts/release/installer.sh "$version" "$page" "$out" >"$out/install.sh"
chmod 644 "$out"/*
(cd "$out" && LC_ALL=C sha256sum ./* | sed 's|\./||' >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
rm -rf "$RELEASE"
mv "$out" "$RELEASE"
(cd "$RELEASE" && printf '%s:\n' "$RELEASE" && wc -c ./* | sed 's|\./||')
