#!/bin/sh
# Fails with a remedy if a tool is missing that `make demo` and `make test` need: cargo and rustc of the version in
# Cargo.toml, a C compiler, and the components of Rust that are named as arguments (rustfmt, clippy). An older cargo would
# only say that it does not know the edition.
set -eu
cd "$(dirname "$0")/.."

cargo=cargo
wanted=$(sed -n 's/^rust-version *= *"\([0-9.]*\)"/\1/p' Cargo.toml)
remedy="install Rust $wanted or newer: by rustup; or on Debian 13, whose own Rust is older, from its backports (apt install -t trixie-backports cargo rustc rustfmt rust-clippy)"

# fail TEXT: ends the script.
fail() {
    echo "$1" >&2
    exit 1
}

# is_older FOUND WANTED: compares two versions, each with at least two numbers.
is_older() {
    major=${1%%.*} minor=${1#*.}
    [ "$major" -lt "${2%%.*}" ] || { [ "$major" -eq "${2%%.*}" ] && [ "${minor%%.*}" -lt "${2#*.}" ]; }
}

for tool in "$cargo" rustc; do
    command -v "$tool" >/dev/null || fail "$tool is missing: $remedy"
    version=$("$tool" --version 2>&1) || fail "$tool does not run ($version): $remedy"
    found=$(echo "$version" | sed -n '1s/^[a-z]* \([0-9]*\.[0-9]*\).*/\1/p')
    [ -n "$found" ] || fail "$tool has an unknown version ($version): $remedy"
    if is_older "$found" "$wanted"; then
        fail "$tool $found is too old: $remedy"
    fi
done
for component in "$@"; do
    "$cargo" "${component#rust}" --version >/dev/null 2>&1 ||
        fail "$component is missing: run \`rustup component add $component\`, or install Debian's package rustfmt or rust-clippy"
done
command -v "${CC:-cc}" >/dev/null || fail "a C compiler (cc) is missing, which the cryptography needs: on Debian, apt install gcc libc6-dev"
