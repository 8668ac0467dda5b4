# shellcheck shell=sh
# OpenWrt: its package, by dropbear, which has no sftp-server. The package is a real one with a stand-in for the program;
# opkg and apk are the stand-ins of tests/openwrt.

# new_router NAME opkg|apk: a machine with the package manager.
new_router() {
    new_machine "$1" ash
    for tool in awk basename cmp cp cut find gunzip ln sort tar tr; do ln -s /bin/busybox "$m/usr/bin/$tool"; done
    mkdir -p "$m/etc/crontabs" "$m/etc/config" "$m/etc/rc.d" "$m/etc/init.d" "$m/etc/apk" "$m/lib/functions" "$m/usr/lib/opkg/info"
    ln -s tmp "$m/var"
    printf "DISTRIB_ID='OpenWrt'\nDISTRIB_ARCH='x86_64'\n" >"$m/etc/openwrt_release"
    echo x86_64 >"$m/etc/apk/arch"
    : >"$m/etc/sysupgrade.conf"
    cp "tests/openwrt/router/$2" tests/openwrt/router/logger "$m/usr/bin/"
    cp tests/openwrt/router/functions.sh "$m/lib/"
    cp tests/openwrt/router/procd.sh tests/openwrt/router/network.sh "$m/lib/functions/"
    cp tests/openwrt/router/rc.common "$m/etc/"
    : >"$m/tmp/networks"
    printf '#!/usr/bin/sh\n[ "$*" = "-q get gandi-ddns.main.enabled" ] || exit 9\n%s\n' \
        "sed -n \"s/.*option enabled '\\(.*\\)'/\\1/p\" /etc/config/gandi-ddns | head -n 1" | program "$1" /usr/bin/uci
}
pack() { # ipk|apk VERSION: as scripts/openwrt.sh names them, from a checkout of that version
    rm -rf "$scratch/checkout"; mkdir "$scratch/checkout"
    cp -r Cargo.toml packaging scripts "$scratch/checkout/"
    sed -i "s/^version = .*/version = \"$2\"/" "$scratch/checkout/Cargo.toml"
    (cd "$scratch/checkout" && DIST="$scratch/dist" ARCHES=x86_64 SOURCE_DATE_EPOCH=1700000000 scripts/openwrt.sh "$1") \
        >"$scratch/out" 2>&1 || wrong "make $1 failed"
}
# An ssh client that damages the end of the second command's input, which is the package.
cat >"$scratch/damaging-ssh" <<DAMAGING
#!/bin/sh
case \$* in *-V | *'-O exit'*) exec ssh "\$@" ;; esac
if [ ! -e "$scratch/second" ]; then : >"$scratch/second"; exec ssh "\$@"; fi
cat >"$scratch/input"
{ head -c -10 "$scratch/input"; printf 0123456789; } | ssh "\$@"
DAMAGING
chmod 755 "$scratch/damaging-ssh"
router_bin=/usr/bin/gandi-ddns
for manager in opkg apk; do
    [ -n "$busybox" ] || { skip "OpenWrt, $manager" 'no busybox'; continue; }
    case $manager in opkg) format=ipk ;; apk) format=apk ;; esac
    new_router "router-$manager" $manager
    sshd_only=$sshd_port
    if have dropbear; then
        start_dropbear
        answers "$dropbear_port" || { begin dropbear; wrong 'it does not answer'; end; }
        sshd_port=$dropbear_port
    else
        skip "OpenWrt, $manager, by dropbear" 'dropbear is not installed, and apt has none'
    fi
    rm -rf "$scratch/dist/"*; standin 0.1.0 x86_64
    target=root@127.0.0.1 local_shell=sh

    begin "OpenWrt, $manager: no package in dist: the program alone, and how to make one"
    deploy
    code_is 0; says "OpenWrt; .* has no package for x86_64 (make $format), so this installs the program alone"
    [ -e "$m$bin" ] || wrong 'not installed'; rm -rf "$m$bin" "$m/etc/gandi-ddns"
    end

    begin "OpenWrt, $manager: the package is installed, idle, and setup is next; no copy stays in memory"
    pack $format 0.1.0
    remember; deploy
    code_is 0; says 'OpenWrt, x86_64, using gandi-ddns.0.1.0-r1'; says '^package gandi-ddns: gandi-ddns 0.1.0 (x86_64) installed$'
    says "next: log in on $target, and run: gandi-ddns setup"; says_not 'cron'
    cmp -s "$scratch/dist/gandi-ddns-0.1.0-x86_64" "$m$router_bin" || wrong 'not the same bytes'
    mode_is 755 "$m$router_bin"; mode_is 700 "$m/etc/gandi-ddns"; mode_is 600 "$m/etc/config/gandi-ddns"
    [ -L "$m/etc/rc.d/S95gandi-ddns" ] || wrong 'not enabled'; [ ! -e "$m$bin" ] || wrong 'the program alone is there'
    no_leftovers; is 'in memory' "$(cd "$m/tmp" && find . -name '*gandi*')" ''
    end

    begin "OpenWrt, $manager: upgrade; config and token stay; what an older install left is named"
    standin 0.2.0 x86_64; pack $format 0.2.0
    sed -i "s/enabled '0'/enabled '1'/" "$m/etc/config/gandi-ddns"
    (umask 077; echo secret >"$m/etc/gandi-ddns/token")
    echo "2-59/5 * * * * $bin --splay 60 --syslog" >"$m/etc/crontabs/root"; cp "$scratch/dist/gandi-ddns-0.1.0-x86_64" "$m$bin"
    deploy
    code_is 0; says '^package gandi-ddns: gandi-ddns 0.1.0 (x86_64) -> gandi-ddns 0.2.0 (x86_64)'; says 'the service is enabled'
    says "$bin is another installation"; says 'cron: remove this line, since .*: 2-59/5'; says_not '^next'
    is token "$(cat "$m/etc/gandi-ddns/token")" secret; holds "$m/etc/config/gandi-ddns" "enabled '1'"
    holds "$m/etc/crontabs/root" gandi-ddns; no_leftovers
    end

    begin "OpenWrt, $manager: the same version again, VERSION, and DEST for the program alone"
    deploy; code_is 0; says 'gandi-ddns 0.2.0 (x86_64) -> gandi-ddns 0.2.0 (x86_64)'
    deploy DEST=/opt/bin; code_is 0; says '^/opt/bin/gandi-ddns: gandi-ddns 0.2.0'; says_not OpenWrt
    [ $manager = apk ] || { deploy VERSION=0.1.0; code_is 0; says '0.2.0 (x86_64) -> gandi-ddns 0.1.0'; }
    end

    begin "OpenWrt, $manager: a package that is older than the binary is not sent; one for another architecture neither"
    touch -d '1 hour' "$scratch/dist/gandi-ddns-0.2.0-x86_64"
    remember; deploy
    code_is 66; says "is older than gandi-ddns-0.2.0-x86_64; run: make $format"; unchanged
    touch -d '2 hours ago' "$scratch/dist/gandi-ddns-0.2.0-x86_64"
    sed -i "s/x86_64/aarch64_generic/" "$m/etc/openwrt_release"
    deploy; code_is 0; says 'has no package for aarch64_generic'
    sed -i "s/aarch64_generic/x86_64/" "$m/etc/openwrt_release"
    end

    begin "OpenWrt, $manager: the manager fails, or the program does not run: an error with the reason"
    mv "$m/usr/bin/$manager" "$m/usr/bin/kept"
    printf '#!/usr/bin/sh\necho "Collected errors:"\necho " * verify_pkg_installable: Only have 1kb available"\nexit 255\n' | program "$machine" "/usr/bin/$manager"
    deploy
    code_is 73; says "$manager could not install the package: .*Only have 1kb available"; no_leftovers
    printf '#!/usr/bin/sh\nprintf "#!/usr/bin/sh\\nexit 132\\n" >%s\n' "$router_bin" | program "$machine" "/usr/bin/$manager"
    [ $manager = apk ] || printf 'Version: 0.2.0-r1\n' >"$m/usr/lib/opkg/info/gandi-ddns.control"
    deploy
    code_is 70; says 'does not run there (exit code 132)'
    mv "$m/usr/bin/kept" "$m/usr/bin/$manager"
    end

    begin "OpenWrt, $manager: a damaged copy is noticed"
    rm -f "$scratch/second"; remember; deploy SSH="$scratch/damaging-ssh"
    code_is 74; says 'wrong SHA-256 checksum; nothing was replaced'; no_leftovers; unchanged
    end
    sshd_port=$sshd_only
done
rm -rf "$scratch/dist/"*
