# shellcheck shell=sh
# Install, upgrade and remove, by stand-ins for opkg and apk that unpack with busybox and run the scripts.

rm -rf "$DIST"; mkdir "$DIST"
cp "$scratch/program" "$DIST/gandi-ddns-$version-x86_64"
cp "$scratch/program" "$DIST/gandi-ddns-$version-arm64"
pack ipk; pack ipk REVISION=2 ARCHES=x86_64
pack apk; mv "$DIST/x86_64" "$DIST/one"; pack apk REVISION=2 ARCHES=x86_64; mv "$DIST/x86_64" "$DIST/two"
# bare: a router without the package.
bare() {
    fresh
    for file in $(cd packaging/openwrt/files && find . -type f); do rm "$m/$file"; done
    rm -rf "$m/usr/bin/gandi-ddns" "$m/etc/gandi-ddns" "$m/usr/share" "$m/usr/libexec" "$m/lib/upgrade" "$m/etc/rc.d/"* \
        "$m/usr/lib/opkg/info/"* "$m/lib/apk" "$m/etc/config/"*
}
# installed: as the list of packages.sh has it.
installed() {
    while read -r mode path; do mode_is "$mode" "$m/$path"; done <"$scratch/contents"
    is 'owners' "$(cd "$m" && cut -d ' ' -f 2 "$scratch/contents" | xargs stat -c %u:%g | sort -u)" 0:0
    on_router gandi-ddns --version; code_is 0; says "^gandi-ddns $version"
}
for manager in opkg apk; do
    case $manager in
        opkg)
            one="install /tmp/gandi-ddns_$version-r1_x86_64.ipk" two="install /tmp/gandi-ddns_$version-r2_x86_64.ipk"
            other="install /tmp/gandi-ddns_$version-r1_aarch64_generic.ipk" new=-opkg remove=remove files="$DIST/*.ipk" ;;
        apk)
            one='add --allow-untrusted /tmp/one/p.apk' two='add --allow-untrusted /tmp/two/p.apk'
            other='add --allow-untrusted /tmp/aarch64_generic/p.apk' new=.apk-new remove=del files="$DIST/*/" ;;
    esac
    arrive() {
        # shellcheck disable=SC2086
        cp -r $files "$m/tmp/"
        for file in "$m"/tmp/*/*.apk; do [ ! -e "$file" ] || mv "$file" "${file%/*}/p.apk"; done
    }

    begin "$manager: install: files, modes; enabled and started; idle until it is enabled in UCI"
    bare; arrive
    # shellcheck disable=SC2086
    on_router $manager $one
    code_is 0; installed; [ -L "$m/etc/rc.d/S95gandi-ddns" ] || wrong 'not enabled'; holds "$m/tmp/procd" trigger
    [ ! -e "$conf" ] || wrong 'it runs'; nothing_logged
    holds "$m/lib/upgrade/keep.d/gandi-ddns" /etc/gandi-ddns/
    end

    begin "$manager: upgrade: changed config and token stay; a service that was disabled stays disabled"
    sed -i "s/enabled '0'/enabled '1'/" "$m/etc/config/gandi-ddns"
    (umask 077; echo pat_0123456789abcdef >"$m/etc/gandi-ddns/token")
    cp "$m/etc/config/gandi-ddns" "$scratch/config"
    service disable
    # shellcheck disable=SC2086
    on_router $manager $two
    code_is 0; cmp -s "$scratch/config" "$m/etc/config/gandi-ddns" || wrong 'the config has changed'
    mode_is 600 "$m/etc/config/gandi-ddns"; mode_is 700 "$m/etc/gandi-ddns"; mode_is 600 "$m/etc/gandi-ddns/token"
    [ -e "$m/etc/config/gandi-ddns$new" ] || wrong 'the new config is missing'; rm -f "$m/etc/config/gandi-ddns$new"
    [ ! -e "$m/etc/rc.d/S95gandi-ddns" ] || wrong 'enabled'; holds "$m/tmp/scripts" 'upgrade=1'
    [ -e "$conf" ] || wrong 'not started'
    end

    begin "$manager: remove: only config and token are left"
    on_router $manager $remove gandi-ddns
    code_is 0; is 'left' "$(cd "$m" && find etc lib usr -name '*gandi*' -o -path '*gandi-ddns/*' | LC_ALL=C sort | tr '\n' ' ')" \
        'etc/config/gandi-ddns etc/gandi-ddns etc/gandi-ddns/token '
    [ ! -e "$conf" ] && [ ! -e "$m/tmp/procd" ] || wrong 'not stopped'
    end

    begin "$manager: a package for another architecture is refused"
    bare; arrive
    # shellcheck disable=SC2086
    on_router $manager $other
    [ "$code" != 0 ] || wrong 'accepted'; [ ! -e "$m/usr/bin/gandi-ddns" ] || wrong 'installed'
    end
done

begin 'scripts of the packages: nothing without functions.sh, as in the build of an image, or with IPKG_NO_SCRIPT'
fresh
mkdir "$m/tmp/p"
for script in postinst prerm post-install post-upgrade pre-deinstall; do cp packaging/openwrt/$script "$m/tmp/p/"; done
for script in postinst prerm post-install post-upgrade pre-deinstall; do
    on_router /bin/env IPKG_INSTROOT=/nonexistent /tmp/p/$script; code_is 0; one_line 0
    case $script in
        post*) on_router /bin/env IPKG_NO_SCRIPT=1 /tmp/p/$script; code_is 0; one_line 0 ;;
    esac
done
[ ! -e "$m/tmp/scripts" ] || wrong 'something ran'
end
