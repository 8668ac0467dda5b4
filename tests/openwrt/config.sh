# shellcheck shell=sh
# The config that the init script makes from UCI.

# made TEXT: the config has these lines, and the program accepts it.
made() {
    printf '%s\n' "$1" >"$scratch/expected"
    sed 1d "$conf" 2>/dev/null | diff "$scratch/expected" - >"$scratch/diff" || wrong "config: $(cat "$scratch/diff")"
}
accepted() {
    on_router gandi-ddns check --offline -c /var/etc/gandi-ddns.conf
    code_is 0
}
# An option `enabled` and the sources, so that the tests are short.
main="config gandi-ddns 'main'
	option enabled '1'"
home="config records
	option domain 'example.org'
	option name 'home'"

begin 'config: that of the package is idle'
fresh; service start
code_is 0; [ ! -e "$conf" ] || wrong 'there is a config'; nothing_logged
end

begin 'config: records alone are idle: only a word of UCI for true enables them'
for enabled in '' 0 off false no disabled 2 '1 1'; do
    fresh
    write_uci "config gandi-ddns 'main'
	option enabled '$enabled'

$home"
    service start
    code_is 0; [ ! -e "$conf" ] || wrong "there is a config with '$enabled'"; nothing_logged
done
write_uci "config gandi-ddns 'main'

$home"
service start; [ ! -e "$conf" ] || wrong 'there is a config without the option'
for enabled in on true yes enabled; do
    write_uci "config gandi-ddns 'main'
	option enabled '$enabled'

$home"
    service start; [ -e "$conf" ] || wrong "no config with '$enabled'"
done
end

begin 'config: that of the package, enabled'
fresh
sed -i "s/enabled '0'/enabled '1'/" "$m/etc/config/gandi-ddns"
(umask 077; echo pat_0123456789abcdef >"$m/etc/gandi-ddns/token")
service start
code_is 0; nothing_logged
made 'ipv4 = interface dns web
ipv6 = interface dns web
token_file = /etc/gandi-ddns/token

[example.org]
names = @ www
types = A
ttl = 300'
mode_is 600 "$conf"; mode_is 600 "$m/etc/config/gandi-ddns"; accepted
is 'leftovers' "$(ls "$m/tmp/etc")" gandi-ddns.conf
end

begin 'config: options and lists are the same; * is no pattern; other words of true'
fresh
touch "$m/tmp/run/x" "$m/x"
write_uci "config gandi-ddns 'main'
	option enabled 'on'
	option token_file '/etc/gandi-ddns/token'
	option ipv4 'interface,dns	web'
	option renew_token 'true'

config records 'lan'
	option domain 'example.org'
	option name '@ www *'
	list type 'A'
	list type 'AAAA'

config records
	option domain 'example.net'
	list name '*.home'
	list name '*'
	option type 'AAAA'
	option suffix '::1:2:3:4/64'
	option multiple_values 'replace'"
(umask 077; echo pat_0123456789abcdef >"$m/etc/gandi-ddns/token")
service start
made 'ipv4 = interface dns web
token_file = /etc/gandi-ddns/token
renew_token = yes

[example.org]
names = @ www *
types = A AAAA

[example.net]
names = *.home *
types = AAAA
suffix = ::1:2:3:4/64
multiple_values = replace'
accepted; nothing_logged
end

begin 'config: every key, and quotes'
fresh
write_uci "$main
	option quorum '3'
	option multiple_values 'replace'
	option recheck '2h'
	option timeout '30'
	option history '/tmp/history'
	option on_change '/usr/bin/it'\\''s \"mine\"'
	option on_failure '/usr/bin/f'
	list heartbeat 'https://hc.example/a#frag'
	list heartbeat 'https://hc.example/b'
	option ca_file '/etc/ca.pem'
	option state_dir '/tmp/state'
	option api 'https://api.gandi.net/v5/livedns'
	option api_key_file '/etc/gandi-ddns/key'
	option sharing_id '6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40'
	option token 'pat_a#b'

$home
	option ttl '5m'
	option ipv4 'dns@network:wan web@network:lan'
	option quorum '1'
	option token_file '/etc/other'
	option sharing_id 'x'"
touch "$m/etc/other"
service start
made 'quorum = 3
token = pat_a#b
api_key_file = /etc/gandi-ddns/key
sharing_id = 6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40
api = https://api.gandi.net/v5/livedns
multiple_values = replace
recheck = 2h
timeout = 30
history = /tmp/history
on_change = /usr/bin/it'\''s "mine"
on_failure = /usr/bin/f
heartbeat = https://hc.example/a#frag https://hc.example/b
ca_file = /etc/ca.pem
state_dir = /tmp/state

[example.org]
names = home
ipv4 = dns@pppoe-wan web@br-lan
token_file = /etc/other
sharing_id = x
ttl = 5m
quorum = 1'
nothing_logged
rm "$m/etc/other"
end

begin 'config: a token in UCI takes the place of the file of the package while that is missing'
fresh
write_uci "$main
	option token_file '/etc/gandi-ddns/token'
	option token 'pat_0123456789abcdef'

$home"
service start
made 'token = pat_0123456789abcdef

[example.org]
names = home'
accepted
# With both the program tells it.
(umask 077; echo pat_0123456789abcdef >"$m/etc/gandi-ddns/token")
service start; holds "$conf" 'token_file = '; holds "$conf" 'token = '
on_router gandi-ddns check --offline -c /var/etc/gandi-ddns.conf; code_is 78
end

begin 'config: network:NAME is the device of that network; one that is down or unknown is never left out'
fresh
write_uci "$main
	option ipv4 'network:wan web'
	option ipv6 'network:wan6'

$home
	option ipv4 'x*'
	option ipv6 'network:lan'"
touch "$m/x1"
service start
rm "$m/x1"
made 'ipv4 = interface:pppoe-wan web
ipv6 = interface:no-such-network

[example.org]
names = home
ipv4 = x*
ipv6 = interface:br-lan'
# Again, after the network came up.
echo 'wan6 pppoe-wan' >>"$m/tmp/networks"
service reload; holds "$conf" 'ipv6 = interface:pppoe-wan'
end

begin 'config: a line break is refused: no line of its own, the section or value is left out, the others stay'
fresh
write_uci "$main
	option token_file '/etc/gandi-ddns/token'
	option history '/tmp/a
on_change = /tmp/evil'

config records 'bad'
	option domain 'example.org'
	option name 'home'
	option ttl '300
names = evil'

config records
	option domain 'example.net'
	option name 'www'"
service start
code_is 0
made 'token_file = /etc/gandi-ddns/token

[example.net]
names = www'
logged 'daemon.err .*section main: `history` has a line break'; logged 'section bad: `ttl` has a line break'
logged 'section bad is left out'
end

begin 'config: without one of the sources or the quorum nothing runs; neither with a # that would begin a comment'
for option in ipv4 ipv6 quorum token_file; do
    for value in 'x
y' '#x' 'x #y'; do
        fresh
        write_uci "$main
	option $option '$value'

$home"
        service start
        code_is 0; [ ! -e "$conf" ] || wrong "$option: there is a config"
        logged "section main: \`$option\` has a"; logged 'the service does not run'
    done
done
end

begin 'config: domains that would end the heading, missing ones, missing names'
for domain in '' 'a]b' 'example.org]' 'a b' '[x' 'a#b' 'a;b' 'a/b' 'a_b' "a'b" 'a"b' 'a	b' '*.example.org' 'a{b'; do
    fresh
    write_uci "$main

config records 'bad'
	option domain '$(printf %s "$domain" | sed "s/'/'\\\\''/g")'
	option name 'x'

config records 'nameless'
	option domain 'example.net'

$home"
    service start
    made '
[example.org]
names = home'
    logged 'section bad is left out'; logged 'section nameless: `name` is missing'
done
fresh
write_uci "$main

config records
	option domain 'müller.de'
	option name 'straße'"
service start
made '
[müller.de]
names = straße'
on_router gandi-ddns check --offline -c /var/etc/gandi-ddns.conf; says_not 'müller.de.*invalid'
end

begin 'config: a disabled section; no section; the config that was there is removed'
fresh
write_uci "$main

$home

config records 'off'
	option enabled '0'
	option domain 'example.net'
	option name 'www'"
service start
made '
[example.org]
names = home'
write_uci "$main

config records 'off'
	option enabled '0'
	option domain 'example.net'
	option name 'www'"
service reload
code_is 0; [ ! -e "$conf" ] || wrong 'the config is still there'; logged 'no usable section of type records'
end

begin 'config: files of an empty or missing UCI config'
fresh; : >"$m/etc/config/gandi-ddns"; service start
code_is 0; [ ! -e "$conf" ] || wrong 'there is a config'
end

begin 'config: the example of docs/openwrt.md'
fresh
(umask 077; echo pat_0123456789abcdef >"$m/etc/gandi-ddns/token")
write_uci "$(sed -n "/^config gandi-ddns 'main'/,/^\`\`\`/p" docs/openwrt.md | sed '$d')"
service start
made 'ipv4 = interface dns web
ipv6 = interface dns web
token_file = /etc/gandi-ddns/token

[example.org]
names = @ www
types = A AAAA
ttl = 300'
accepted; nothing_logged
end
