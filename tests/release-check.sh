#!/bin/sh
# Tests scripts/release-check.sh with a small tree that is ready for a release, and with one fault in it at a time.
set -eu
cd "$(dirname "$0")/.."
root=$PWD work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null HOME="$work"
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org

. scripts/toolchain/targets.sh
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# sums: writes the sums of the release again.
sums() { (cd release && rm -f SHA256SUMS && sha256sum -- * >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS); }

# binaries VERSION: writes the binaries, which are scripts that print this version of the last commit, and their sums.
binaries() {
    for target in $TARGET_NAMES; do
        printf '#!/bin/sh\necho "gandi-ddns %s (%s 2026-11-30)"\n' "$1" "$(git log -1 --abbrev=9 --format=%h)" \
            >"release/gandi-ddns-$version-$target"
    done
    sums
}

# tree: makes the tree in $work/tree, ready for the release, and goes there.
tree() {
    cd "$work"
    rm -rf tree
    mkdir -p tree/scripts/toolchain tree/docs tree/release
    cd tree
    cp "$root/Cargo.toml" "$root/Cargo.lock" "$root/CONTRIBUTING.md" "$root/SECURITY.md" .
    cp "$root/scripts/release-check.sh" scripts/
    cp "$root/scripts/toolchain/targets.sh" scripts/toolchain/
    printf '# Changelog\n\n## %s (2026-11-30)\n\n- New.\n' "$version" >CHANGELOG.md
    echo 'see gandi-ddns-'"$version"'-armv6' >docs/one.md
    printf 'docs-check:\n\t@test ! -e stale\n' >Makefile
    printf '/release\n' >.gitignore
    : >"release/gandi-ddns_${version}_amd64.deb"
    : >release/install.sh
    git init -q .
    git add .
    git commit -qm begin
    # All have the same size, whatever the commit is.
    binaries "$version"
    for target in $TARGET_NAMES; do
        size=$(wc -c <"release/gandi-ddns-$version-$target")
        echo "| $target | a machine | $size | 1,000 |" >>README.md
    done
    git add .
    git commit -qm release
    git tag -a "v$version" -m "gandi-ddns $version"
    binaries "$version"
}

# again: commits a change of the tree, and moves the tag to it.
again() {
    git add .
    git commit -qm again
    git tag -f -a "v$version" -m again >/dev/null
}

run() {
    code=0
    output=$(RELEASE=release TODAY=2026-11-30 scripts/release-check.sh 2>&1) || code=$?
}

# fails WHAT TEXT: the check must fail, with this text in a line of its failures.
fails() {
    run
    if [ "$code" = 0 ] || ! echo "$output" | grep '^failure  ' | grep -qF -- "$2"; then
        printf 'FAILED: %s: expected a failure with "%s", got exit code %s:\n%s\n' "$1" "$2" "$code" "$output" >&2
        exit 1
    fi
    echo "ok: $1"
}

tree
run
[ "$code" = 0 ] || { printf 'FAILED: a good tree:\n%s\n' "$output" >&2; exit 1; }
if echo "$output" | grep -q "^failure"; then exit 1; fi
echo "ok: a good tree"

tree && sed -i "0,/^version = /s/^version = .*/version = \"9.9.9\"/" Cargo.toml && again
fails "another version in Cargo.lock" "Cargo.toml has 9.9.9, Cargo.lock has $version"

tree && sed -i 's/^## .*/## '"$version"' (unreleased)/' CHANGELOG.md && again
fails "a changelog without a date" "has no date; write: ## $version (2026-11-30)"
tree && sed -i 's/(2026-11-30)/(2026-11-29)/' CHANGELOG.md && again
fails "a changelog of yesterday" "its date is 2026-11-29, and today is 2026-11-30"
tree && sed -i 's/(2026-11-30)/(2026-11-31)/' CHANGELOG.md && again
fails "a changelog with no date" "2026-11-31 is no date"
tree && sed -i 's/^## .*/## Unreleased\n\n&/' CHANGELOG.md && again
fails "a changelog with a section above" "first section is about Unreleased"

tree && echo more >>docs/one.md
fails "a change that is not committed" "the working tree has changes"
tree && git tag -d "v$version" >/dev/null
fails "no tag" "there is no tag v$version; run: git tag -a"
tree && echo more >>docs/one.md && git commit -qam more
fails "a tag on another commit" "v$version is not on this commit"
tree && git tag -d "v$version" >/dev/null && git tag "v$version"
fails "a tag without author" "has no author and date"

tree && rm -r release
fails "no release" "release/SHA256SUMS is missing; run: make release"
tree && echo more >>release/install.sh
fails "a file with another sum" "install.sh: FAILED"
tree && : >release/more
fails "a file without a sum" "has other files than SHA256SUMS: more"
tree && rm release/install.sh
fails "a sum without a file" "has other files than SHA256SUMS: install.sh"
tree && rm "release/gandi-ddns-$version-armv6" && sums
fails "a binary that is missing" "release/gandi-ddns-$version-armv6 is missing"
tree && : >release/gandi-ddns_0.0.9_amd64.deb && sums
fails "a package of another version" "files of another version: ./gandi-ddns_0.0.9_amd64.deb"

if [ -f "release/gandi-ddns-$version-$(uname -m)" ]; then
    tree && binaries 9.9.9
    fails "a binary of another version" "prints 'gandi-ddns 9.9.9 ("
    tree && echo more >>docs/one.md && again
    fails "a binary of another commit" "not version $version of this commit; run: make release"
    tree && sed -i 's/ 2026-11-30/-dirty 2026-11-30/' "release/gandi-ddns-$version-$(uname -m)" && sums
    fails "a binary of a changed tree" "-dirty 2026-11-30)', not version"
fi
tree && sed -i 's/^| armv7 | a machine | [0-9]*/| armv7 | a machine | 1,234/' README.md && again
fails "another size in the README" "and the footprint table has 1234"
tree && sed -i '/^| armv7 /d' README.md && again
fails "no size in the README" "and the footprint table has no number"
tree && echo 'cp gandi-ddns-0.0.9-armv6 x' >>docs/one.md && again
fails "a file name of another version" "names of another version: docs/one.md:2:gandi-ddns-0.0.9"
tree && : >stale && again
fails "stale pictures" "run: make picture json-examples"
