#!/bin/sh
# Makes the source tarball: the files of HEAD, all crates (cargo vendor), and a config by which cargo uses them. cargo
# builds the program and its tests from it without a network.
#
#   scripts/release/source.sh FILE.tar.xz
#
# Crates that no Linux build compiles, such as those for Windows, are reduced to their manifests: cargo wants to see
# them, and they would be two thirds of the tarball.
set -eu

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/scripts/toolchain/targets.sh"
. "$ROOT/scripts/toolchain/tools.sh"
out=$(realpath -m "$1")
cd "$ROOT"
name_build

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
umask 022
top=$BIN-$version
git archive --prefix="$top/" HEAD | tar -x -C "$stage"
cd "$stage/$top"

# used: prints the crates that cargo compiles for some Linux, with versions: for the program, its tests and the fuzzers.
used() {
    triples='i686-unknown-linux-gnu riscv64gc-unknown-linux-gnu'
    for name in $TARGET_NAMES; do
        target_select "$name"
        triples="$triples $TARGET_TRIPLE $(echo "$TARGET_TRIPLE" | sed 's/musl/gnu/')"
    done
    for triple in $triples; do
        for manifest in Cargo.toml fuzz/Cargo.toml; do
            cargo tree --manifest-path "$manifest" --locked --workspace -e all --target "$triple" --prefix none \
                -f '{p}' || return 1
        done
    done
}

# reduce DIRECTORY: leaves the manifest of a crate, without the targets whose files are gone.
reduce() {
    find "$1" -mindepth 1 -maxdepth 1 ! -name Cargo.toml ! -name .cargo-checksum.json -exec rm -rf {} +
    awk '/^\[/ { skip = /^\[\[(bin|test|example|bench)\]\]/ } !skip' "$1/Cargo.toml" >"$1/new"
    mv "$1/new" "$1/Cargo.toml"
    mkdir "$1/src"
    for file in src/lib.rs $(sed -n 's/^\(build\|path\) = "\(.*\.rs\)"$/\2/p' "$1/Cargo.toml"); do
        mkdir -p "$(dirname "$1/$file")"
        : >"$1/$file"
    done
    # cargo compares the files with this list.
    sed -i 's/"files":{.*},"package"/"files":{},"package"/' "$1/.cargo-checksum.json"
}

used >"$stage/tree"
awk 'NF { sub(/^v/, "", $2); print $1, $2 }' "$stage/tree" | LC_ALL=C sort -u >"$stage/used"
cargo vendor --quiet --locked --sync fuzz/Cargo.toml >/dev/null
for crate in vendor/*/; do
    # The first name and the first version are those of the package.
    id=$(sed -n 's/^\(name\|version\) = "\(.*\)"$/\2/p' "$crate/Cargo.toml" | head -n 2 | xargs)
    grep -qxF "$id" "$stage/used" || reduce "$crate"
done
cat >>.cargo/config.toml <<CONFIG

# Added to the source tarball: the crates are in vendor/. 'make dist' also compiles std, whose crates are not there: to
# let it fetch them, remove the next five lines.
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"

# The commit and its date, for --version.
[env]
GANDI_DDNS_BUILD = "$GANDI_DDNS_BUILD"
CONFIG

cd "$stage"
tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    --mode='u=rwX,go=rX' -cf "$stage/source.tar" "$top"
# One thread: more of them write other bytes.
xz -9 -T1 "$stage/source.tar"
mkdir -p "$(dirname "$out")"
mv "$stage/source.tar.xz" "$out"
