# shellcheck shell=sh
# The service: what procd is told, and the commands of the init script.

procd=$m/tmp/procd
triggers='trigger config.change gandi-ddns
trigger interface.update wan /etc/init.d/gandi-ddns reload after 3000'
command='command /usr/bin/gandi-ddns --syslog --wait 600 -c /var/etc/gandi-ddns.conf'

begin 'service: the instance, its timer and the triggers'
with_fake; service start
code_is 0; nothing_logged
is procd "$(cat "$procd")" "instance
$command
respawn 0 900 0
file /var/etc/gandi-ddns.conf
end
$triggers"
! grep -q "$token" "$procd" || wrong 'procd knows the token'
end

begin 'service: interval'
for pair in 1:60 5:300 60:3600 9999:599940 0:900 -1:900 x:900 1.5:900 010:900 10000:900 '2 3:900' ':900'; do
    sed -i '/option interval/d' "$m/etc/config/gandi-ddns"
    sed -i "s/^\toption enabled '1'/&\n\toption interval '${pair%:*}'/" "$m/etc/config/gandi-ddns"
    service start; is "respawn for '${pair%:*}'" "$(sed -n 's/^respawn //p' "$procd")" "0 ${pair#*:} 0"
done
end

begin 'service: enabled 0 and a reload: no config, no instance; the triggers stay'
with_fake; service start; [ -e "$conf" ] || wrong 'no config'
sed -i "s/enabled '1'/enabled '0'/" "$m/etc/config/gandi-ddns"
service reload
code_is 0; [ ! -e "$conf" ] || wrong 'the config is still there'; is procd "$(cat "$procd")" "$triggers"
sed -i "s/enabled '0'/enabled '1'/" "$m/etc/config/gandi-ddns"
service reload; [ -e "$conf" ] || wrong 'no config after enabling'; holds "$procd" "$command"
end

begin 'service: several networks as an option; * is no pattern'
sed -i "s/list network 'wan'/option network 'wan wan6 *'/" "$m/etc/config/gandi-ddns"
service start
is triggers "$(sed -n 's/^trigger interface.update \(.*\) after 3000$/\1/p' "$procd" | tr '\n' ' ')" \
    'wan /etc/init.d/gandi-ddns reload wan6 /etc/init.d/gandi-ddns reload * /etc/init.d/gandi-ddns reload '
end

begin "service: procd's command updates the record; status and rpcd tell it; quiet the second time"
with_fake; service start
# As procd runs it, but without syslog, which this router does not have.
on_router $(sed -n 's/^command //; s/--syslog//p' "$procd")
code_is 0; says 'home.example.org A: created: 81.2.69.142'; zone_has 'home.* A .*81\.2\.69\.142'
service status
code_is 0; says 'home.example.org'; says 81.2.69.142
on_router /bin/sh -c 'echo "{}" | /usr/libexec/rpcd/gandi-ddns call status'
code_is 0; python3 -c 'import json, sys
status = json.load(open(sys.argv[1]))
assert status["records"][0]["address"] == "81.2.69.142", status' "$scratch/out" || wrong 'no JSON of the status'
echo 81.2.69.180 >"$scratch/fake/ipv4"
service run --force
code_is 0; says 'home.example.org A: 81.2.69.142 -> 81.2.69.180'
echo 81.2.69.142 >"$scratch/fake/ipv4"
service check --offline --json
code_is 0; python3 -m json.tool "$scratch/out" >/dev/null || wrong 'arguments do not reach the program'
end

begin 'service: gandi-ddns setup enables it with the record, beside the sections of the user, and a second time'
with_fake
rm "$m/etc/gandi-ddns/token"
write_uci "config gandi-ddns 'main'
	option enabled '0'
	option token_file '/etc/gandi-ddns/token'
	list network 'wan'
	list network 'wan6'
	option ipv4 '$(of_fake ipv4)'
	option ipv6 'off'
	option ca_file '/etc/ca.pem'
	option api '$(of_fake api)'

config records
	option domain 'example.net'
	list name '@'
	list name 'www'"
mkdir -p "$m/etc/crontabs"
for time in first second; do
    code=0
    chroot "$m" /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin gandi-ddns setup --yes --domain example.org --name router \
        --type A --ttl 10m -o "api=$(of_fake api)" -o ca_file=/etc/ca.pem -o "ipv4=$(of_fake ipv4)" -o ipv6=off \
        -o 'Recheck = 2h' -o state_dir=/var/run/mine \
        <"$scratch/fake/token" >"$scratch/out" 2>&1 || code=$?
    code_is 0; zone_has '^router.* A .*81\.2\.69\.142'
    sed 1d "$conf" >"$scratch/found"; is "sections, $time time" "$(sed -n 's/^\[/[/p' "$scratch/found" | tr '\n' ' ')" '[example.net] [example.org] '
    holds "$conf" 'names = router'; holds "$conf" 'token_file = /etc/gandi-ddns/token'; holds "$procd" "$command"
    holds "$conf" 'recheck = 2h'; holds "$conf" 'state_dir = /var/run/mine'; holds "$conf" 'ttl = 10m'
    # There is one truth: UCI, and the token.
    is "files, $time time" "$(ls "$m/etc/gandi-ddns")" token; says '/etc/init.d/gandi-ddns check'
    on_router gandi-ddns check --offline; code_is 0; says '3 records'
    mode_is 600 "$m/etc/config/gandi-ddns"; [ ! -e "$m/etc/crontabs/root" ] || wrong 'cron runs it, too'
done
holds "$procd" 'interface.update wan6'
rm -r "$m/etc/crontabs"
end

begin 'service: commands without a config tell the way'
fresh
for command in status check run; do
    service $command
    code_is 1; says 'gandi-ddns is not enabled'; says 'gandi-ddns setup'
done
sed -i "s/enabled '0'/enabled '1'/" "$m/etc/config/gandi-ddns"
service status; code_is 1; says 'start it\|gandi-ddns start'
on_router /bin/sh -c 'echo "{}" | /usr/libexec/rpcd/gandi-ddns call status'
code_is 0; python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["error"]' "$scratch/out" || wrong 'no JSON'
end

begin 'service: stop removes the config; help lists check and run'
with_fake; service start; service stop
code_is 0; [ ! -e "$conf" ] || wrong 'the config is still there'
service help; says 'check run'
end

begin 'service: the run of the reload sees a changed UCI config'
with_fake; service start
sed -i "s/name 'home'/name 'other'/" "$m/etc/config/gandi-ddns"
service reload; holds "$conf" 'names = other'
end

begin 'service: two starts at the same moment leave one whole config'
with_fake
on_router /bin/sh -c 'for n in 1 2 3 4 5; do /etc/init.d/gandi-ddns start & done; wait'
on_router gandi-ddns check --offline -c /var/etc/gandi-ddns.conf; code_is 0
is 'files' "$(ls "$m/tmp/etc")" gandi-ddns.conf
end

begin 'service: sourced by another shell on the build machine, it only defines'
{ echo 'extra_command() { :; }; . packaging/openwrt/files/etc/init.d/gandi-ddns; echo "$START $STOP $USE_PROCD"'; } >"$scratch/source"
for shell in bash dash "$busybox ash"; do
    command -v "${shell%% *}" >/dev/null || continue
    is "$shell" "$(IPKG_INSTROOT=/nonexistent $shell "$scratch/source" 2>&1)" '95 10 1'
done
is 'first line' "$(head -n 1 packaging/openwrt/files/etc/init.d/gandi-ddns)" '#!/bin/sh /etc/rc.common'
end

begin 'rpcd: list, and wrong calls; the ACL names the method'
on_router /usr/libexec/rpcd/gandi-ddns list; code_is 0; is list "$(cat "$scratch/out")" '{"status":{}}'
on_router /usr/libexec/rpcd/gandi-ddns call other; code_is 64
on_router /usr/libexec/rpcd/gandi-ddns; code_is 64
python3 -c 'import json
acl = json.load(open("packaging/openwrt/files/usr/share/rpcd/acl.d/gandi-ddns.json"))
assert acl["gandi-ddns"]["read"]["ubus"]["gandi-ddns"] == ["status"]
provider = json.load(open("packaging/openwrt/files/usr/share/ddns/default/gandi.net-token.json"))
assert provider["name"] == "gandi.net-token"
assert provider["ipv4"]["url"] == provider["ipv6"]["url"] == "update_gandi_ddns.sh"' >"$scratch/out" 2>&1 || wrong 'see below'
end
