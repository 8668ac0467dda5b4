#!/bin/sh
# Boots an emulated big-endian MIPS machine (Malta with a 24Kc, the CPU of OpenWrt's ath79) and runs integration tests
# on it, with the program of `make dist TARGETS=mips`.
#
# qemu-user answers with this machine's kernel, and has faults of its own on big-endian MIPS
# (scripts/toolchain/qemu-faults.sh). Here a MIPS kernel answers: routes, interfaces and error numbers are the real ones.
# The guest runs tests/board-mips/init; the tests that it runs are in FILTER.
#
#   FILTER   words in the names of the tests, default: check, the sources interface and router, TLS, and all tests
#            that qemu-user cannot run on a big-endian CPU, without the hostile servers, which take long, and one that
#            requires setpriv
#   LIMIT    seconds from power-on after which the machine is switched off, default: 3600
#
# Debian has no packages for big-endian MIPS. So kernel, busybox and iproute2 are built from Debian's sources with
# Debian's cross compiler, under target/board-mips, where they are kept (delete it to build newer ones): 10 minutes.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh
. scripts/toolchain/qemu-faults.sh

LIMIT=${LIMIT:-3600}
DEFAULT_FILTER="--skip hostile --skip other_user_gets check:: check_ids:: interface_source:: default_route:: router_source:: tls::
$(qemu_faults big-endian | sed 's/^setup_$/setup_batch:: setup_offer:: setup_router:: setup_schedule::/; s/^watch$/watch::/')"
FILTER=${FILTER:-$DEFAULT_FILTER}
dir=$ROOT/target/board-mips
log=$dir/console.log
CROSS_COMPILE=mips-linux-gnu-
jobs=$(nproc)
mkdir -p "$dir"

# install_tools: installs the compilers and qemu.
install_tools() {
    packages=
    for pair in qemu-system-mips:qemu-system-mips ${CROSS_COMPILE}gcc:gcc-mips-linux-gnu bc:bc bison:bison flex:flex \
        cpio:cpio dpkg-deb:dpkg xz:xz-utils bzip2:bzip2 make:make cc:gcc; do
        have "${pair%%:*}" || packages="$packages ${pair#*:}"
    done
    [ -e /usr/mips-linux-gnu/lib/libc.a ] || packages="$packages libc6-dev-mips-cross"
    # shellcheck disable=SC2086 # a list
    [ -z "$packages" ] || apt_install $packages
}

# source_apt: configures apt with this machine's package sources, for source packages too, and with lists of its own.
# Needs no root.
source_apt() {
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/apt/parts"
    : >"$dir/apt/status"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [ -e "$file" ] || continue
        sed 's/^Types: *deb$/Types: deb deb-src/; /^deb[[:blank:]]/{p;s/^deb/deb-src/;}' "$file" \
            >"$dir/apt/parts/${file##*/}"
    done
    cat >"$dir/apt/conf" <<END
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$dir/apt";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/apt/parts";
END
    APT_CONFIG=$dir/apt/conf
    export APT_CONFIG
    # Errors are ignored: other repositories may be down or have no sources.
    apt-get update -q >"$dir/apt/log" 2>&1 || true
}

# download: unpacks the sources to linux, busybox and iproute2.
download() {
    have apt-get || { say "apt is missing: this test gets its sources from Debian"; return 1; }
    say "downloading Debian's sources of the kernel, busybox and iproute2 ..."
    source_apt
    cd "$dir/apt"
    # The name of the package contains the version; linux-source depends on the newest.
    linux=$(LC_ALL=C apt-cache depends linux-source | sed -n 's/.*Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -n 1)
    { [ -n "$linux" ] && apt-get download -q "$linux" && apt-get source -q --download-only busybox iproute2; } >&2 || {
        tail -n 3 log >&2
        say "this machine's package sources lack linux-source, busybox or iproute2; Debian 12 has them"
        return 1
    }
    mkdir -p ../linux ../busybox ../iproute2
    tar -xjf busybox_*.orig.tar.bz2 -C ../busybox --strip-components 1
    tar -xJf iproute2_*.orig.tar.xz -C ../iproute2 --strip-components 1
    dpkg-deb --fsys-tarfile "$linux"_*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
        tar -xJ -C ../linux --strip-components 1
    cd ..
    rm -rf apt
    : >downloaded
}

# make_kernel: builds vmlinux with tests/board-mips/kernel.config and nothing else.
make_kernel() {
    cd "$dir/linux"
    set -- ARCH=mips CROSS_COMPILE=$CROSS_COMPILE KBUILD_BUILD_USER=x KBUILD_BUILD_HOST=x
    make "$@" KCONFIG_ALLCONFIG="$ROOT/tests/board-mips/kernel.config" allnoconfig
    all_set "$ROOT/tests/board-mips/kernel.config" .config
    make "$@" -j"$jobs" vmlinux
    "${CROSS_COMPILE}strip" -o "$dir/vmlinux.new" vmlinux
}

# make_busybox: builds a static busybox with tests/board-mips/busybox.config and nothing else.
make_busybox() {
    cd "$dir/busybox"
    make allnoconfig
    # An option may depend on another: each pass offers more of them.
    for _ in 1 2 3; do
        sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y/s|^# \1 is not set|\1=y|/p' "$ROOT/tests/board-mips/busybox.config" >wanted.sed
        sed -i -f wanted.sed .config
        # yes ends by SIGPIPE.
        yes n | make oldconfig || true
    done
    all_set "$ROOT/tests/board-mips/busybox.config" .config
    make -j"$jobs" CROSS_COMPILE=$CROSS_COMPILE busybox
    cp busybox "$dir/busybox-mips.new"
}

# make_ip: builds a static ip of iproute2. busybox's has no network namespaces.
make_ip() {
    cd "$dir/iproute2"
    # Without the libraries that configure would find on this machine.
    cat >config.mk <<'END'
# The minimum.
%.o: %.c
	$(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<
END
    cat >>config.mk <<END
CC := ${CROSS_COMPILE}gcc
HOSTCC := cc
YACC := bison
LDFLAGS += -static
AR := ${CROSS_COMPILE}ar
CFLAGS += -DHAVE_SETNS -DHAVE_HANDLE_AT -DNEED_STRLCPY -Os
END
    make -j"$jobs" SUBDIRS='lib ip' SHARED_LIBS=n V=1
    "${CROSS_COMPILE}strip" -o "$dir/ip.new" ip/ip
}

# all_set WANTED CONFIG: fails if CONFIG lacks a line of WANTED.
all_set() {
    grep '^CONFIG_' "$1" | while IFS= read -r line; do
        grep -qxF "$line" "$2" || { echo "$2 has no $line" && exit 1; }
    done
}

# made FILE FUNCTION: runs the function, which writes FILE.new, unless FILE exists.
made() {
    [ ! -e "$dir/$1" ] || return 0
    say "building $1 ..."
    # Not in a list with ||, in which a failure would not end the function.
    set +e
    (
        set -e
        "$2"
    ) >"$dir/$1.log" 2>&1
    code=$?
    set -e
    [ "$code" = 0 ] || { tail -n 20 "$dir/$1.log" >&2; say "$2 failed; see $dir/$1.log"; exit 1; }
    mv "$dir/$1.new" "$dir/$1"
}

# make_initrd: writes the file system of the machine.
make_initrd() {
    rm -rf "$dir/root"
    mkdir -p "$dir/root"
    cd "$dir/root"
    mkdir -p bin dev etc proc root run sys tmp usr/local opt/qemu var
    # The tests find the programs of the system there.
    ln -s ../bin usr/bin
    ln -s ../run var/run
    cp "$dir/busybox-mips" bin/busybox
    cp "$dir/ip" bin/ip
    cp "$ROOT/dist/$BIN-$version-mips" opt/qemu/gandi-ddns
    cp "$dir/it-mips" opt/it
    cp "$ROOT/tests/board-mips/init" init
    # The tests read files of the repository, at the path that the compiler saw.
    mkdir -p ".$ROOT/tests/it/router_source"
    cp -r "$ROOT/tests/it/router_source/descriptions" ".$ROOT/tests/it/router_source/"
    # shellcheck disable=SC2086 # a list
    printf '%s\n' $FILTER >etc/tests
    echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
    echo 'root:x:0:' >etc/group
    echo '127.0.0.1 localhost' >etc/hosts
    # A test mounts another file there.
    : >etc/resolv.conf
    chmod 755 init opt/it opt/qemu/gandi-ddns bin/*
    find . | cpio -o -H newc -R +0:+0 --quiet | gzip -1
}

# machine: boots the machine, and ends it after its last line.
qemu=
off() {
    [ -n "$qemu" ] || return 0
    kill "$qemu" 2>/dev/null || true
    wait "$qemu" 2>/dev/null || true
    qemu=
}
machine() {
    : >"$log"
    # timeout: ends qemu even if this script is killed.
    timeout -k 5 "$LIMIT" qemu-system-mips -M malta -cpu 24Kc -m 512M -display none -monitor none -no-reboot -nic none \
        -serial "file:$log" -kernel "$dir/vmlinux" -initrd "$dir/initrd.gz" \
        -append "console=ttyS0,115200 panic=1 rdinit=/init quiet" </dev/null >"$dir/qemu.log" 2>&1 &
    qemu=$!
    until grep -q '^BOARD END\|Kernel panic' "$log"; do
        kill -0 "$qemu" 2>/dev/null || break
        sleep 1
    done
    # Waits for the rest of that line.
    sleep 1
    off
}

install_tools
# The file is written last: it marks a complete download.
[ -e "$dir/downloaded" ] || (download)
made vmlinux make_kernel
made busybox-mips make_busybox
made ip make_ip
TARGETS=mips BUILDER=zigbuild scripts/dist.sh >&2
TARGETS=mips TESTS=yes DIST=$dir BUILDER=zigbuild scripts/dist.sh >&2
(make_initrd) >"$dir/initrd.gz"

trap off EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
say "switching on a Malta with a big-endian 24Kc ..."
begin=$(date +%s)
machine
took=$(($(date +%s) - begin))
tr -d '\r' <"$log" | grep '^board: \|^test \|^BOARD \|^test result\|Kernel panic\|panicked' || true
if ! grep -q '^BOARD END' "$log"; then
    say "no last line after $took s (limit: $LIMIT s); the end of the console:"
    tail -n 12 "$log" >&2
    exit 1
fi
echo "$took s from power-on, console in $log"
grep -q '^board: byte order: big' "$log" || { say "the machine is not big-endian"; exit 1; }
# The console's line may begin with the name that the test program prints.
skipped=$(sed -n 's/\r$//; s/.* is skipped: //p' "$log" | sort | uniq -c)
[ -z "$skipped" ] || printf 'skipped tests, by reason:\n%s\n' "$skipped"
case $skipped in *unshare*) say "the machine has no network namespaces"; exit 1 ;; esac
grep -q '^test result: ok' "$log"
