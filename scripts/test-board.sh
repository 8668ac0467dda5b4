#!/bin/sh
# Boots an emulated Raspberry Pi and plays the life of the program on it.
#
#   BOARD    zero (the default: ARMv6, the weakest Pi there is) or pi2 (ARMv7, four cores)
#   BUILDER  as for scripts/dist.sh, which builds the program and the fake Gandi for the board
#   LIMIT    seconds from power-on after which the board is switched off, 170 by default
#
# A test under qemu-user borrows this machine's kernel, clock and libc's idea of both. Here the kernel is Debian's for
# that board, the userland is busybox and nothing else, cron is busybox's, and the clock starts in 1970 as on every Pi.
# The guest's half is tests/board: init, and play, which judges what was done. This half judges what was said.
#
# Kernel and busybox are Debian packages of another architecture: fetched with package lists of our own, unpacked
# under target/board, and kept there (delete it for newer ones). Nothing foreign is installed, dpkg is told nothing.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

BOARD=${BOARD:-zero}
LIMIT=${LIMIT:-170}
case $BOARD in
zero)
    arch=armel kernel=linux-image-rpi dtb=bcm2835-rpi-zero.dtb target=armv6
    machine=raspi0 memory=512M cpu='Raspberry Pi Zero.*ARMv6'
    ;;
pi2)
    arch=armhf kernel=linux-image-armmp dtb=bcm2836-rpi-2-b.dtb target=armv7
    machine=raspi2b memory=1G cpu='Raspberry Pi 2.*ARMv7'
    ;;
*)
    say "BOARD is '$BOARD'; it can be zero or pi2"
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
if [ -n "$packages" ]; then
    if [ "$(id -u)" = 0 ] && have apt-get; then
        apt-get update -q >&2
        # shellcheck disable=SC2086 # a list
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages >&2
    else
        say "missing; as root, run:  apt-get install --no-install-recommends$packages"
        exit 1
    fi
fi
if ! qemu-system-arm -M help | grep -q "^$machine "; then
    say "this qemu has no machine $machine: $(qemu-system-arm --version | head -n 1)"
    exit 1
fi

# An apt of our own: another architecture, no installed packages, lists that nobody else sees. It needs no root.
foreign_apt() {
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial"
    : >"$dir/apt/status"
    cat >"$dir/apt/conf" <<END
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
// apt's own user may not be let into this directory.
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

# unpack PATTERN FILE: the one file of the packages that matches, as $dir/FILE.
unpack() {
    for deb in "$dir"/apt/*.deb; do
        member=$(dpkg-deb --fsys-tarfile "$deb" | tar -t | grep "$1" | head -n 1) || true
        [ -n "$member" ] || continue
        dpkg-deb --fsys-tarfile "$deb" | tar -xO "$member" >"$dir/$2"
        return 0
    done
    return 1
}

# The list of packages is written last: it says that all is there.
if [ ! -s "$dir/packages" ]; then
    say "fetching Debian's kernel and busybox for $arch ..."
    have apt-get || { say "no apt here: this test takes the kernel from Debian"; exit 1; }
    (
        foreign_apt
        # Repositories without this architecture, or one that is down, need not matter.
        apt-get update -q >"$dir/apt/log" 2>&1 || true
        # The kernel's name has its version in it, which moves on; this package depends on the newest.
        image=$(LC_ALL=C apt-cache depends "$kernel" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
        if [ -z "$image" ]; then
            cat "$dir/apt/log" >&2
            say "no $kernel for $arch in this machine's package sources: it takes those of Debian 12 or 13"
            exit 1
        fi
        cd "$dir/apt"
        apt-get download -q "$image" busybox-static >&2
    ) || exit 1
    if ! { unpack '/boot/vmlinuz-' vmlinuz && unpack "/$dtb\$" board.dtb && unpack '/bin/busybox$' busybox; }; then
        say "kernel, $dtb or busybox is not in the packages where it is expected:"
        ls "$dir/apt" >&2
        exit 1
    fi
    # A kernel that has the chip's random generator built in needs no module; newer ones come packed.
    unpack '/bcm2835-rng\.ko$' rng.ko || { unpack '/bcm2835-rng\.ko\.xz$' rng.ko.xz && xz -df "$dir/rng.ko.xz"; } || true
    (cd "$dir/apt" && ls ./*.deb) >"$dir/packages.new"
    rm -rf "$dir/apt"
    mv "$dir/packages.new" "$dir/packages"
fi

TARGETS=$target scripts/dist.sh >&2
TARGETS=$target EXAMPLE=fake_gandi DIST=$top scripts/dist.sh >&2

rm -rf "$dir/root"
mkdir -p "$dir/root"
(
    cd "$dir/root"
    mkdir -p bin dev etc/crontabs modules proc root run sys tmp usr/local/bin
    cp ../busybox bin/busybox
    cp "$ROOT/dist/gandi-ddns-$version-$target" usr/local/bin/gandi-ddns
    cp "$ROOT/$top/fake_gandi-$target" usr/local/bin/fake_gandi
    cp "$ROOT/tests/board/init" init
    cp "$ROOT/tests/board/play" play
    [ ! -s ../rng.ko ] || cp ../rng.ko modules/bcm2835-rng.ko
    # crond looks root up.
    echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
    echo '* * * * * /usr/local/bin/gandi-ddns >>/run/cron.out 2>&1' >etc/crontabs/root
    chmod 755 bin/busybox usr/local/bin/* init play
    # crond runs no crontab but its owner's, whoever builds this.
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
# initcall_blacklist: qemu has no power manager behind those registers, and the kernel waits for it forever.
# default_quality: the kernel believes the chip's random generator, as it would believe a real Pi's firmware.
# timeout: nothing is left running even where this script is killed outright.
timeout -k 5 "$LIMIT" qemu-system-arm -M $machine -m $memory -display none -monitor none -no-reboot \
    -serial "file:$dir/serial" -kernel "$dir/vmlinuz" -dtb "$dir/board.dtb" -initrd "$dir/initrd.gz" \
    -append "console=ttyAMA0,115200 panic=1 rdinit=/init rng_core.default_quality=1000 initcall_blacklist=bcm2835_pm_driver_init,bcm2835_power_driver_init" \
    </dev/null >"$dir/qemu.log" 2>&1 &
qemu=$!
# The board never switches itself off: its last line is the sign.
until grep -q '^BOARD \|Kernel panic' "$dir/serial"; do
    kill -0 "$qemu" 2>/dev/null || break
    sleep 1
done
# The rest of that line.
sleep 1
off
took=$(($(date +%s) - begin))
tr -d '\r' <"$dir/serial" >"$log"

grep '^board: \|^BOARD \|Kernel panic' "$log" || true
if ! grep -q '^BOARD ' "$log"; then
    say "no last line in $took s (the limit is $LIMIT); the console's end:"
    tail -n 12 "$log" >&2
fi
grep -v 'terminating on signal 15' "$dir/qemu.log" >&2 || true

passed=0 failed=0
# lines N TITLE PATTERN: exactly N lines of the console match.
lines() {
    found=$(grep -c -e "$3" "$log") || true
    if [ "$found" = "$1" ]; then
        passed=$((passed + 1))
        echo "ok    $2"
    else
        failed=$((failed + 1))
        echo "FAIL  $2: $found lines instead of $1 match: $3"
    fi
}

lines 1 "the board is a $BOARD" "^board: 0 model: $cpu"
lines 1 "its clock stands in 1970" '^board: 0 clock: .* 1970$'
lines 1 "the program is $version" "^board: 0 program: gandi-ddns $version\\( \\|\$\\)"
lines 1 "1970: exit 75, one line, nothing written" '^board: 1 ok: exit 75; lines 1; requests to Gandi 0; record none; '
lines 1 "1970: it points at the clock" \
    '^board: 1 | gandi-ddns: this machine.s clock reads 1970-01-01.*the clock is wrong, let NTP set it'
lines 1 "clock set: exit 0, one line, the record is created" '^board: 2 ok: exit 0; lines 1; .*; record 300 81\.2\.69\.142; '
lines 1 "clock set: it names record and address" '^board: 2 | .*home\.example\.org A.*81\.2\.69\.142'
lines 1 "nothing changed: exit 0, silence, no request to Gandi" \
    '^board: 3 ok: exit 0; lines 0; requests to Gandi 0; record 300 81\.2\.69\.142; '
lines 1 "cron ran it" '^board: 4 | .*cmd /usr/local/bin/gandi-ddns'
lines 1 "cron: the record followed" '^board: 4 ok: record 300 81\.2\.69\.180; '
lines 1 "cron: it names both addresses" '^board: 4 | .*home\.example\.org A.*81\.2\.69\.142.*81\.2\.69\.180'
lines 1 "private address: exit 75, the record stays" '^board: 5 ok: exit 75; .*; record 300 81\.2\.69\.180; '
lines 1 "private address: it is named" '^board: 5 | .*192\.168\.1\.10'
lines 1 "two writes in the whole life" '^board: 6 writes in the whole life: 2$'
lines 1 "the play came to its end" '^BOARD PASS$'

echo "$passed passed, $failed failed; $took s from power-on, console in $log"
[ "$failed" = 0 ]
