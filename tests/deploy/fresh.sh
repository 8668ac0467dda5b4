# shellcheck shell=sh
# First installs and upgrades with each shell and server, and the choice of the build.

fresh_and_upgrade() { # TITLE
    begin "$1: fresh"
    rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
    remember; deploy
    code_is 0; no_leftovers
    says "$bin: gandi-ddns 0.1.0 (x86_64) installed\$"
    says 'chmod 600 /etc/gandi-ddns/token'; says '    2-59/5 \* \* \* \* /usr/local/bin/gandi-ddns --splay 60 --syslog$'
    cmp -s "$scratch/dist/gandi-ddns-0.1.0-x86_64" "$m$bin" || wrong 'not the same bytes'
    mode_is 755 "$m$bin"; mode_is 700 "$m/etc/gandi-ddns"; mode_is 600 "$m/etc/gandi-ddns/gandi-ddns.conf"
    cmp -s gandi-ddns.conf.example "$m/etc/gandi-ddns/gandi-ddns.conf" || wrong 'not the example config'
    says '  check the setup: /usr/local/bin/gandi-ddns check$'
    changed_are ./etc/gandi-ddns ./etc/gandi-ddns/gandi-ddns.conf .$bin
    end

    begin "$1: upgrade; config, token and their modes stay"
    standin 0.2.0 x86_64; touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-x86_64"
    echo '# mine' >"$m/etc/gandi-ddns/gandi-ddns.conf"; chmod 640 "$m/etc/gandi-ddns/gandi-ddns.conf"
    echo secret >"$m/etc/gandi-ddns/token"; chmod 750 "$m/etc/gandi-ddns"
    remember; deploy
    code_is 0; no_leftovers; says "$bin: gandi-ddns 0.1.0 (x86_64) -> gandi-ddns 0.2.0 (x86_64)"
    says 'gandi-ddns.conf: existing config kept'; says_not '^next'; changed_are .$bin
    end
}

local_shell=bash
fresh_and_upgrade 'Debian, bash'
new_machine raspios dash
fake_crontab
local_shell=dash
fresh_and_upgrade 'Raspberry Pi OS, dash'
if [ -n "$busybox" ]; then
    new_machine router ash
    mkdir -m 755 "$m/etc/crontabs"
    local_shell="$busybox ash"
    fresh_and_upgrade 'OpenWrt, ash'

    new_machine bare ash
    local_shell='sh'
    rm "$m/usr/bin/df" "$m/usr/bin/id" "$m/usr/bin/md5sum" "$m/usr/bin/sha256sum" "$m/usr/bin/sync" "$m/usr/bin/tail" "$m/usr/bin/wc"
    rm -r "${m:?}/usr/local"
    begin 'ash without df, id, md5sum, sha256sum, sync, tail, wc (no test machine has od, getconf, mktemp or install)'
    deploy
    code_is 0; no_leftovers; cmp -s "$scratch/dist/gandi-ddns-0.2.0-x86_64" "$m$bin" || wrong 'not the same bytes'
    end
else
    skip 'make deploy to ash' 'no busybox'
fi
local_shell='sh'

if have dropbear && [ -n "$busybox" ]; then
    new_machine dropbear ash
    start_dropbear
    if answers "$dropbear_port"; then
        sshd_only=$sshd_port sshd_port=$dropbear_port
        fresh_and_upgrade 'dropbear, ash'
        if have dbclient; then
            begin 'dbclient instead of ssh'
            dropbearconvert openssh dropbear "$scratch/key" "$scratch/key.db" >/dev/null 2>&1 || wrong 'no key'
            standin 0.3.0 x86_64
            HOME=$scratch deploy SSH=dbclient SSH_OPTS="-y -i $scratch/key.db"
            code_is 0; says '0.2.0 (x86_64) -> gandi-ddns 0.3.0'; no_leftovers
            end
        fi
        sshd_port=$sshd_only
    else
        begin 'dropbear'; cat "$scratch/dropbear.log" "$scratch/answers.log" >"$scratch/out"; wrong 'dropbear does not answer'; end
    fi
else
    skip 'dropbear' 'dropbear or busybox is not installed, and apt has none'
fi

# ---------------------------------------------------------------- the choice of the build

new_machine board dash
fake_crontab
rm -f "$scratch/dist/"*
for name in $TARGET_NAMES; do standin 0.1.0 $name; done
picks() { # TITLE NAME UNAME HEADER FEATURES
    begin "$1: $2"
    hardware "$3" "$4" "$5"
    rm -f "$m$bin"
    deploy
    code_is 0; says "$target: $2, using gandi-ddns-0.1.0-$2\$"; says "gandi-ddns 0.1.0 ($2) installed\$"
    end
}
picks 'Pi Zero, whose cpuinfo looks like ARMv7' armv6 armv6l "$hard" "$v6"
picks '64-bit kernel over a 32-bit userland' armv7 aarch64 "$hard" "$v8"
picks '64-bit kernel and userland' arm64 aarch64 "$aarch64" "$v8"
picks 'CPU without VFP' armv7-soft armv7l "$soft" 'half thumb fastmult edsp tls'
picks 'ARMv5' armv5 armv5tel "$soft" 'swp half thumb fastmult edsp'
picks 'big-endian MIPS' mips mips "$mips" ''
picks 'little-endian MIPS, of the same uname' mipsel mips "$mipsel" ''

begin 'login script that prints, and a build of the same version by VERSION'
hardware aarch64 "$aarch64" "$v8"
standin 0.2.0 arm64; echo noise=yes >>"$scratch/login"
deploy VERSION=0.1.0
code_is 0; says 'using gandi-ddns-0.1.0-arm64$'; says "^$bin:"
log_in 0 /root
end

begin 'unknown architecture: s390x'
hardware s390x 7f454c4602020100000000000000000000020016000000010000000000000000 ''
remember; deploy
code_is 78; one_line 1; says "^deploy: $target: unsupported architecture: s390x"; unchanged
end

begin 'no such build in dist'
hardware armv6l "$hard" "$v6"; rm "$scratch/dist/gandi-ddns-0.1.0-armv6"
remember; deploy
code_is 66; one_line 1; says 'armv6 is missing; run: make dist TARGETS=armv6$'
deploy VERSION=9.9
code_is 66; one_line 1; says "$scratch/dist/gandi-ddns-9.9-armv6 is missing; run: make dist TARGETS=armv6\$"; unchanged
end

begin 'a build under the wrong name is not sent'
tiny_x86_64 0.1.0; mv "$scratch/dist/gandi-ddns-0.1.0-x86_64" "$scratch/dist/gandi-ddns-0.1.0-armv6"
deploy
code_is 66; says 'is not a program for armv6'; unchanged
end
