# shellcheck shell=sh
# The cron lines: printed, added on request, never added twice.

# Runs deploy.sh with a terminal, so that it asks.
at_terminal() { # ANSWER
    code=0
    printf '%s\n' "$1" | PORT=$sshd_port SSH_OPTS=$ssh_opts DIST=$scratch/dist ASK=${ASK:-} \
        script -qec "sh scripts/deploy.sh $target" /dev/null >"$scratch/out" 2>&1 || code=$?
}
have script || skip 'cron with a terminal' 'script(1) is not installed'
if have script; then
    new_machine cron-debian dash
    fake_crontab
    begin 'cron, crontab(1): n, and ASK=no, add nothing'
    at_terminal n; code_is 0; says 'y/N'; [ ! -e "$m/root/table" ] || wrong 'added'
    ASK=no at_terminal y; code_is 0; says_not 'y/N'; says '59/5 \* \* \* \*'; [ ! -e "$m/root/table" ] || wrong 'added'
    end

    begin 'cron, crontab(1): y adds two lines, once'
    at_terminal y; code_is 0; says 'cron: added'
    is table "$(cat "$m/root/table")" "@reboot $bin --wait 600 --syslog
2-59/5 * * * * $bin --splay 60 --syslog"
    at_terminal y; code_is 0; says "already set up: @reboot $bin --wait 600 --syslog"; says_not 'y/N'; count_is 2 gandi-ddns "$m/root/table"
    end

    begin 'cron, crontab(1): other lines stay; comments and other programs are not ours'
    printf '# */15 * * * * /usr/local/bin/gandi-ddns\nMAILTO=me\n0 4 * * * /opt/gandi-ddns/update.py\n' >"$m/root/table"
    cp "$m/root/table" "$scratch/table"
    at_terminal y; code_is 0; says 'cron: added'; head -n 3 "$m/root/table" | cmp -s - "$scratch/table" || wrong 'other lines changed'
    count_is 5 '' "$m/root/table"
    end

    begin 'cron, crontab(1): a table that cannot be read is not replaced'
    cp "$scratch/table" "$m/root/table"; : >"$m/etc/crontab-broken"
    at_terminal y; code_is 73; says 'nothing was added'; cmp -s "$m/root/table" "$scratch/table" || wrong 'replaced'
    rm "$m/etc/crontab-broken"
    end

    begin 'cron: a line in /etc/cron.d counts'
    rm "$m/root/table"; mkdir "$m/etc/cron.d"; echo "*/5 * * * * root $bin -q" >"$m/etc/cron.d/ddns"
    at_terminal y; code_is 0; says 'already set up: \*/5'; [ ! -e "$m/root/table" ] || wrong 'added'
    end

    begin 'cron: none there'
    new_machine cron-none dash
    at_terminal y; code_is 0; says_not 'y/N'; says '59/5 \* \* \* \*'
    end

    if [ -n "$busybox" ]; then
        begin 'cron, OpenWrt: /etc/crontabs/root, no @reboot, crond started; once; sysupgrade named'
        new_machine cron-router ash
        mkdir "$m/etc/crontabs" "$m/etc/init.d"; : >"$m/etc/sysupgrade.conf"
        # shellcheck disable=SC2016
        printf '#!/usr/bin/sh\necho "$1" >>/root/cron-was\n' | program cron-router /etc/init.d/cron
        printf '5 5 * * * /bin/true' >"$m/etc/crontabs/root"
        at_terminal y; code_is 0; says 'cron: added'; says 'sysupgrade'
        is table "$(cat "$m/etc/crontabs/root")" "5 5 * * * /bin/true
2-59/5 * * * * $bin --splay 60 --syslog"
        holds "$m/root/cron-was" restart
        at_terminal y; code_is 0; says 'already set up'; count_is 1 gandi-ddns "$m/etc/crontabs/root"
        end

        # Of Debian's two busybox packages, only busybox-static has the crontab applet.
        unpacked busybox-static
        crontab=
        for static in "$scratch/busybox-static/bin/busybox" "$scratch/busybox-static/usr/bin/busybox" "$(command -v busybox)"; do
            ! "$static" --list 2>/dev/null | grep -q '^crontab$' || crontab=$static
        done
        if [ -n "$crontab" ]; then
            begin "cron, busybox's crontab: no @reboot; once"
            new_machine cron-busybox ash
            put cron-busybox "$crontab" /usr/bin/crontab; mkdir -p "$m/var/spool/cron/crontabs"
            at_terminal y; code_is 0; says 'cron: added'
            is table "$(cat "$m/var/spool/cron/crontabs/root" 2>/dev/null)" "2-59/5 * * * * $bin --splay 60 --syslog"
            at_terminal y; says 'already set up'; count_is 1 gandi-ddns "$m/var/spool/cron/crontabs/root"
            end
        else
            skip "busybox's crontab" 'no busybox with that applet is installed, and apt has none'
        fi
    fi
fi
