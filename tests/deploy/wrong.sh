# shellcheck shell=sh
# What may go wrong: hosts, room, rights, interruptions.

new_machine pc dash
fake_crontab
rm -f "$scratch/dist/"*
tiny_x86_64 0.1.0
begin 'a real static program'
deploy
code_is 0; says 'gandi-ddns 0.1.0, new there'; says '@reboot      /usr/local/bin/gandi-ddns --wait 600$'
end

begin 'a program for another CPU does not replace the old one'
tiny_x86_64 0.2.0 0f0b; touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-x86_64"
remember; deploy
code_is 70; says 'does not run there (illegal instruction, so not for this CPU); nothing was replaced'; one_line 2
unchanged; is 'what is there' "$("$m$bin")" 'gandi-ddns 0.1.0'
end

begin 'another program does not replace the old one'
rm "$scratch/dist/gandi-ddns-0.2.0-x86_64"; printf '#!/usr/bin/sh\necho hello\n' >"$scratch/dist/gandi-ddns-0.2.0-x86_64"
deploy; code_is 70; unchanged
end

begin 'nobody listens there'
sshd_kept=$sshd_port sshd_port=1
deploy
code_is 69; one_line 1; says "^deploy: $target: cannot log in: .*Connection refused$"; unchanged
sshd_port=$sshd_kept
end

begin 'not our key'
ssh-keygen -q -t ed25519 -N '' -f "$scratch/other"
deploy SSH_OPTS="-F /dev/null -i $scratch/other -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=$scratch/known"
code_is 69; one_line 1; says 'cannot log in: .*Permission denied'; unchanged
end

begin 'no host, an option for a host, a blank in DEST'
target=''; deploy; code_is 64; one_line 1
target=-oProxyCommand=false; deploy; code_is 64; one_line 1
target=root@127.0.0.1; deploy DEST='/opt/a b'; code_is 64; one_line 1; unchanged
end

rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
begin 'a directory in the way'
mkdir -p "$m/opt/gandi-ddns"; remember; deploy DEST=/opt
code_is 73; says '/opt/gandi-ddns is a directory'; unchanged
end

if [ -n "$can_mount" ]; then
    begin 'no room: said before anything is sent, the old one stays'
    new_machine small dash
    mount -t tmpfs -o size=200k none "$m/usr/local/bin"
    printf '#!/usr/bin/sh\necho gandi-ddns 0.0.1\n' >"$m$bin"; chmod 755 "$m$bin"
    remember; deploy
    code_is 73; one_line 2; says 'no room in /usr/local/bin: 325 kB are needed beside the old program, 196 kB are free'; unchanged
    end

    begin 'no room, where df cannot tell: the copy fails, and goes away'
    rm "$m/usr/bin/df"; remember; deploy
    code_is 73; one_line 2; says 'cannot write in /usr/local/bin: it is full or read-only'; unchanged
    end

    begin 'read-only'
    mount -o remount,ro "$m/usr/local/bin"; deploy
    code_is 73; one_line 2; says 'full or read-only'; unchanged
    umount "$m/usr/local/bin"
    end
else
    skip 'no room' 'cannot mount a small file system here'
fi

# ---------------------------------------------------------------- who may

new_machine user dash
fake_crontab
log_in 1000 /home/pi
# The machine is the same for any user of the real one; the name is for what deploy.sh makes of it.
target=pi@127.0.0.1 ssh_opts="-o User=root $ssh_opts"
begin 'no root: both ways are named'
remember; deploy
code_is 77; one_line 1; says "needs root, and sudo is missing or wants a password: use HOST=root@127.0.0.1, or DEST=bin"; unchanged
end

begin 'no root, into the home directory'
deploy DEST=bin
code_is 0; says '/home/pi/bin/gandi-ddns: gandi-ddns 0.1.0 (x86_64), new there'; mode_is 700 "$m/home/pi/.config/gandi-ddns"
mode_is 600 "$m/home/pi/.config/gandi-ddns/gandi-ddns.conf"
holds "$m/home/pi/.config/gandi-ddns/gandi-ddns.conf" 'token_file = /home/pi/.config/gandi-ddns/token'
says '15 \* \* \* \* /home/pi/bin/gandi-ddns'; says 'in your crontab'; [ ! -e "$m/etc/gandi-ddns" ] || wrong 'touched /etc'
is owner "$(stat -c %u "$m/home/pi/bin/gandi-ddns")" 1000
# shellcheck disable=SC2088
deploy DEST='~/bin'; code_is 0; says '0.1.0 (x86_64) -> gandi-ddns 0.1.0'
end

begin 'sudo that wants no password is used'
put user "$(command -v setpriv)"; chmod u+s "$m/usr/bin/setpriv"
program user /usr/bin/sudo <<'SUDO'
#!/usr/bin/sh
[ "$1" = -n ] || exit 9
shift
exec /usr/bin/setpriv --reuid=0 --regid=0 --clear-groups -- "$@"
SUDO
deploy
code_is 0; mode_is 755 "$m$bin"; is owner "$(stat -c %u "$m$bin" "$m/etc/gandi-ddns" | tr '\n' ' ')" '0 0 '
mode_is 600 "$m/etc/gandi-ddns/gandi-ddns.conf"; no_leftovers
end
log_in 0 /root
target=root@127.0.0.1

# ---------------------------------------------------------------- interruptions

# A client that stops in the middle of the second command, which is the copy.
cat >"$scratch/slow-ssh" <<SLOW
#!/bin/sh
case \$* in *-V | *'-O exit'*) exec ssh "\$@" ;; esac
if [ ! -e "$scratch/second" ]; then : >"$scratch/second"; exec ssh "\$@"; fi
{ head -c 100000; [ -e "$scratch/short" ] || exec sleep 20; } | ssh "\$@"
SLOW
chmod 755 "$scratch/slow-ssh"
interrupted() { # TITLE WHAT-TO-DO
    begin "$1"
    rm -f "$scratch/second"; remember
    PORT=$sshd_port SSH_OPTS=$ssh_opts DIST=$scratch/dist SSH=$scratch/slow-ssh \
        setsid sh scripts/deploy.sh "$target" >"$scratch/out" 2>&1 </dev/null &
    client=$!
    tries=0
    until [ -n "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*' -size +16k)" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { wrong 'the copy never began'; break; }
        sleep 0.1
    done
    [ "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*')" != '' ] || wrong 'nothing to interrupt'
    $2
    code=0
    wait "$client" 2>/dev/null || code=$?
    tries=0
    while [ -n "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*')" ] && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    no_leftovers; unchanged
    is 'the old one' "$("$m$bin")" 'gandi-ddns 0.0.1'
    [ "$code" != 0 ] || wrong 'exit code 0'
    kill -KILL "-$client" 2>/dev/null || :
    end
}
# shellcheck disable=SC2317  # by name
end_client() { kill -TERM "-$client"; }
# shellcheck disable=SC2317,SC2013  # by name; numbers only
drop_connection() {
    # The children of our sshd, one a connection; theirs, where it parts with privileges, go with them.
    for child in $(cat /proc/"$sshd_pid"/task/*/children); do kill -KILL "$child"; done
    sleep 0.3
    kill -TERM "-$client" 2>/dev/null || :
}
for kind in bash dash ash; do
    [ "$kind" != ash ] || [ -n "$busybox" ] || continue
    new_machine "broken-$kind" $kind
    printf '#!/bin/sh\necho gandi-ddns 0.0.1\n' >"$m$bin"; chmod 755 "$m$bin"
    interrupted "interrupted by the user, $kind" end_client
    interrupted "the connection breaks, $kind" drop_connection
    begin "the copy comes short, $kind"
    : >"$scratch/short"; rm -f "$scratch/second"; remember
    deploy SSH="$scratch/slow-ssh"
    rm "$scratch/short"
    code_is 74; one_line 2; says 'the copy broke off after [0-9]* of 300[0-9]* bytes; nothing was replaced'; unchanged
    end
done

begin 'what a power cut left behind goes away; a damaged copy is noticed'
printf x >"$m/usr/local/bin/.gandi-ddns.new.4711"
# Same length, other bytes: only the sum can tell.
cat >"$scratch/bad-ssh" <<'BAD'
#!/bin/sh
case $* in *-V | *'-O exit'*) exec ssh "$@" ;; esac
sed 's/^# as many bytes/# AS MANY BYTES/' | ssh "$@"
BAD
chmod 755 "$scratch/bad-ssh"
deploy SSH="$scratch/bad-ssh"
code_is 74; says 'another SHA-256; nothing was replaced'; no_leftovers
rm "$m/usr/bin/sha256sum"; deploy SSH="$scratch/bad-ssh"; code_is 74; says 'another MD5'; no_leftovers
end
