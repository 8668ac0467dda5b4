#!/bin/sh
# Boots an emulated Raspberry Pi and tests the program on it: from the first run to an update under cron, and `setup` at
# a terminal.
#
#   BOARD    zero (default: ARMv6, the weakest Pi) or pi2 (ARMv7, four cores)
#   BUILDER  as for scripts/dist.sh, which builds the program and the fake Gandi for the board
#   LIMIT    seconds from power-on after which the board is switched off, default: 1800
#
# A test under qemu-user uses this machine's kernel and clock. Here the kernel is Debian's kernel for the board, the
# userland and cron are busybox, and the clock starts in 1970 as on every Pi. The guest runs tests/board/init, then
# tests/board/play, which checks exit codes and records, and tests/board/terminal, the integration tests at a terminal;
# this script checks the messages.
#
# Kernel and busybox are Debian packages of another architecture. They are downloaded with separate package lists and
# unpacked under target/board, where they are kept (delete it to get newer ones). No foreign package is installed.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

BOARD=${BOARD:-zero}
LIMIT=${LIMIT:-1800}
case $BOARD in
zero)
    arch=armel kernel=linux-image-rpi dtb=bcm2835-rpi-zero.dtb target=armv6
    machine=raspi0 memory=512M cpu='Raspberry Pi Zero.*ARMv6'
    # The board's clock counts instructions (16 ns each), and skips the time in which the processor waits. With a clock
    # that follows the time of this machine, the board stood still in several boots on a busy machine: the processor
    # waited for an interrupt, and the compare register of the timer (C3) was behind its counter, which takes 71 minutes
    # to come round.
    clock='-icount shift=4,sleep=off'
    ;;
pi2)
    arch=armhf kernel=linux-image-armmp dtb=bcm2836-rpi-2-b.dtb target=armv7
    machine=raspi2b memory=1G cpu='Raspberry Pi 2.*ARMv7'
    clock=
    ;;
*)
    say "BOARD is '$BOARD'; use zero or pi2"
    exit 64
    ;;
esac
top=target/board
dir=$top/$BOARD
log=$top/console.log
mkdir -p "$dir"

packages=
for pair in qemu-system-arm:qemu-system-arm cpio:cpio dpkg-deb:dpkg xz:xz-utils; do
    have "${pair%:*}" || packages="$packages ${pair#*:}"
done
# shellcheck disable=SC2086 # a list
[ -z "$packages" ] || apt_install $packages
if ! qemu-system-arm -M help | grep -q "^$machine "; then
    say "this qemu has no machine $machine: $(qemu-system-arm --version | head -n 1)"
    exit 1
fi

# foreign_apt: configures apt for the board's architecture, with separate package lists and no installed packages. Needs
# no root.
foreign_apt() {
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial"
    : >"$dir/apt/status"
    cat >"$dir/apt/conf" <<END
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
// apt's own user may have no access to this directory.
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Dir::State "$ROOT/$dir/apt";
Dir::State::status "$ROOT/$dir/apt/status";
Dir::Cache "$ROOT/$dir/apt";
END
    APT_CONFIG=$ROOT/$dir/apt/conf
    export APT_CONFIG
}

# unpack PATTERN FILE: extracts the file of the packages whose path matches PATTERN to $dir/FILE.
unpack() {
    for deb in "$dir"/apt/*.deb; do
        member=$(dpkg-deb --fsys-tarfile "$deb" | tar -t | grep "$1" | head -n 1) || true
        [ -n "$member" ] || continue
        dpkg-deb --fsys-tarfile "$deb" | tar -xO "$member" >"$dir/$2"
        return 0
    done
    return 1
}

# The list of packages is written last: it marks a complete download.
if [ ! -s "$dir/packages" ]; then
    say "downloading Debian's kernel and busybox for $arch ..."
    have apt-get || { say "apt is missing: this test gets the kernel from Debian"; exit 1; }
    (
        foreign_apt
        # Errors are ignored: other repositories may be down or lack this architecture.
        apt-get update -q >"$dir/apt/log" 2>&1 || true
        # The name of the kernel package contains its version; $kernel depends on the newest.
        image=$(LC_ALL=C apt-cache depends "$kernel" 2>/dev/null |
            sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
        if [ -z "$image" ]; then
            cat "$dir/apt/log" >&2
            say "this machine's package sources have no $kernel for $arch; Debian 12 and 13 have it"
            exit 1
        fi
        cd "$dir/apt"
        apt-get download -q "$image" busybox-static >&2
    ) || exit 1
    if ! { unpack '/boot/vmlinuz-' vmlinuz && unpack "/$dtb\$" board.dtb && unpack '/bin/busybox$' busybox; }; then
        say "the packages do not contain the kernel, $dtb or busybox at the expected path:"
        ls "$dir/apt" >&2
        exit 1
    fi
    # The driver of the chip's random number generator: compressed in newer kernels, missing if it is built in.
    unpack '/bcm2835-rng\.ko$' rng.ko ||
        { unpack '/bcm2835-rng\.ko\.xz$' rng.ko.xz && xz -df "$dir/rng.ko.xz"; } || true
    (cd "$dir/apt" && ls ./*.deb) >"$dir/packages.new"
    rm -rf "$dir/apt"
    mv "$dir/packages.new" "$dir/packages"
fi

TARGETS=$target scripts/dist.sh >&2
TARGETS=$target TESTS=yes DIST=$top scripts/dist.sh >&2

rm -rf "$dir/root"
mkdir -p "$dir/root"
(
    cd "$dir/root"
    mkdir -p bin dev etc/crontabs modules proc root run sys tmp usr/local/bin usr/local/lib
    cp ../busybox bin/busybox
    cp "$ROOT/dist/gandi-ddns-$version-$target" usr/local/bin/gandi-ddns
    cp "$ROOT/$top/fake_gandi-$target" usr/local/bin/fake_gandi
    cp "$ROOT/$top/it-$target" usr/local/lib/it
    cp "$ROOT/tests/board/init" "$ROOT/tests/board/play" "$ROOT/tests/board/terminal" .
    # The tests find the programs of the system there.
    ln -s ../bin usr/bin
    [ ! -s ../rng.ko ] || cp ../rng.ko modules/bcm2835-rng.ko
    # crond looks up the user root.
    echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
    echo '* * * * * /usr/local/bin/gandi-ddns >>/run/cron.out 2>&1' >etc/crontabs/root
    chmod 755 bin/busybox usr/local/bin/* usr/local/lib/it init play terminal
    # crond only runs a crontab that its user owns, so all files belong to root.
    find . | cpio -o -H newc -R +0:+0 --quiet | gzip
) >"$dir/initrd.gz"

qemu=
off() {
    [ -n "$qemu" ] || return 0
    kill "$qemu" 2>/dev/null || true
    wait "$qemu" 2>/dev/null || true
    qemu=
}
trap off EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

say "switching on $machine with $(tr '\n' ' ' <"$dir/packages" | sed 's|\./||g; s|%3a|:|g')..."
rm -f "$dir/serial"
: >"$dir/serial"
begin=$(date +%s)
# initcall_blacklist: qemu does not emulate the power manager, for which the kernel would wait forever.
# default_quality: makes the kernel trust the chip's random number generator, as it trusts the firmware of a real Pi.
# timeout: ends qemu even if this script is killed.
# shellcheck disable=SC2086 # $clock is a list
timeout -k 5 "$LIMIT" qemu-system-arm -M $machine -m $memory -display none -monitor none -no-reboot \
    $clock -serial "file:$dir/serial" -kernel "$dir/vmlinuz" -dtb "$dir/board.dtb" -initrd "$dir/initrd.gz" \
    -append "console=ttyAMA0,115200 panic=1 rdinit=/init rng_core.default_quality=1000 initcall_blacklist=bcm2835_pm_driver_init,bcm2835_power_driver_init" \
    </dev/null >"$dir/qemu.log" 2>&1 &
qemu=$!
# The board does not switch itself off, so this waits for its last line.
until grep -q '^BOARD END\|Kernel panic' "$dir/serial"; do
    kill -0 "$qemu" 2>/dev/null || break
    sleep 1
done
# Waits for the rest of that line.
sleep 1
off
took=$(($(date +%s) - begin))
tr -d '\r' <"$dir/serial" >"$log"

grep '^board: \|^BOARD \|Kernel panic' "$log" || true
if ! grep -q '^BOARD END' "$log"; then
    say "no last line after $took s (limit: $LIMIT s); the end of the console:"
    tail -n 12 "$log" >&2
fi
grep -v 'terminating on signal 15' "$dir/qemu.log" >&2 || true

passed=0 failed=0
# lines N TITLE PATTERN: checks that exactly N lines of the console match.
lines() {
    found=$(grep -c -e "$3" "$log") || true
    if [ "$found" = "$1" ]; then
        passed=$((passed + 1))
        echo "ok    $2"
    else
        failed=$((failed + 1))
        echo "FAIL  $2: $found lines match, expected $1: $3"
    fi
}

lines 1 "the board is a $BOARD" "^board: 0 model: $cpu"
lines 1 "its clock starts in 1970" '^board: 0 clock: .* 1970$'
lines 1 "the program is $version" "^board: 0 program: gandi-ddns $version\\( \\|\$\\)"
lines 1 "1970: exit 75, one line, nothing written" '^board: 1 ok: exit 75; lines 1; requests to Gandi 0; record none; '
lines 1 "1970: the message names the clock" \
    '^board: 1 | gandi-ddns: this machine.s clock reads 1970-01-01.*the clock is wrong; set it by NTP'
lines 1 "clock set: exit 0, one line, the record is created" '^board: 2 ok: exit 0; lines 1; .*; record 300 81\.2\.69\.142; '
lines 1 "clock set: the message names record and address" '^board: 2 | .*home\.example\.org A.*81\.2\.69\.142'
lines 1 "no change: exit 0, no output, no request to Gandi" \
    '^board: 3 ok: exit 0; lines 0; requests to Gandi 0; record 300 81\.2\.69\.142; '
lines 1 "cron ran it" '^board: 4 | .*cmd /usr/local/bin/gandi-ddns'
lines 1 "cron: the record is updated" '^board: 4 ok: record 300 81\.2\.69\.180; '
lines 1 "cron: the message names both addresses" '^board: 4 | .*home\.example\.org A.*81\.2\.69\.142.*81\.2\.69\.180'
lines 1 "private address: exit 75, the record stays" '^board: 5 ok: exit 75; .*; record 300 81\.2\.69\.180; '
lines 1 "private address: the message names it" '^board: 5 | .*192\.168\.1\.10'
lines 1 "two writes in total" '^board: 6 writes in total: 2$'
lines 1 "all steps were run" '^BOARD PASS$'
# All tests of these files but the one that needs strace.
tests=$(cat tests/it/pty.rs tests/it/setup_terminal.rs tests/it/setup_offer.rs | grep -c '^#\[test\]')
lines $((tests - 1)) "setup at a terminal: $((tests - 1)) tests pass" '^board: 7 | test .* \.\.\. ok$'
lines 0 "setup at a terminal: no test fails" '^board: 7 | test .* FAILED$'
lines 1 "setup at a terminal: the tests came to their end" '^board: 7 | exit 0$'
lines 0 "no token on the console" 'pat_0123456789\|pat_demo'

echo "$passed passed, $failed failed; $took s from power-on, console in $log"
[ "$failed" = 0 ]
