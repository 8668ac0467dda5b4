#!/bin/sh
# Builds and compiles the package for the Rust registry, after a comparison of its files with the list below and with
# src/. Publishes nothing.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
export CARGO_TARGET_DIR=target/package-check

# Written by cargo; the first one only in a git checkout.
made='.cargo_vcs_info.json Cargo.toml.orig'
expected="CHANGELOG.md Cargo.lock Cargo.toml LICENSE-APACHE LICENSE-MIT README.md gandi-ddns.conf.example"
sorted() { tr ' ' '\n' | LC_ALL=C sort; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ echo "$expected" && find src -name '*.rs'; } | sorted >"$work/expected"
# --allow-dirty here only: the build below refuses a tree with changes.
"$cargo" package --locked --list --allow-dirty >"$work/all"
echo "$made" | sorted | grep -vxFf - "$work/all" | sorted >"$work/found"
if ! diff "$work/expected" "$work/found" >"$work/difference"; then
    echo "the package has other files than scripts/package.sh expects ('>': only in the package):" >&2
    grep '^[<>]' "$work/difference" >&2
    exit 1
fi
# shellcheck disable=SC2086 # Options.
"$cargo" package --locked --quiet ${PACKAGE_OPTIONS-}
