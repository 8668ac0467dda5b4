# shellcheck shell=sh
# The plug-in of ddns-scripts, sourced in a function as ddns-scripts does it. strace sees each program that is started.

# section LINE...: the options of the section, on those that reach the fake.
section() {
    printf '%s\n' domain=example.org username=ddns password=/etc/gandi-ddns/token cacert=/etc/ca.pem \
        "param_opt='api=$(of_fake api)'" "$@" >"$m/tmp/section"
}
# ddns WHAT...: sets code and registered.
ddns() {
    : >"$m/tmp/log"
    code=0
    strace -f -qq -v -s 100000 -e trace=execve -o "$scratch/trace" \
        chroot "$m" /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ash /usr/bin/ddns "$@" >"$scratch/out" 2>&1 </dev/null || code=$?
    registered=$(sed -n 's/^registered: //p' "$scratch/out")
    says_not '^changed: '
    # -v: with the environment.
    ! grep -q "$token" "$scratch/trace" || wrong "the token is in an argument or the environment"
    ! grep -q "$token" "$m/tmp/log" || wrong 'the token is in the log'
}
returns() { is 'return' "$(sed -n 's/^return: //p' "$scratch/out")" "$1"; }
ran() { grep -q 'execve("/usr/bin/gandi-ddns", ' "$scratch/trace" || wrong 'the program did not run'; }
# The files of ddns-scripts only.
left() { is 'files left' "$(ls "$m/tmp/ddns")" "test.dat
test.err"; ! grep -rq "$token" "$m/tmp" || wrong 'the token is in a file'; }

begin 'plug-in: an absent record is no answer; the update creates it; then it is the answer'
with_fake
section
ddns question; returns 127; is registered "$registered" ''; ran
ddns update 81.2.69.150; returns 0; ran; logged '^7 ddns.example.org A: created: 81.2.69.150'; left
zone_has '^ddns.* A .*81\.2\.69\.150'
ddns question; returns 0; is registered "$registered" 81.2.69.150; left
ddns update 81.2.69.151; returns 0; logged '81.2.69.150 -> 81.2.69.151'
# A forced update of ddns-scripts looks at the zone.
before=$(requests); ddns update 81.2.69.151; returns 0; [ "$(requests)" -gt "$before" ] || wrong 'Gandi was not asked'
end

begin 'plug-in: IPv6, expanded as ddns-scripts does it'
section use_ipv6=1
ddns question; returns 127
ddns update 2a01:0e0a:0001:0002:0000:0000:0000:0003; returns 0; zone_has '^ddns.* AAAA .*2a01:e0a:1:2::3'
ddns question; returns 0; is registered "$registered" 2a01:e0a:1:2::3
end

begin 'plug-in: several names, @ and *; they are one answer only if they agree'
section "username='@ *.ddns'"
touch "$m/tmp/x.ddns"
ddns update 81.2.69.152; returns 0; zone_has '^example.org.* A .*81\.2\.69\.152'; zone_has '^\*\.ddns.* A .*81\.2\.69\.152'
ddns question; returns 0; is registered "$registered" 81.2.69.152
section "username='@,ddns'"
ddns question; returns 127; is registered "$registered" ''
section "username='@ nothing'"
ddns question; returns 127; is registered "$registered" ''
end

begin 'plug-in: the token itself as the password: in no argument, environment or file of ours'
section "password='$token'"
ddns update 81.2.69.153; returns 0; ran; rm "$m/tmp/section"; left
section "password='$token'"
ddns question; returns 0; is registered "$registered" 81.2.69.153; rm "$m/tmp/section"; left
end

begin 'plug-in: a wrong token is refused: 1, with the reason in the log'
section password=pat_wrong0123456789
ddns update 81.2.69.154; returns 1; logged '^3 .*token'
ddns question; returns 127; logged '^4 .*token'
section password=/etc/gandi-ddns/missing
ddns update 81.2.69.154; returns 1; logged '^3 .*missing'
zone_has '^ddns.* A .*81\.2\.69\.153'
end

begin 'plug-in: a temporary failure is 127, a private address or an unknown domain 1'
section "param_opt='api=https://127.0.0.1:1/v5/livedns timeout=5'"
ddns update 81.2.69.155; returns 127; logged '^4 '; ! grep -q '^3 ' "$m/tmp/log" || wrong 'logged as an error'
ddns question; returns 127
section
ddns update 192.168.1.2; returns 1; logged '^3 .*private'
section domain=example.net
ddns update 81.2.69.155; returns 1; logged '^3 .*example.net'
end

begin 'plug-in: param_opt: keys of the config, ttl and suffix for the records; cacert IGNORE is ignored'
section "param_opt='api=$(of_fake api) ttl=600 ca_file=/etc/ca.pem'" cacert=IGNORE
ddns update 81.2.69.156; returns 0; zone_has '^ddns.* 600 .*81\.2\.69\.156'
section cacert=IGNORE
ddns update 81.2.69.157; returns 127; logged '^4 .*certificate'
touch "$m/tmp/ttl=600"
section "param_opt='api=$(of_fake api) ttl=6*'"
ddns update 81.2.69.157; returns 1; logged '^3 .*6\*'
section "param_opt='api=$(of_fake api) no_such_key=1'"
ddns update 81.2.69.157; returns 1; logged '^3 .*no_such_key'
end

begin 'plug-in: a missing option or a line break ends the section'
for option in domain username password; do
    section "$option="
    ddns update 81.2.69.158; code_is 1; logged "^14 .*'$option'"; ! grep -q 'execve("/usr/bin/gandi-ddns"' "$scratch/trace" || wrong 'the program ran'
done
section "username='home
types = AAAA'"
ddns update 81.2.69.158; code_is 1; logged '^14 .*line break'
end

begin 'plug-in: the config of the service has no influence'
mkdir -p "$m/etc/gandi-ddns"
printf 'token = other\n[example.net]\nnames = x\n' >"$m/etc/gandi-ddns/gandi-ddns.conf"; chmod 600 "$m/etc/gandi-ddns/gandi-ddns.conf"
section
ddns update 81.2.69.159; returns 0; zone_has '^ddns.* A .*81\.2\.69\.159'
end
