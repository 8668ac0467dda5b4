# shellcheck shell=sh
# The machines, the release pages and the server of tests/install.sh.

# ELF headers in hexadecimal, as in tests/deploy/units.sh.
elf32() { echo "7f454c460101010000000000000000000200${1}0100000000000000000000000000000$2"; }
elf64() { echo "7f454c460201010000000000000000000200${1}01000000000000000000000000000000"; }
hard=$(elf32 2800 000040005) soft=$(elf32 2800 000020005)
aarch64=$(elf64 b700) x86_64=$(elf64 3e00)
v6='half thumb fastmult vfp edsp java tls'
v7='half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae'
v8='fp asimd evtstrm crc32 cpuid'

# new_machine NAME bash|dash|ash curl|wget|none: creates a machine with that shell, and makes it the current one.
new_machine() {
    machine=$1
    m=$scratch/$1
    mkdir -p "$m/bin" "$m/usr/bin" "$m/usr/local/bin" "$m/etc" "$m/proc" "$m/dev" "$m/root" "$m/home/pi" "$m/tmp"
    mknod -m 666 "$m/dev/null" c 1 3
    chmod 1777 "$m/tmp"
    chown 1000:1000 "$m/home/pi"
    tools='cat chmod cp cut dd head id mkdir mktemp mv od rm rmdir sed sha256sum sync tail tr'
    if [ "$2" = ash ]; then
        put "$1" "$busybox" /bin/busybox
        # hexdump instead of od, as in OpenWrt.
        for tool in sh $tools hexdump wget; do ln -s /bin/busybox "$m/usr/bin/$tool"; done
        rm "$m/usr/bin/od"
    else
        put "$1" "$(command -v "$2")" /usr/bin/sh
        for tool in $tools; do put "$1" "$(command -v "$tool")"; done
    fi
    [ "$3" = none ] || put "$1" "$(command -v "$3")"
    hardware x86_64 "$x86_64" ''
}
# hardware UNAME HEADER FEATURES: imitates other hardware. The header is that of /bin/sh; the shell is /usr/bin/sh.
hardware() {
    printf '#!/usr/bin/sh\necho %s\n' "$1" | program "$machine" /usr/bin/uname
    from_hex "$2" | program "$machine" /bin/sh
    printf 'processor\t: 0\nmodel name\t: x\nFeatures\t: %s\n\n' "$3" >"$m/proc/cpuinfo"
}

# build PAGE VERSION NAME [COMMAND]: puts a stand-in on a page. It has 70 kB, to fill a small file system.
build() {
    mkdir -p "$scratch/pages/$1"
    {
        printf '#!/usr/bin/sh\n%s\nexit\n' "${4:-echo 'gandi-ddns $2 ($3)'}" | sed "s/\$2/$2/; s/\$3/$3/"
        head -c 70000 /dev/zero | tr '\0' '#'
    } >"$scratch/pages/$1/gandi-ddns-$2-$3"
}
# sums PAGE: writes its SHA256SUMS.
sums() { (cd "$scratch/pages/$1" && sha256sum gandi-ddns-* >SHA256SUMS); }

# make_pages: makes the page `good` with two versions for all machines, and others with one fault each.
make_pages() {
    for name in $TARGET_NAMES; do build good 0.1.0 "$name"; build good 0.2.0 "$name"; done
    sums good
    for page in changed replaced unlisted; do cp -r "$scratch/pages/good" "$scratch/pages/$page"; done
    echo 'rm -rf /' >>"$scratch/pages/changed/gandi-ddns-0.2.0-x86_64"
    # The binary and its checksum are both replaced.
    echo 'rm -rf /' >>"$scratch/pages/replaced/gandi-ddns-0.2.0-x86_64"
    sums replaced
    sed -i '/0\.2\.0-x86_64/d; s/-0\.2\.0-arm64/&-old/' "$scratch/pages/unlisted/SHA256SUMS"
    cp -r "$scratch/pages/good" "$scratch/pages/gone"
    rm "$scratch/pages/gone/gandi-ddns-0.2.0-x86_64"
    mkdir "$scratch/pages/empty"
    # A program that this CPU cannot run, and one that is another.
    build broken 0.3.0 x86_64 'exit 132'
    build broken 0.4.0 x86_64 'echo other 0.4.0'
    sums broken
}

start_server() {
    : >"$scratch/requests"
    python3 tests/install/server.py "$scratch/pages" "$scratch/port" "$scratch/requests" &
    tries=0
    until [ -e "$scratch/port" ]; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { echo 'the web server does not start' >&2; exit 1; }
        sleep 0.1
    done
    site=http://127.0.0.1:$(cat "$scratch/port")
}

# in_machine COMMAND...: runs it with the environment $environment as the user $uid.
in_machine() {
    code=0
    # shellcheck disable=SC2086 # a list
    env -i HOME="$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin GANDI_DDNS_ALLOW_HTTP=loopback $environment \
        chroot --userspec="+$uid:+$uid" "$m" "$@" >"$scratch/out" 2>&1 || code=$?
}
# run [NAME=VALUE...] [-- ARGUMENT...]: runs install.sh.
run() {
    environment=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        environment="$environment $1"
        shift
    done
    [ $# = 0 ] || shift
    : >"$scratch/requests"
    in_machine /usr/bin/sh /install.sh "$@" </dev/null
}
# from PAGE [ARGUMENT...]: runs install.sh with that page.
from() {
    page=$1
    shift
    run "GANDI_DDNS_PAGE=$site/$page" -- "$@"
}
asked_for() { is requests "$(xargs <"$scratch/requests")" "$*"; }
# fails CODE TEXT: it ended with the code and one line, left nothing behind and changed nothing since `remember`.
fails() {
    code_is "$1"
    one_line 1
    says "^install: .*$2"
    unchanged
}
# refuses CODE TEXT ARGUMENT...: the same, for `run`; and it did not ask for anything.
refuses() {
    want=$1 text=$2
    shift 2
    run "$@"
    fails "$want" "$text"
    asked_for
}

mkdir "$scratch/pages"
make_pages
start_server
# The installers of the pages. 0.3.0 and 0.4.0 have none.
scripts/release/installer.sh 0.2.0 "$site/good" "$scratch/pages/good" >"$scratch/install.sh"
