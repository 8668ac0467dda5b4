#!/bin/sh
# Boots an emulated Debian whose PID 1 is systemd, without a network and with the clock in 1970, and tests the Debian
# package and its units there with the static x86_64 binary.
#
#   PROGRAM  use this program and the fake Gandi FAKE, such as target/release/gandi-ddns; default: static ones, which
#            scripts/dist.sh builds
#   LIMIT    seconds from power-on after which the machine is switched off, default: 900
#
# The guest has no network card: the fake Gandi runs inside, and its public address is that of a dummy interface. It runs
# tests/systemd/play. Debian's packages are unpacked below target/systemd by debootstrap, which needs root, and kept
# (delete it to get newer ones). Nothing is installed on this machine but the tools for it.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

LIMIT=${LIMIT:-900}
top=target/systemd
dir=$top/guest
base=$top/base
if [ "$(id -u)" != 0 ]; then
    say "debootstrap needs root: sudo make test-systemd"
    exit 64
fi
PATH=$PATH:/usr/sbin:/sbin

packages=
for pair in qemu-system-x86_64:qemu-system-x86 debootstrap:debootstrap mkfs.ext4:e2fsprogs; do
    have "${pair%:*}" || packages="$packages ${pair#*:}"
done
# shellcheck disable=SC2086 # a list
[ -z "$packages" ] || apt_install $packages

mkdir -p "$top"
# Renamed when it is complete.
if [ ! -d "$base" ]; then
    say "making a Debian with debootstrap (about 3 minutes) ..."
    rm -rf "$base.new"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,udev,dbus,iproute2,linux-image-cloud-amd64 \
        bookworm "$base.new" >"$top/debootstrap.log" || {
        tail "$top/debootstrap.log" >&2
        exit 1
    }
    rm -rf "$base.new/var/cache/apt/archives" "$base.new/var/lib/apt/lists"
    mv "$base.new" "$base"
fi

if [ -n "${PROGRAM-}" ]; then
    program=$PROGRAM fake=${FAKE:?}
else
    TARGETS=x86_64 scripts/dist.sh >&2
    TARGETS=x86_64 TESTS=1 DIST=$top scripts/dist.sh >&2
    program=dist/gandi-ddns-$version-x86_64 fake=$top/fake_gandi-x86_64
fi

rm -rf "$dir"
cp -a "$base" "$dir"
# The package of this program.
rm -rf "$top/dist"
install -D -m 755 "$program" "$top/dist/gandi-ddns-$version-x86_64"
DIST=$top/dist ARCHES=amd64 scripts/deb.sh >&2
cp "$top"/dist/*.deb "$dir/root/gandi-ddns.deb"
chroot "$dir" dpkg -i /root/gandi-ddns.deb >&2
chroot "$dir" systemctl --quiet enable gandi-ddns.timer
install -m 755 "$fake" "$dir/usr/bin/fake_gandi"
install -m 755 tests/systemd/play "$dir/usr/bin/play"
# Not to wait for 5 minutes. The rest of the timer is as it is.
mkdir -p "$dir/etc/systemd/system/gandi-ddns.timer.d"
printf '[Timer]\nOnUnitActiveSec=20s\n' >"$dir/etc/systemd/system/gandi-ddns.timer.d/soon.conf"
# Config and token are there before the timer starts, as on a machine that was set up before.
cat >"$dir/etc/systemd/system/fake.service" <<END
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
[Service]
ExecStart=/usr/bin/fake_gandi /run/fake
ExecStartPost=/usr/bin/play prepare
END
cat >"$dir/etc/systemd/system/play.service" <<END
[Unit]
After=multi-user.target fake.service
[Service]
Type=oneshot
ExecStart=/usr/bin/play
ExecStopPost=/usr/bin/systemctl poweroff --no-block
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
[Install]
WantedBy=multi-user.target
END
mkdir -p "$dir/etc/systemd/system/multi-user.target.wants" "$dir/etc/systemd/system/sysinit.target.wants"
ln -s /etc/systemd/system/play.service "$dir/etc/systemd/system/multi-user.target.wants/play.service"
ln -s /etc/systemd/system/fake.service "$dir/etc/systemd/system/sysinit.target.wants/fake.service"
# A login prompt would write to the same console.
ln -s /dev/null "$dir/etc/systemd/system/serial-getty@ttyS0.service"
rm -f "$top/disk"
truncate -s 1G "$top/disk"
mkfs.ext4 -q -d "$dir" "$top/disk"

log=$top/console.log
say "switching on ..."
begin=$(date +%s)
# Plain emulation: KVM is rarely there in CI. timeout: ends qemu even if this script is killed.
timeout -k 5 "$LIMIT" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 512 -display none -monitor none \
    -no-reboot -serial stdio -rtc base=1970-01-01T00:00:00 -kernel "$dir"/boot/vmlinuz-* -initrd "$dir"/boot/initrd.img-* \
    -append "root=/dev/vda rw console=ttyS0 quiet panic=1 net.ifnames=0 play.now=$begin" \
    -drive "file=$top/disk,format=raw,if=virtio" -nic none </dev/null >"$top/console" 2>&1 || true
tr -d '\r' <"$top/console" >"$log"
rm -f "$top/disk"
rm -rf "$dir"
took=$(($(date +%s) - begin))

grep '^systemd: \|^| ' "$log" || true
passed=$(grep -c '^systemd: ok ' "$log") || true
if grep -q '^systemd: PASS$' "$log"; then
    echo "$passed passed; $took s from power-on, console in $log"
else
    echo "$passed passed, then failed; $took s from power-on; the end of $log:"
    tail -n 15 "$log"
    exit 1
fi
