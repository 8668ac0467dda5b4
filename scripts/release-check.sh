#!/bin/sh
# Checks, just before a release is uploaded, that everything is about the same version: Cargo.toml and Cargo.lock, the
# changelog with its date, the tag, the files of `make release` with their sums, and the documents. Prints every
# difference, and fails if there is any. Changes nothing.
#
#   RELEASE  directory that `make release` has made, default: target/release-page
#   TODAY    the day, default: today in UTC
set -eu
cd "$(dirname "$0")/.."

release=${RELEASE:-target/release-page}
today=${TODAY:-$(date -u +%Y-%m-%d)}
failures=0
ok() { echo "ok       $*"; }
failure() {
    echo "failure  $*"
    failures=$((failures + 1))
}

# field FILE: the version of the package gandi-ddns in Cargo.toml or Cargo.lock.
field() {
    awk -F'"' '/^name = / { name = $2 } /^version = / && name == "gandi-ddns" { print $2; exit }' "$1"
}

check_version() {
    if [ "$version" = "$(field Cargo.lock)" ]; then
        ok "version: $version"
    else
        failure "version: Cargo.toml has $version, Cargo.lock has $(field Cargo.lock); run: cargo update --workspace"
    fi
}

# The heading is `## 0.1.0 (2026-11-26)`, and the first one in the file.
check_changelog() {
    heading=$(sed -n 's/^## //p' CHANGELOG.md | head -n 1)
    date=$(echo "$heading" | sed -n 's/^.* (\([0-9]\{4\}-[0-9]\{2\}-[0-9]\{2\}\))$/\1/p')
    if [ "${heading%% *}" != "$version" ]; then
        failure "changelog: its first section is about ${heading%% *}, not about $version"
    elif [ -z "$date" ]; then
        failure "changelog: the section '$heading' has no date; write: ## $version ($today)"
    elif [ "$(date -u -d "$date" +%Y-%m-%d 2>/dev/null)" != "$date" ]; then
        failure "changelog: $date is no date"
    elif [ "$date" != "$today" ]; then
        failure "changelog: its date is $date, and today is $today"
    else
        ok "changelog: $heading"
    fi
}

check_tag() {
    if [ -n "$(git status --porcelain)" ]; then
        failure "commit: the working tree has changes or new files; commit or remove them"
    else
        ok "commit: no changes since it"
    fi
    tag=v$version
    if ! at=$(git rev-parse -q --verify "refs/tags/$tag^{commit}"); then
        failure "tag: there is no tag $tag; run: git tag -a $tag -m 'gandi-ddns $version'"
    elif [ "$at" != "$(git rev-parse HEAD)" ]; then
        failure "tag: $tag is not on this commit"
    elif [ "$(git cat-file -t "refs/tags/$tag")" != tag ]; then
        failure "tag: $tag has no author and date; run: git tag -f -a $tag -m 'gandi-ddns $version'"
    else
        ok "tag: $tag"
    fi
}

# Every file has a sum, and every sum a file.
check_sums() {
    if [ ! -f "$release/SHA256SUMS" ]; then
        failure "release: $release/SHA256SUMS is missing; run: make release"
        return
    fi
    listed=$(awk '{ print $2 }' "$release/SHA256SUMS" | LC_ALL=C sort)
    found=$(cd "$release" && find . -type f ! -name SHA256SUMS | sed 's|^\./||' | LC_ALL=C sort)
    if [ "$listed" != "$found" ]; then
        failure "sums: $release has other files than SHA256SUMS: $(printf '%s\n%s\n' "$listed" "$found" |
            LC_ALL=C sort | uniq -u | xargs)"
    elif ! wrong=$(cd "$release" && LC_ALL=C sha256sum --quiet -c SHA256SUMS 2>/dev/null); then
        failure "sums: $(echo "$wrong" | xargs)"
    else
        ok "sums: $(echo "$listed" | wc -l) files"
    fi
}

# binary TARGET: the path of a released binary.
binary() { echo "$release/gandi-ddns-$version-$1"; }

check_files() {
    [ -f "$release/SHA256SUMS" ] || return 0
    others=$(cd "$release" && find . -type f -name 'gandi-ddns[-_]*' | grep -v "/gandi-ddns[-_]$version" | xargs)
    [ -z "$others" ] || failure "release: files of another version: $others"
    for target in $targets; do
        [ -f "$(binary "$target")" ] || failure "release: $(binary "$target") is missing; run: make release"
    done
    native=$(binary "$(uname -m)")
    if [ -f "$native" ]; then
        # A copy, since the files of a release page have no mode.
        run=$(mktemp)
        install -m 755 "$native" "$run"
        printed=$("$run" --version 2>&1) || :
        rm -f "$run"
        # The commit and its date follow, as scripts/dist.sh adds them; a changed tree has `-dirty`.
        commit=$(echo "$printed" | sed -n "s/^gandi-ddns $version (\([0-9a-f]\{7,\}\) [0-9-]*)\$/\1/p")
        case $(git rev-parse HEAD) in
            "${commit:-none}"*) ok "release: the binary prints $printed" ;;
            *) failure "release: $native prints '$printed', not version $version of this commit; run: make release" ;;
        esac
    fi
}

# The sizes in the README are those of the released binaries, and file names in the documents have this version.
check_documents() {
    wrong=0
    for target in $targets; do
        [ -f "$(binary "$target")" ] || continue
        size=$(wc -c <"$(binary "$target")")
        shown=$(awk -F' *[|] *' -v target="$target" '$2 == target { gsub(/,/, ""); print $4; exit }' README.md)
        [ "$size" = "$shown" ] && continue
        wrong=1
        failure "README.md: $target has $size bytes, and the footprint table has ${shown:-no number}"
    done
    names=$(grep -nHoE 'gandi-ddns[-_][0-9]+\.[0-9]+\.[0-9]+' README.md docs/*.md CONTRIBUTING.md SECURITY.md |
        grep -v "gandi-ddns[-_]$version\$" | xargs || :)
    if [ -n "$names" ]; then
        wrong=1
        failure "documents: names of another version: $names"
    fi
    if ! make --no-print-directory docs-check >&2; then
        wrong=1
        failure "documents: the pictures or examples are not those of this program; run: make picture json-examples"
    fi
    [ "$wrong" = 1 ] || ok "documents: sizes, names, pictures and examples"
}

version=$(field Cargo.toml)
# shellcheck source=scripts/toolchain/targets.sh
targets=$(. scripts/toolchain/targets.sh && echo "$TARGET_NAMES")
check_version
check_changelog
check_tag
check_sums
check_files
check_documents
if [ "$failures" != 0 ]; then
    echo
    echo "$failures to be mended before the upload"
    exit 1
fi
echo
echo "ready: upload the files of $release, then: git push origin v$version"
