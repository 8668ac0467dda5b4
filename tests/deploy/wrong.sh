# shellcheck shell=sh
# Failures: hosts, disk space, permissions, interruptions.

new_machine pc dash
fake_crontab
rm -f "$scratch/dist/"*
tiny_x86_64 0.1.0
begin 'a real static program'
deploy
code_is 0; says 'gandi-ddns 0.1.0 installed$'; says '@reboot /usr/local/bin/gandi-ddns --wait 600 --syslog$'
end

begin 'a program for another CPU does not replace the old one'
tiny_x86_64 0.2.0 0f0b; touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-x86_64"
remember; deploy
code_is 70; says 'does not run there (illegal instruction: it is for another CPU); nothing was replaced'; one_line 2
unchanged; is 'the installed program' "$("$m$bin")" 'gandi-ddns 0.1.0'
end

begin 'another program does not replace the old one'
rm "$scratch/dist/gandi-ddns-0.2.0-x86_64"; printf '#!/usr/bin/sh\necho hello\n' >"$scratch/dist/gandi-ddns-0.2.0-x86_64"
deploy; code_is 70; unchanged
end

begin 'no server listens'
sshd_kept=$sshd_port sshd_port=1
deploy
code_is 69; one_line 1; says "^deploy: $target: cannot log in: .*Connection refused$"; unchanged
sshd_port=$sshd_kept
end

begin 'the key is refused'
ssh-keygen -q -t ed25519 -N '' -f "$scratch/other"
deploy SSH_OPTS="-F /dev/null -i $scratch/other -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=$scratch/known"
code_is 69; one_line 1; says 'cannot log in: .*Permission denied'; unchanged
end

begin 'no host, an option as the host, a space in DEST'
target=''; deploy; code_is 64; one_line 1
target=-oProxyCommand=false; deploy; code_is 64; one_line 1
target=root@127.0.0.1; deploy DEST='/opt/a b'; code_is 64; one_line 1; unchanged
end

rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
begin 'a directory has the name of the program'
mkdir -p "$m/opt/gandi-ddns"; remember; deploy DEST=/opt
code_is 73; says '/opt/gandi-ddns is a directory'; unchanged
end

if [ -n "$can_mount" ]; then
    begin 'not enough space: reported before the program is sent, the old one stays'
    new_machine small dash
    mount -t tmpfs -o size=200k none "$m/usr/local/bin"
    printf '#!/usr/bin/sh\necho gandi-ddns 0.0.1\n' >"$m$bin"; chmod 755 "$m$bin"
    remember; deploy
    code_is 73; one_line 2; says 'not enough space in /usr/local/bin: 325 kB needed beside the old program, 196 kB free'; unchanged
    end

    begin 'not enough space, without df: the copy fails and is removed'
    rm "$m/usr/bin/df"; remember; deploy
    code_is 73; one_line 2; says 'cannot write in /usr/local/bin: No space left on device$'; unchanged
    end

    begin 'a read-only file system'
    mount -o remount,ro "$m/usr/local/bin"; deploy
    code_is 73; one_line 2; says 'cannot write in /usr/local/bin: Read-only file system$'; unchanged
    umount "$m/usr/local/bin"
    end
else
    skip 'not enough space' 'cannot mount a small file system here'
fi

# ---------------------------------------------------------------- permissions

new_machine user dash
fake_crontab
log_in 1000 /home/pi
# sshd logs in as root for every user name; the name only matters to deploy.sh's messages.
target=pi@127.0.0.1 ssh_opts="-o User=root $ssh_opts"
begin 'no root: the message names both alternatives'
remember; deploy
code_is 77; one_line 1; says "requires root, and sudo is missing or asks for a password: use HOST=root@127.0.0.1, or DEST=bin"; unchanged
end

begin 'no root, into the home directory'
deploy DEST=bin
code_is 0; says '/home/pi/bin/gandi-ddns: gandi-ddns 0.1.0 (x86_64) installed$'; mode_is 700 "$m/home/pi/.config/gandi-ddns"
mode_is 600 "$m/home/pi/.config/gandi-ddns/gandi-ddns.conf"
holds "$m/home/pi/.config/gandi-ddns/gandi-ddns.conf" 'token_file = /home/pi/.config/gandi-ddns/token'
says '  check the setup: /home/pi/bin/gandi-ddns check$'; says '59/5 \* \* \* \* /home/pi/bin/gandi-ddns'; says 'in your crontab'; [ ! -e "$m/etc/gandi-ddns" ] || wrong 'touched /etc'
is owner "$(stat -c %u "$m/home/pi/bin/gandi-ddns")" 1000
# shellcheck disable=SC2088
deploy DEST='~/bin'; code_is 0; says '0.1.0 (x86_64) -> gandi-ddns 0.1.0'
end

begin 'sudo without a password is used'
put user "$(command -v setpriv)"; chmod u+s "$m/usr/bin/setpriv"
program user /usr/bin/sudo <<'SUDO'
#!/usr/bin/sh
[ "$1" = -n ] || exit 9
shift
exec /usr/bin/setpriv --reuid=0 --regid=0 --clear-groups -- "$@"
SUDO
deploy
code_is 0; mode_is 755 "$m$bin"; says '  check the setup: sudo /usr/local/bin/gandi-ddns check$'; is owner "$(stat -c %u "$m$bin" "$m/etc/gandi-ddns" | tr '\n' ' ')" '0 0 '
mode_is 600 "$m/etc/gandi-ddns/gandi-ddns.conf"; no_leftovers
end
log_in 0 /root
target=root@127.0.0.1

# ---------------------------------------------------------------- interruptions

# An ssh client that stops in the middle of the second command, which sends the program.
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
        [ $tries -lt 100 ] || { wrong 'the transfer did not begin'; break; }
        sleep 0.1
    done
    [ "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*')" != '' ] || wrong 'nothing to interrupt'
    $2
    code=0
    wait "$client" 2>/dev/null || code=$?
    tries=0
    while [ -n "$(find "$m/usr/local/bin" -name '.gandi-ddns.new.*')" ] && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    no_leftovers; unchanged
    is 'the old program' "$("$m$bin")" 'gandi-ddns 0.0.1'
    [ "$code" != 0 ] || wrong 'exit code 0'
    kill -KILL "-$client" 2>/dev/null || :
    end
}
# shellcheck disable=SC2317  # by name
end_client() { kill -TERM "-$client"; }
# shellcheck disable=SC2317,SC2013  # by name; numbers only
drop_connection() {
    # Kills the children of our sshd, one per connection, and with them their unprivileged child processes.
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
    begin "the copy is too short, $kind"
    : >"$scratch/short"; rm -f "$scratch/second"; remember
    deploy SSH="$scratch/slow-ssh"
    rm "$scratch/short"
    code_is 74; one_line 2; says 'the transfer was interrupted after [0-9]* of 300[0-9]* bytes; nothing was replaced'; unchanged
    end
done

begin 'a leftover of a power cut is removed; a damaged copy is noticed'
printf x >"$m/usr/local/bin/.gandi-ddns.new.4711"
# Same length, other bytes: only the checksum differs.
cat >"$scratch/bad-ssh" <<'BAD'
#!/bin/sh
case $* in *-V | *'-O exit'*) exec ssh "$@" ;; esac
sed 's/^# as many bytes/# AS MANY BYTES/' | ssh "$@"
BAD
chmod 755 "$scratch/bad-ssh"
deploy SSH="$scratch/bad-ssh"
code_is 74; says 'wrong SHA-256 checksum; nothing was replaced'; no_leftovers
rm "$m/usr/bin/sha256sum"; deploy SSH="$scratch/bad-ssh"; code_is 74; says 'wrong MD5 checksum'; no_leftovers
end
