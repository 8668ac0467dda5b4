#!/bin/sh
# Installs, sets up, upgrades, downgrades, removes and purges the Debian packages of dist/ in a Debian of each
# architecture, and compares files, owners and modes with what they must be. systemd is not running there, so the timer's
# service is run by hand; scripts/test-systemd.sh has a systemd.
#
#   ARCHES   default: "amd64 arm64 armhf". Foreign ones run under qemu-user
#   FAKE     the fake Gandi, default: target/debug/examples/fake_gandi, which is built
#
# Debian's packages are unpacked below target/deb by debootstrap, which needs root, and kept.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

[ "$(id -u)" = 0 ] || { say "debootstrap needs root: sudo make test-deb"; exit 64; }
PATH=$PATH:/usr/sbin:/sbin
have debootstrap || apt_install debootstrap
top=$ROOT/target/deb
mkdir -p "$top"
FAKE=${FAKE:-target/debug/examples/fake_gandi}
[ "$FAKE" != target/debug/examples/fake_gandi ] || cargo build --quiet --locked --example fake_gandi

fake='' holder='' dir=$(mktemp -d)
# One that only holds namespaces goes with them.
trap '[ -z "$fake$holder" ] || kill $fake $holder 2>/dev/null; rm -rf "$dir" "$top/root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# start_fake: starts a fake Gandi that knows nothing of the one before.
start_fake() {
    [ -z "$fake" ] || kill "$fake"
    rm -rf "$dir/fake"
    "$FAKE" "$dir/fake" >"$dir/fake.log" 2>&1 &
    fake=$!
    within [ -e "$dir/fake/ready" ] || { cat "$dir/fake.log" >&2; exit 1; }
}
# within COMMAND...: waits up to 30 s for the command to succeed.
within() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || return 1
        sleep 0.1
    done
}
# has_record ADDRESS: waits for it in the zone.
has_record() { within grep -q "^home\\.example\\.org\\. .* A $1\$" "$dir/fake/zone"; }
# option KEY: prints an option for setup from the config of the fake.
option() { sed -n "s|^\($1\) = |\1=|p" "$dir/fake/gandi-ddns.conf"; }

passed=0
ok() {
    passed=$((passed + 1))
    echo "deb: ok $arch: $*"
}
fail() {
    echo "deb: FAIL $arch: $*" >&2
    [ ! -e "$dir/out" ] || sed 's/^/| /' "$dir/out" >&2
    exit 1
}
# emulate: makes `enter` able to run ARM programs. Unless this machine can do so already, qemu-user is registered in a
# user namespace with a binfmt_misc of its own (Linux 6.7), so that nothing changes outside. Its root is this machine's.
emulate() {
    [ -z "$holder" ] || return 0
    ! [ -e /proc/sys/fs/binfmt_misc/qemu-arm ] || ! [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || return 0
    [ -e /usr/lib/binfmt.d/qemu-arm.conf ] || apt_install qemu-user-static
    mkfifo "$dir/hold"
    # shellcheck disable=SC2016 # for the other shell
    unshare -U -m --propagation private sh -c 'echo >"$0.in" && read -r _ <"$0"' "$dir/hold" &
    holder=$!
    within [ -e "$dir/hold.in" ] || { say "no user namespace; please install: qemu-user-static binfmt-support"; exit 1; }
    echo 0 0 65536 >"/proc/$holder/uid_map"
    echo 0 0 65536 >"/proc/$holder/gid_map"
    enter mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || {
        say "a Debian for ARM needs qemu-user by binfmt_misc; please install: qemu-user-static binfmt-support"
        exit 1
    }
    # shellcheck disable=SC2016 # for the other shell
    enter sh -c 'for cpu; do cat "/usr/lib/binfmt.d/qemu-$cpu.conf" >/proc/sys/fs/binfmt_misc/register; done' - \
        arm aarch64
}
# enter COMMAND...: runs it where programs of other architectures run.
enter() { if [ -n "$holder" ]; then nsenter -t "$holder" -U -m "$@"; else "$@"; fi; }
# make_base: makes the Debian of this architecture. The second half runs its programs. In a user namespace there is no
# mknod, as debootstrap knows of lxc; the first half has made the devices.
make_base() {
    say "making a Debian for $arch with debootstrap ..."
    rm -rf "$base.new"
    # shellcheck disable=SC2016 # for the other shell
    debootstrap --foreign --arch="$arch" --variant=minbase bookworm "$base.new" &&
        enter unshare -m sh -c 'mount --rbind /proc "$1/proc" &&
            container=lxc exec chroot "$1" /debootstrap/debootstrap --second-stage' - "$base.new"
}
# in_root COMMAND...: runs it in the Debian of this architecture, with its output in $dir/out.
in_root() { enter chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" >"$dir/out" 2>&1; }
# service: runs what the timer starts, as systemd does: as another user, with the files of /etc/gandi-ddns as
# credentials, and with that user's directory in its place.
service() {
    # shellcheck disable=SC2016 # for the other shell
    enter unshare -m sh -c '
        set -e
        root=$1 user=61184 cred=/run/credentials/gandi-ddns
        command() { sed -n "s|^$1=||p" "$root/usr/lib/systemd/system/gandi-ddns.service" | sed "s|%d|$cred|"; }
        mount -t tmpfs tmpfs "$root/run/credentials"
        install -d -m 700 -o $user -g $user "$root$cred"
        for file in "$root"/etc/gandi-ddns/*; do
            install -m 400 -o $user -g $user "$file" "$root$cred/etc_${file##*/}"
        done
        for dir in var/lib run; do
            # The directory of former runs, such as that of setup, becomes that of the user.
            if [ -d "$root/$dir/gandi-ddns" ] && ! [ -L "$root/$dir/gandi-ddns" ]; then
                mv "$root/$dir/gandi-ddns" "$root/$dir/private/"
            fi
            install -d -m 700 "$root/$dir/private/gandi-ddns"
            chown -R $user:$user "$root/$dir/private/gandi-ddns"
            [ -L "$root/$dir/gandi-ddns" ] || ln -s private/gandi-ddns "$root/$dir/gandi-ddns"
            # Only root passes through the directory private; here a tmpfs with nothing else is in its place.
            mount --bind "$root/$dir/private/gandi-ddns" "$root/mnt"
            mount -t tmpfs -o mode=755 tmpfs "$root/$dir/private"
            mkdir "$root/$dir/private/gandi-ddns"
            mount --bind "$root/mnt" "$root/$dir/private/gandi-ddns"
            umount "$root/mnt"
        done
        mount --bind "$root/var/lib/private/gandi-ddns" "$root/etc/gandi-ddns"
        for step in ExecStartPre ExecStart; do
            chroot --userspec=$user:$user --groups=$user "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                RUNTIME_DIRECTORY=/run/gandi-ddns STATE_DIRECTORY=/var/lib/gandi-ddns CREDENTIALS_DIRECTORY=$cred \
                sh -c "$(command $step)"
        done' - "$root" >"$dir/out" 2>&1
}
# list: all files but those of dpkg and apt, with owner and mode.
list() {
    (cd "$root" && find . \( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/log -o \
        -path ./tmp \) -prune -o -printf '%p %M %u:%g\n') | LC_ALL=C sort
}
# since: what is new in a list since `list >$dir/before`, without paths that dpkg and its triggers use.
since() { list | LC_ALL=C comm -13 "$dir/before" - | grep -v '^\./var/cache'; }
listed() { (cd "$root" && stat -c '%A %U:%G' "$1"); }
# is MODE PATH: a file that root owns.
is() { [ "$(listed "$2")" = "$1 root:root" ] || fail "$2 is $(listed "$2")"; }

for arch in ${ARCHES:-amd64 arm64 armhf}; do
    base=$top/$arch root=$top/root
    [ "$arch" = "$(dpkg --print-architecture)" ] || emulate
    start_fake
    if [ ! -d "$base" ]; then
        make_base >"$top/debootstrap.log" || {
            tail "$top/debootstrap.log" >&2
            exit 1
        }
        mv "$base.new" "$base"
    fi
    ARCHES=$arch scripts/deb.sh >/dev/null
    rm -rf "$dir/dist"
    mkdir "$dir/dist"
    cp "$DIST/$BIN-$version"-* "$dir/dist"
    REVISION=2 DIST=$dir/dist ARCHES=$arch scripts/deb.sh >/dev/null
    rm -rf "$root"
    cp -a "$base" "$root"
    one=tmp/gandi-ddns_$version-1_$arch.deb two=tmp/gandi-ddns_$version-2_$arch.deb
    cp "$DIST/${one#tmp/}" "$dir/dist/${two#tmp/}" "$dir/fake/ca.pem" "$root/tmp/"
    # systemd has these.
    (cd "$root" && install -d -m 700 run/private var/lib/private && install -d run/credentials)
    list >"$dir/before"

    # As README says.
    in_root apt-get -q -y install "./$one" || fail "apt-get install"
    grep -q 'sudo gandi-ddns setup' "$dir/out" || fail "no word about setup"
    # A small Debian lacks some directories that others have, such as that of fish.
    since | sed '/gandi-ddns/!d; s|^\./||' >"$dir/files"
    sed 's/$/ root:root/' tests/deb.files | diff - "$dir/files" >"$dir/out" ||
        fail "other files than in tests/deb.files"
    # An armv6 CPU for the program alone: Debian's own ones need an armv7.
    cpu=$([ "$arch" != armhf ] || echo QEMU_CPU=arm1176)
    # shellcheck disable=SC2086 # none or one
    in_root env $cpu gandi-ddns --version || fail "the program does not run"
    ok "installed ($(wc -l <"$dir/files") files and directories): $(cat "$dir/out")"
    in_root sh -c "$(sed -n 's/^@reboot root //p' "$root/etc/cron.d/gandi-ddns")" || fail "cron without a config"
    [ ! -s "$dir/out" ] || fail "cron without a config prints something"
    ok "cron without a config does nothing"

    in_root gandi-ddns setup --yes --force --domain example.org --name home -o ca_file=/tmp/ca.pem -o "$(option api)" \
        -o "$(option ipv4)" -o ipv6=off <"$dir/fake/token" || fail "setup"
    has_record 81.2.69.142 || fail "setup: no record"
    is -rw------- etc/gandi-ddns/token
    is -rw------- etc/gandi-ddns/gandi-ddns.conf
    in_root sh -c "$(sed -n 's/^2-59.* root //p' "$root/etc/cron.d/gandi-ddns" | sed 's/--splay 60 --syslog/-v/')" ||
        fail "the line of cron"
    grep -q 'home.example.org A: unchanged' "$dir/out" || fail "the line of cron"
    ok "setup writes config and token, and the line of cron updates"

    # The examples of hooks, with the variables and arguments of those who run them. They leave the program in the background.
    hooks=/usr/share/doc/gandi-ddns/examples
    in_root env PPP_LOCAL=81.2.69.160 sh -ec ". $hooks/ppp; wait" || fail "the hook of pppd"
    has_record 81.2.69.160 || fail "the hook of pppd: no record"
    in_root env reason=RENEW new_ip_address=81.2.69.161 sh -ec ". $hooks/dhclient; wait" ||
        fail "the hook of dhclient"
    has_record 81.2.69.161 || fail "the hook of dhclient: no record"
    echo 81.2.69.162 >"$dir/fake/ipv4"
    in_root sh -c "set -- eth0 up; . $hooks/networkmanager; wait" || fail "the hook of NetworkManager"
    has_record 81.2.69.162 || fail "the hook of NetworkManager: no record"
    rm -r "$root/run/gandi-ddns-hook"
    ok "the hooks of pppd, dhclient and NetworkManager write the record"

    service || fail "the timer's service"
    [ ! -s "$dir/out" ] || fail "the timer's service prints something"
    [ "$(stat -c %u "$root/run/private/gandi-ddns"/*.state)" = 61184 ] || fail "the timer's service leaves no state"
    ok "the timer's service runs as another user"
    echo 864000 >"$dir/fake/left"
    sed -i '1i renew_token = yes' "$root/etc/gandi-ddns/gandi-ddns.conf"
    before=$(cat "$root/etc/gandi-ddns/token") tries=0
    # The fake reads DIR/left now and then. Without a state, a run asks for the expiry.
    while [ "$(cat "$root/var/lib/private/gandi-ddns/token")" = "$before" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "the service does not renew the token"
        rm -f "$root/run/private/gandi-ddns"/*
        service || fail "the timer's service that renews the token"
    done
    in_root /usr/lib/gandi-ddns/gandi-ddns-files sync || fail "gandi-ddns-files sync"
    grep -q 'brought a renewed token back to /etc/gandi-ddns/token' "$dir/out" || fail "the renewed token stays"
    [ "$(cat "$root/etc/gandi-ddns/token")" != "$before" ] || fail "the token is the old one"
    is -rw------- etc/gandi-ddns/token
    rm "$dir/fake/left"
    ok "a token that the service renews comes back to /etc/gandi-ddns"

    echo '# changed' | tee -a "$root/etc/gandi-ddns/gandi-ddns.conf" >>"$root/etc/cron.d/gandi-ddns"
    (cd "$root/etc" && sha256sum gandi-ddns/* cron.d/gandi-ddns) >"$dir/sums"
    for package in "$two" "$one"; do
        in_root dpkg -i "$package" || fail "dpkg -i $package"
        ! grep -q 'gandi-ddns setup' "$dir/out" || fail "advises setup in spite of a config"
        (cd "$root/etc" && sha256sum --quiet -c "$dir/sums") || fail "$package changes the config"
        is drwx------ etc/gandi-ddns
    done
    ok "upgrade and downgrade leave the changed files alone"

    in_root dpkg -r gandi-ddns || fail "dpkg -r"
    (cd "$root/etc" && sha256sum --quiet -c "$dir/sums") || fail "remove changes the config"
    in_root sh -c "$(sed -n 's/^@reboot root //p' "$root/etc/cron.d/gandi-ddns")" || fail "cron after remove"
    since | sed 's/ .*//' | grep -v '^\./run/\|^\./var/lib/' >"$dir/left"
    printf '%s\n' ./etc/cron.d/gandi-ddns ./etc/gandi-ddns ./etc/gandi-ddns/gandi-ddns.conf ./etc/gandi-ddns/token |
        cmp -s - "$dir/left" || fail "after remove: $(cat "$dir/left")"
    ok "remove leaves config, token and cron's file, which does nothing"
    in_root dpkg -i "$two" || fail "dpkg -i after remove"
    (cd "$root/etc" && sha256sum --quiet -c "$dir/sums") || fail "a new installation changes the config"
    service || fail "the timer's service after a new installation"
    ok "a new installation goes on with the old config"
    in_root dpkg -P gandi-ddns || fail "dpkg -P"
    list | LC_ALL=C comm -3 "$dir/before" - | grep -v '\./var/cache' >"$dir/left" || true
    [ ! -s "$dir/left" ] || fail "after purge: $(cat "$dir/left")"
    ok "purge leaves nothing"
done
echo "$passed passed"
