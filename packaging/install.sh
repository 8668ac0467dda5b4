#!/bin/sh
# Installs gandi-ddns from its release page: the binary for this machine's CPU, after a check of its SHA-256 checksum.
#
#   sh install.sh [VERSION]     VERSION, default: the one that this script belongs to
#
#   PREFIX           default: /usr/local; the program becomes PREFIX/bin/gandi-ddns
#   DESTDIR          default: none; put before PREFIX, such as the mount point of an SD card
#   GANDI_DDNS_PAGE  URL of the page, for a mirror; {version} in it stands for the version
#   GANDI_DDNS_ALLOW_HTTP=loopback   also allows http:// to this machine, for tests; otherwise only https://
#
# Needs curl or wget, sha256sum (or BusyBox with that applet) and, unless PREFIX is writable, root or sudo. Config and
# token are not touched. To remove the program, remove its lines in the crontab, or disable its timer, and delete
# PREFIX/bin/gandi-ddns.
#
# Exit codes: 64 usage, 66 no such version or build, 69 download failed or a tool is missing, 70 the program does not
# run here, 73 cannot write, 74 wrong checksum, 77 no root, 78 unsupported CPU.
set -eu

# scripts/release/installer.sh sets these, and puts the file in place of the line that reads it. PAGE_SUMS has the
# checksums of the builds of VERSION: for this version it does not suffice that the page's SHA256SUMS has the right one.
VERSION=''
PAGE=''
PAGE_SUMS=''
# shellcheck source=scripts/deploy-arch.sh
. "$(dirname "$0")/../scripts/deploy-arch.sh"

say() { printf '%s\n' "$*"; }
note() { printf 'install: note: %s\n' "$*" >&2; }
die() { # CODE MESSAGE
    code=$1
    shift
    printf 'install: %s\n' "$*" >&2
    exit "$code"
}
have() { command -v "$1" >/dev/null 2>&1; }
# cause FILE: prints the last line of the messages of a failed command.
cause() { tail -n 1 "$1" 2>/dev/null | tr -d '\r'; }

usage() {
    say 'usage: sh install.sh [VERSION]'
    say 'environment: PREFIX, DESTDIR, GANDI_DDNS_PAGE, GANDI_DDNS_ALLOW_HTTP; see the beginning of this file'
}

# --- what to install, and where from

# read_arguments ARGUMENT...: sets version, page, dest and shown_dest.
read_arguments() {
    case ${1:-} in -h | --help) usage; exit 0 ;; esac
    [ $# -le 1 ] || die 64 'too many arguments; usage: sh install.sh [VERSION]'
    version=${1:-$VERSION}
    version=${version#v}
    case $version in
        '') die 64 'which version? usage: sh install.sh VERSION' ;;
        [!0-9]* | *[!0-9A-Za-z.+~-]*) die 64 "invalid version: $version; a version is like 0.1.0" ;;
    esac
    page=${GANDI_DDNS_PAGE:-$PAGE}
    [ -n "$page" ] || die 64 'this script names no release page; set GANDI_DDNS_PAGE to its URL'
    while :; do
        case $page in
            *'{version}'*) page=${page%%'{version}'*}$version${page#*'{version}'} ;;
            *) break ;;
        esac
    done
    page=${page%/}
    check_page
    shown_dest=${PREFIX:-/usr/local}
    case $shown_dest in /*) ;; *) die 64 "PREFIX must be an absolute path: $shown_dest" ;; esac
    shown_dest=${shown_dest%/}/bin
    dest=${DESTDIR:-}$shown_dest
}

# check_page: fails unless the URL is https. Characters of a user name or a query are refused, too.
check_page() {
    case $page in
        *[!]A-Za-z0-9:/._~%+,=[-]*) die 64 'the URL of the page has a character that is not allowed' ;;
        https://?*) return 0 ;;
        http://*) ;;
        *) die 64 "the URL of the page must begin with https://: $page" ;;
    esac
    host=${page#http://}
    case ${host%%/*} in
        127.0.0.1 | localhost | '[::1]' | 127.0.0.1:* | localhost:* | '[::1]:'*)
            [ "${GANDI_DDNS_ALLOW_HTTP:-}" != loopback ] || return 0 ;;
    esac
    die 64 "the URL of the page must begin with https://: $page"
}

# find_build: sets file, the name of the build for this machine.
find_build() {
    uname=$(uname -m 2>/dev/null) || uname=
    name=$(target_name "$uname" "$(shell_header)" "$(cat /proc/cpuinfo 2>/dev/null)") ||
        die 78 "unsupported architecture: ${uname:-unknown} (supported: ARM from ARMv5 on, x86_64, x86 with" \
            "SSE2, MIPS32 release 2, RISC-V with RV64GC, 32-bit PowerPC, and LoongArch with 64 bits)"
    file=gandi-ddns-$version-$name
}

# shell_header: prints the first 64 bytes of the shell in hexadecimal, or nothing. It tells whether the userland has 32
# bits under a 64-bit kernel. OpenWrt has hexdump but no od.
shell_header() {
    for shell in /bin/sh /proc/$$/exe; do
        header=$({ dd if="$shell" bs=64 count=1 | { od -An -v -tx1 || hexdump -v -e '/1 "%02x"'; }; } 2>/dev/null |
            tr -d ' \n') || :
        case $header in 7f454c46*) printf %s "$header" && return ;; esac
    done
}

# --- downloads

# find_tools: sets sha256, fetcher and checks_certificates, or fails.
find_tools() {
    sha256=
    for tool in sha256sum 'busybox sha256sum' 'shasum -a 256'; do
        # A BusyBox may lack the applet, hence the test by its result.
        case $(printf abc | $tool 2>/dev/null) in
            ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad*) sha256=$tool && break ;;
        esac
    done
    [ -n "$sha256" ] || die 69 'cannot check checksums: sha256sum is missing; install coreutils or BusyBox'
    checks_certificates=yes
    if have curl; then
        fetcher=curl
    elif ! have wget; then
        die 69 'cannot download: curl and wget are missing; install one of them'
    elif wget --version >/dev/null 2>&1; then
        fetcher=wget
    else
        fetcher=small-wget
        case $(wget --help 2>&1) in *BusyBox*) checks_certificates= ;; esac
    fi
}

# fetch NAME: downloads a file of the page to $work/NAME, or fails.
fetch() {
    code=0
    case $fetcher in
        curl) curl -gfsSL --proto "=https${page_is_http:+,http}" --proto-redir =https --connect-timeout 30 \
            --speed-limit 1 --speed-time 60 \
            -o "$work/$1" "$page/$1" ;;
        # GNU's wget would try 20 times.
        wget) wget -nv -t 2 -T 30 -O "$work/$1" "$page/$1" ;;
        *) wget -q -O "$work/$1" "$page/$1" ;;
    esac >"$work/log" 2>&1 </dev/null || code=$?
    [ "$code" != 0 ] || return 0
    reason=$(cause "$work/log")
    case $reason in
        *[Ee]rror*404* | *ERROR*404* | *HTTP*404*)
            die 66 "the page has no $1; is $version a published version? ($page/$1: 404)" ;;
        *'No space left'* | *'curl: (23)'*)
            die 73 "not enough space in $work; set TMPDIR to another directory (${reason:-exit code $code})" ;;
    esac
    die 69 "could not download $page/$1: ${reason:-exit code $code}; check the network and run this again"
}

# line_of FILE: prints the checksum of $file in a list of sha256sum.
line_of() { sed -n "s/^\([0-9a-f]\{64\}\) [ *]$(printf %s "$file" | sed 's/\./\\./g')\$/\1/p" | head -n 1; }

# fetch_sums: sets expected, the checksum of $file.
fetch_sums() {
    fetch SHA256SUMS
    expected=$(line_of <"$work/SHA256SUMS")
    [ -n "$expected" ] || die 66 "SHA256SUMS of the page has no line for $file, so nothing was installed; \
is $version a version of this page?"
    if [ "$version" = "$VERSION" ] && [ -n "$PAGE_SUMS" ]; then
        [ "$(printf '%s\n' "$PAGE_SUMS" | line_of)" = "$expected" ] ||
            die 74 "SHA256SUMS of the page and this script have different checksums for $file, so nothing was \
installed; download install.sh again"
    elif [ -z "$checks_certificates" ]; then
        note 'wget of BusyBox does not check the certificate of the page; without trust in the network, install curl' \
            'and run this again'
    fi
}

# sum_of FILE: prints its checksum.
sum_of() { $sha256 "$1" 2>/dev/null | cut -d ' ' -f 1; }

# fetch_build: downloads $file and checks it.
fetch_build() {
    fetch "$file"
    found=$(sum_of "$work/$file")
    [ "$found" = "$expected" ] || die 74 "$file has a wrong checksum, so nothing was installed: the download was \
incomplete or the file was changed; run this again (expected $expected, found ${found:-none})"
}

# --- the installation

# check_old: sets old, the version that is installed. Fails if the file there is another program.
check_old() {
    old='' target=$dest/gandi-ddns
    [ -e "$target" ] || [ -L "$target" ] || return 0
    advice="move it away or choose another PREFIX; nothing was installed"
    [ ! -d "$target" ] || die 73 "$target is a directory: $advice"
    old=$("$target" --version 2>/dev/null </dev/null | head -n 1) || :
    case $old in
        'gandi-ddns '*) ;;
        *) die 73 "$target is not gandi-ddns, or does not run: $advice" ;;
    esac
}

# choose_root: sets as_root to sudo if this user cannot write to the directory.
choose_root() {
    as_root='' dir=$dest
    while [ ! -e "$dir" ] && [ -n "$dir" ]; do dir=${dir%/*}; done
    # For root, it is another reason, which place() tells.
    if [ -w "${dir:-/}" ] || [ "$(id -u 2>/dev/null || echo 0)" = 0 ]; then return; fi
    have sudo || die 77 "writing to $dest requires root, and sudo is missing: run this as root, or set PREFIX to a \
directory of your own, such as PREFIX=\$HOME/.local"
    as_root=sudo
    say "writing to $dest requires root: using sudo"
}

# place_script: prints the script that copies $1 to $2/gandi-ddns; it may run as another user. The copy runs once before
# it replaces the old program by a rename. It prints the version.
place_script() {
    cat <<'PLACE'
fail() { printf 'install: %s\n' "$2" >&2; exit "$1"; }
copied() {
    [ "$code" = 0 ] ||
        fail 73 "cannot $1: ${error##*: }; nothing was replaced; free some space or choose another PREFIX"
}
umask 022
LC_ALL=C file=$1 dest=$2 made='' code=0
export LC_ALL
new=$dest/.gandi-ddns.new.$$
trap 'rm -f "$new"; [ -z "$made" ] || rmdir "$dest" 2>/dev/null' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# Copies of runs that were killed.
for left in "$dest"/.gandi-ddns.new.*; do [ -d "/proc/${left##*.}" ] || rm -f "$left"; done
[ -d "$dest" ] || made=yes
error=$(mkdir -p "$dest" 2>&1) || code=$?
copied "create the directory $dest"
error=$(cp "$file" "$new" 2>&1) || code=$?
copied "write to $dest"
error=$(chmod 755 "$new" 2>&1) || code=$?
copied "make the copy in $dest executable"
version=$("$new" --version 2>/dev/null </dev/null) || code=$?
case $code:$version in
    0:'gandi-ddns '*) ;;
    132:*) fail 70 'the program does not run here (illegal instruction: it is for another CPU); nothing was replaced' ;;
    126:*) fail 70 "the program does not run in $dest (mounted noexec?); nothing was replaced; choose another PREFIX" ;;
    *) fail 70 "the program does not run here (exit code $code); nothing was replaced" ;;
esac
# A power cut leaves the old program or the new one.
sync 2>/dev/null
error=$(mv -f "$new" "$dest/gandi-ddns" 2>&1) || code=$?
copied "replace $dest/gandi-ddns"
made=
printf '%s\n' "$version"
PLACE
}

# place: copies the build to $dest and sets new, its version.
place() {
    code=0
    $as_root sh -c "$(place_script)" install "$work/$file" "$dest" >"$work/new" </dev/null || code=$?
    new=$(head -n 1 "$work/new")
    [ "$code" != 0 ] || [ -n "$new" ] || code=1
    case $code in
        0) ;;
        70 | 73 | 129 | 130 | 143) exit "$code" ;;
        *) die 77 "${as_root:-sh} failed (exit code $code), so nothing was installed${as_root:+; run this as root}" ;;
    esac
}

# report: prints what was done, and what is left to do.
report() {
    case $old in
        '') say "$dest/gandi-ddns: $new installed" ;;
        *) say "$dest/gandi-ddns: $old -> $new" ;;
    esac
    print_next
}

# print_next: tells how to go on, and names another gandi-ddns that a shell would find first.
print_next() {
    command=$shown_dest/gandi-ddns
    if [ -z "${DESTDIR:-}" ]; then
        first=$(command -v gandi-ddns) || first=
        case $first in
            "$command") command=gandi-ddns ;;
            /*) note "another gandi-ddns comes first in PATH: $first" ;;
        esac
    fi
    for conf in "${DESTDIR:-}/etc/gandi-ddns/gandi-ddns.conf" "${HOME:-/root}/.config/gandi-ddns/gandi-ddns.conf"; do
        [ ! -e "$conf" ] || return 0
    done
    [ -w "$dest" ] || command="sudo $command"
    say "next: $command setup"
}

# shellcheck disable=SC2317 # called by the trap
clean_up() { [ -z "$work" ] || rm -rf "$work"; }

# make_work: sets work, a new directory for the downloads.
make_work() {
    umask 077
    tmp=${TMPDIR:-/tmp}
    work=$(mktemp -d "$tmp/gandi-ddns.XXXXXX" 2>/dev/null) || {
        work=$tmp/gandi-ddns.$$
        mkdir "$work" 2>/dev/null || {
            work=
            die 73 "cannot create a directory in $tmp; set TMPDIR to another one"
        }
    }
}

main() {
    LC_ALL=C work='' page_is_http=''
    export LC_ALL
    read_arguments "$@"
    case $page in http://*) page_is_http=yes ;; esac
    find_build
    find_tools
    check_old
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    make_work
    fetch_sums
    if [ -n "$old" ] && [ "$(sum_of "$dest/gandi-ddns")" = "$expected" ]; then
        say "$dest/gandi-ddns: $old is installed already"
        print_next
        return
    fi
    choose_root
    fetch_build
    place
    report
}

# In braces, so that a script whose end is missing is a syntax error and does nothing.
{ main "$@"; exit; }
