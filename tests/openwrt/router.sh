# shellcheck shell=sh
# The router: a chroot with busybox, the applets that OpenWrt's busybox has, the stand-ins and the real program; and the
# fake Gandi beside it.

# Debian's package `busybox` runs no applet that PATH does not name, like a router's. busybox-static does.
obeys_path() { [ -x "$1" ] && [ "$(PATH=/nonexistent "$1" ash -c 'uname -m' 2>/dev/null)" = '' ]; }
busybox=$(command -v busybox)
if ! obeys_path "$busybox"; then
    (cd "$scratch" && apt-get download -q busybox && dpkg-deb -x busybox_*.deb busybox) >/dev/null 2>&1 || :
    busybox=$(find "$scratch/busybox" -name busybox -type f | head -n 1)
fi
obeys_path "$busybox" || { begin 'busybox'; wrong 'the package busybox cannot be had'; end; total; }
m=$scratch/router machine=router
mkdir -p "$m/bin" "$m/usr/bin" "$m/etc/init.d" "$m/etc/rc.d" "$m/etc/config" "$m/etc/apk" "$m/lib/functions" "$m/proc" \
    "$m/dev" "$m/usr/lib/opkg/info"
mkdir -m 1777 "$m/tmp"
# As on OpenWrt: /var is in memory, and a symlink.
mkdir "$m/tmp/run"
ln -s tmp "$m/var"
ln -s var/run "$m/run"
mknod -m 666 "$m/dev/null" c 1 3
mknod -m 666 "$m/dev/urandom" c 1 9
mount -t proc proc "$m/proc"
echo 'root:x:0:0::/root:/bin/ash' >"$m/etc/passwd"
echo "DISTRIB_ARCH='x86_64'" >"$m/etc/openwrt_release"
echo x86_64 >"$m/etc/apk/arch"
# put PROGRAM PATH: copies the program and its libraries.
put() {
    cp -L "$1" "$m$2"
    for lib in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
        mkdir -p "$m${lib%/*}"
        [ -e "$m$lib" ] || cp -L "$lib" "$m$lib"
    done
}
put "$busybox" /bin/busybox
# Of OpenWrt's default busybox, as far as Debian's has them. There is no timeout, shuf, stat, install, od, nohup, realpath.
for applet in ash awk basename cat chgrp chmod chown chroot clear cmp cp cut date dd df diff dirname dmesg du echo egrep env \
    expr false fgrep find free grep gunzip gzip head hexdump id kill killall less ln login ls md5sum mkdir mkfifo mknod \
    mktemp mount mv nc netstat nslookup pgrep pidof ping printf ps pwd readlink reset rm rmdir sed seq sh sha256sum \
    sleep sort start-stop-daemon strings sync tail tar tee test top touch tr true umount uname uniq uptime vi wc which \
    xargs yes zcat; do
    ln -s busybox "$m/bin/$applet"
done
for file in functions.sh rc.common procd.sh network.sh logger uci opkg apk ddns; do
    case $file in
        functions.sh) to=/lib/functions.sh ;;
        procd.sh | network.sh) to=/lib/functions/$file ;;
        rc.common) to=/etc/rc.common ;;
        *) to=/usr/bin/$file ;;
    esac
    cp "tests/openwrt/router/$file" "$m$to"
done

program=${GANDI_DDNS:-$target/debug/gandi-ddns}
cp "$program" "$scratch/program"
strip "$scratch/program" 2>/dev/null || :
put "$scratch/program" /usr/bin/gandi-ddns
# fresh: the files of the package as installed, and nothing of an earlier case.
fresh() {
    rm -rf "$m/tmp/"* "$m/etc/config/gandi-ddns" "$m/etc/gandi-ddns" "$m/lib/upgrade" "$m/usr/lib/ddns"
    mkdir "$m/tmp/run"
    cp "$scratch/program" "$m/usr/bin/gandi-ddns"
    tar -cf - --owner=0 --group=0 -C packaging/openwrt/files . | tar -xf - -C "$m"
    chmod 600 "$m/etc/config/gandi-ddns"
    mkdir -m 700 "$m/etc/gandi-ddns"
    printf 'wan pppoe-wan\nlan br-lan\n' >"$m/tmp/networks"
    : >"$m/tmp/log"
}
# on_router COMMAND...: runs it there; sets code, and the output is in $scratch/out.
on_router() {
    code=0
    chroot "$m" /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@" >"$scratch/out" 2>&1 </dev/null || code=$?
}
service() { on_router /etc/init.d/gandi-ddns "$@"; }
logged() { grep -q -- "$1" "$m/tmp/log" || wrong "the log does not match: $1: $(cat "$m/tmp/log")"; }
nothing_logged() { is 'log' "$(cat "$m/tmp/log")" ''; }
conf=$m/tmp/etc/gandi-ddns.conf

"${FAKE:-$target/debug/examples/fake_gandi}" "$scratch/fake" >"$scratch/fake.log" 2>&1 &
tries=0
until [ -e "$scratch/fake/ready" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { begin 'fake Gandi'; cp "$scratch/fake.log" "$scratch/out"; wrong 'it does not start'; end; total; }
    sleep 0.1
done
token=$(cat "$scratch/fake/token")
# of_fake KEY: the value in the config that the fake has made.
of_fake() { sed -n "s/^$1 = //p" "$scratch/fake/gandi-ddns.conf"; }
zone_has() { grep -qE -- "$1" "$scratch/fake/zone" || wrong "the zone does not match $1: $(cat "$scratch/fake/zone")"; }
requests() { wc -l <"$scratch/fake/log"; }
# with_fake: token, certificates and UCI config for the fake.
with_fake() {
    fresh
    (umask 077 && cp "$scratch/fake/token" "$m/etc/gandi-ddns/token")
    cp "$scratch/fake/ca.pem" "$m/etc/ca.pem"
    write_uci "config gandi-ddns 'main'
	option enabled '1'
	option token_file '/etc/gandi-ddns/token'
	list network 'wan'
	option ipv4 '$(of_fake ipv4)'
	option ipv6 'off'
	option ca_file '/etc/ca.pem'
	option api '$(of_fake api)'

config records
	option domain 'example.org'
	list name 'home'"
}
# write_uci TEXT: writes the config.
write_uci() {
    printf '%s\n' "$1" >"$m/etc/config/gandi-ddns"
    chmod 600 "$m/etc/config/gandi-ddns"
}
