#!/bin/sh
# Installs, sets up, upgrades, downgrades, removes and purges the Debian packages of dist/ in a Debian of each architecture,
# and compares files, owners and modes with what they must be. systemd is not running there: see scripts/test-systemd.sh.
#
#   ARCHES   default: "amd64 arm64 armhf". Foreign ones need qemu-user by binfmt_misc
#   FAKE     the fake Gandi, default: target/debug/examples/fake_gandi, which is built if it is missing
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
[ -x "$FAKE" ] || cargo build --quiet --locked --example fake_gandi

fake='' dir=$(mktemp -d)
trap '[ -z "$fake" ] || kill "$fake" 2>/dev/null; rm -rf "$dir" "$top/root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$FAKE" "$dir/fake" >"$dir/fake.log" 2>&1 &
fake=$!
tries=0
until [ -e "$dir/fake/ready" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$dir/fake.log" >&2; exit 1; }
    sleep 0.1
done
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
# in_root COMMAND...: runs it in the Debian of this architecture, with its output in $dir/out.
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" >"$dir/out" 2>&1; }
# list: all files but dpkg's own ones, with owner and mode.
list() {
    (cd "$root" && find . \( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./tmp \) -prune -o \
        -printf '%p %M %u:%g\n') | LC_ALL=C sort
}
listed() { (cd "$root" && stat -c '%A %U:%G' "$1"); }
# is MODE PATH: a file that root owns.
is() { [ "$(listed "$2")" = "$1 root:root" ] || fail "$2 is $(listed "$2")"; }

for arch in ${ARCHES:-amd64 arm64 armhf}; do
    base=$top/$arch root=$top/root
    if [ ! -d "$base" ]; then
        [ "$arch" = "$(dpkg --print-architecture)" ] || ls /proc/sys/fs/binfmt_misc/qemu-* >/dev/null 2>&1 || {
            say "a Debian for $arch needs qemu-user by binfmt_misc; please install: qemu-user-static binfmt-support"
            exit 1
        }
        say "making a Debian for $arch with debootstrap ..."
        rm -rf "$base.new"
        debootstrap --arch="$arch" --variant=minbase bookworm "$base.new" >"$top/debootstrap.log" || {
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
    list >"$dir/before"

    in_root dpkg -i "$one" || fail "dpkg -i"
    grep -q 'sudo gandi-ddns setup' "$dir/out" || fail "no word about setup"
    is drwx------ etc/gandi-ddns
    is -rwxr-xr-x usr/bin/gandi-ddns
    is -rw-r--r-- etc/cron.d/gandi-ddns
    is -rw-r--r-- usr/lib/systemd/system/gandi-ddns.timer
    [ -z "$(ls "$root/etc/gandi-ddns")" ] || fail "/etc/gandi-ddns is not empty"
    ! find "$root/etc/systemd" -name '*gandi*' | grep . || fail "a unit is enabled"
    in_root gandi-ddns --version || fail "the program does not run"
    ok "installed: $(cat "$dir/out")"
    in_root sh -c "$(sed -n 's/^@reboot root //p' "$root/etc/cron.d/gandi-ddns")" || fail "cron without a config"
    [ ! -s "$dir/out" ] || fail "cron without a config prints something"
    ok "cron without a config does nothing"

    in_root gandi-ddns setup --yes --force --domain example.org --name home -o ca_file=/tmp/ca.pem -o "$(option api)" \
        -o "$(option ipv4)" -o ipv6=off <"$dir/fake/token" || fail "setup"
    grep -q '^home\.example\.org\. .* A 81\.2\.69\.142$' "$dir/fake/zone" || fail "setup: no record"
    is -rw------- etc/gandi-ddns/token
    is -rw------- etc/gandi-ddns/gandi-ddns.conf
    in_root sh -c "$(sed -n 's/^2-59.* root //p' "$root/etc/cron.d/gandi-ddns" | sed 's/--splay 60 --syslog/-v/')" ||
        fail "the line of cron"
    grep -q 'home.example.org A: unchanged' "$dir/out" || fail "the line of cron"
    ok "setup writes config and token, and the line of cron updates"

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
    list | LC_ALL=C comm -13 "$dir/before" - | sed 's/ .*//' | grep -v '^\./run/\|^\./var/cache' >"$dir/left"
    printf '%s\n' ./etc/cron.d/gandi-ddns ./etc/gandi-ddns ./etc/gandi-ddns/gandi-ddns.conf ./etc/gandi-ddns/token |
        cmp -s - "$dir/left" || fail "after remove: $(cat "$dir/left")"
    ok "remove leaves config, token and cron's file, which does nothing"
    in_root dpkg -P gandi-ddns || fail "dpkg -P"
    list | LC_ALL=C comm -3 "$dir/before" - | grep -v '\./var/cache' >"$dir/left" || true
    [ ! -s "$dir/left" ] || fail "after purge: $(cat "$dir/left")"
    ok "purge leaves nothing"
done
echo "$passed passed"
