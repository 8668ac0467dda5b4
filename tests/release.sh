#!/bin/sh
# Checks the files of a release page: names, checksums, licences, SBOM, documents, packages, source tarball, install.sh.
#
#   RELEASE  the directory, default: target/release-page
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/targets.sh
. scripts/toolchain/tools.sh

RELEASE=${RELEASE:-target/release-page}
[ -e "$RELEASE/SHA256SUMS" ] || { say "$RELEASE/SHA256SUMS is missing; run: make release"; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck source=tests/deploy/harness.sh
. tests/deploy/harness.sh
prefix=$RELEASE/$BIN-$version
: >"$scratch/out"

begin 'every file is in SHA256SUMS, and has its checksum'
(cd "$RELEASE" && sha256sum --strict --quiet -c SHA256SUMS) >"$scratch/out" 2>&1 || wrong 'a checksum is wrong'
is files "$(sed 's/^[0-9a-f]*  //' "$RELEASE/SHA256SUMS" | sort | xargs)" \
    "$(cd "$RELEASE" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs)"
is directories "$(find "$RELEASE" -mindepth 1 ! -type f)" ''
end

begin 'a package for each architecture that has a binary'
for pair in x86_64:amd64 arm64:arm64 armv6:armhf; do
    [ -e "$prefix-${pair%:*}" ] || continue
    deb=$RELEASE/${BIN}_$version-1_${pair#*:}.deb
    [ -e "$deb" ] || { wrong "no $deb"; continue; }
    dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/gandi-ddns | cmp - "$prefix-${pair%:*}" ||
        wrong "$deb: other bytes"
    dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/doc/gandi-ddns/licences.gz | gzip -d |
        cmp - "$prefix-licences.txt" || wrong "$deb: other licences"
done
end

begin 'OpenWrt packages, for opkg and for apk, of each binary'
for pair in x86_64:x86_64 arm64:aarch64_generic armv6:arm_arm1176jzf-s_vfp; do
    [ -e "$prefix-${pair%:*}" ] || continue
    ipk=$RELEASE/${BIN}_$version-r1_${pair#*:}.ipk
    if [ -e "$ipk" ]; then
        tar -xzOf "$ipk" ./data.tar.gz | tar -xzO ./usr/bin/gandi-ddns | cmp - "$prefix-${pair%:*}" ||
            wrong "$ipk: other bytes"
    else
        wrong "no $ipk"
    fi
    [ -e "$prefix-r1_${pair#*:}.apk" ] || wrong "no $prefix-r1_${pair#*:}.apk"
done
end

begin 'licences: every linked crate with its text, and no other'
# Independent of bill.py: by the tree of one target.
cargo tree --locked -e normal,no-proc-macro --target arm-unknown-linux-musleabihf --prefix none -f '{p} {l}' |
    sed 's/ ([/*][^)]*)//g' | sort -u | while read -r name number _; do
    grep -qE "^$name +${number#v} +[A-Z(]" "$prefix-licences.txt" || echo "$name $number is not in the table"
    grep -qE "^$name ${number#v}: " "$prefix-licences.txt" || echo "$name $number has no text"
done >"$scratch/out"
[ ! -s "$scratch/out" ] || wrong 'missing'
for absent in syn proc-macro2 cc rcgen windows-sys mini-internal libfuzzer-sys; do
    ! grep -q "^$absent " "$prefix-licences.txt" || wrong "$absent is not linked"
done
for text in 'Community Data License Agreement' 'Rich Felker' 'The Rust Project Developers' 'LLVM Exceptions' \
    'BoringSSL' 'UNICODE LICENSE V3' 'Zig contributors' 'Apache License' \
    'Permission to use, copy, modify, and/or distribute'; do
    holds "$prefix-licences.txt" "$text"
done
end

begin 'SBOM: the same parts, with versions and licences, and nothing of the building machine'
python3 - "$prefix" >"$scratch/out" 2>&1 <<'PYTHON' || wrong 'see below'
import json, re, sys
text = open(sys.argv[1] + "-sbom.cdx.json", encoding="utf-8").read()
bom = json.loads(text)
assert bom["bomFormat"] == "CycloneDX" and "serialNumber" not in bom, "head"
for word in ("file:", "/home/", "/tmp/", "/root/", "/target/", "index"):
    assert not re.search(re.escape(word) + r".*\"(bom-ref|purl|ref)", text) and word not in json.dumps(
        [bom["metadata"], bom["dependencies"], [c["bom-ref"] + c["purl"] for c in bom["components"]]]), word
parts = {(c["name"], c.get("version")) for c in bom["components"] + [bom["metadata"]["component"]]}
table = open(sys.argv[1] + "-licences.txt", encoding="utf-8").read().split("below:\n\n")[1].split("\n\n")[0]
rows = {tuple(line.split()[:2]) for line in table.splitlines()}
assert parts == rows, parts ^ rows
assert all(c["licenses"] for c in bom["components"]), "licences"
refs = {c["bom-ref"] for c in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
assert refs == {d["ref"] for d in bom["dependencies"]}, "references"
assert all(set(d.get("dependsOn", [])) <= refs for d in bom["dependencies"]), "dependencies"
PYTHON
end

begin 'documents: man pages, completions, units, config'
tar -tzf "$prefix-documents.tar.gz" >"$scratch/list"
for file in man/gandi-ddns.1 man/gandi-ddns.conf.5 completions/_gandi-ddns completions/gandi-ddns.bash \
    completions/gandi-ddns.fish systemd/gandi-ddns.service gandi-ddns.conf.example LICENSE-MIT CHANGELOG.md; do
    grep -qx "$BIN-$version-documents/$file" "$scratch/list" || wrong "$file is missing"
done
end

begin 'install.sh: version, table of CPUs and the checksums of all binaries'
holds "$RELEASE/install.sh" "VERSION='$version'"
! grep -q '^\. ' "$RELEASE/install.sh" || wrong 'reads another file'
for name in $TARGET_NAMES; do
    [ ! -e "$prefix-$name" ] || holds "$RELEASE/install.sh" "$(cd "$RELEASE" && sha256sum "$BIN-$version-$name")"
done
for shell in sh bash; do $shell -n "$RELEASE/install.sh" || wrong "$shell does not read it"; done
end

begin 'source: owned by root, and cargo builds it without network and downloads'
tar -tvJf "$prefix-source.tar.xz" >"$scratch/list"
! grep -v ' 0/0 ' "$scratch/list" | grep . >"$scratch/out" || wrong 'another owner'
tar -xJf "$prefix-source.tar.xz" -C "$scratch"
source=$scratch/$BIN-$version
for file in Makefile README.md tests/fake/Cargo.toml fuzz/Cargo.toml; do
    [ -e "$source/$file" ] || wrong "no $file"
done
apart=
! unshare -rn true 2>/dev/null || apart='unshare -rn'
(
    cd "$source"
    export CARGO_HOME="$scratch/cargo" CARGO_TARGET_DIR="$ROOT/target/release-check"
    unset GANDI_DDNS_BUILD
    for manifest in Cargo.toml fuzz/Cargo.toml; do
        # All crates are there, also those of the tests and the fuzzers.
        $apart cargo metadata --offline --locked --manifest-path $manifest --format-version 1 >"$scratch/metadata"
    done
    $apart cargo build --offline --locked --quiet
    "$CARGO_TARGET_DIR/debug/$BIN" --version
) >"$scratch/out" 2>&1 || wrong 'it does not build'
grep -q "^$BIN $version ([0-9a-f]* 20" "$scratch/out" || wrong '--version has no commit'
end

begin 'no release from a tree with changes, nor with a wrong PAGE'
git clone -q --no-hardlinks "$ROOT" "$scratch/clone"
released() {
    code=0
    (cd "$scratch/clone" && TOOLS_DIR="$TOOLS_DIR" "$@" scripts/release.sh) >"$scratch/out" 2>&1 || code=$?
}
: >"$scratch/clone/new"
released env
code_is 1; says 'the working tree has changes or new files'; says '^?? new$'
rm "$scratch/clone/new"
released env PAGE="https://example.org/'x"
code_is 64; says 'invalid URL of the release page'
released env TARGETS=z80
code_is 64; says "unknown target 'z80'"
[ ! -e "$scratch/clone/target/release-page" ] || wrong 'a page was made'
end

total
