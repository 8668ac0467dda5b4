# shellcheck shell=sh
# ARM programs under qemu, and `make deploy`.

# Since version 6.7 the kernel has one binfmt_misc per user namespace, so a registration there affects nothing else.
cat >"$scratch/with-arm" <<'WITH'
#!/bin/sh
exec unshare --user --map-root-user --mount /bin/sh -c '
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
    printf %s ":arm:M::\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$(command -v qemu-arm-static):F" >/proc/sys/fs/binfmt_misc/register &&
    exec "$@"' sh "$@"
WITH
chmod 755 "$scratch/with-arm"
tiny_arm() { # VERSION [INSTRUCTION FIRST]
    text=$(printf 'gandi-ddns %s\n' "$1" | od -An -v -tx1 | tr -d ' \n')
    from_hex "7f454c460101010000000000000000000200""280001000000""54000100""34000000""00000000""00040005""3400200001000000""00000000""01000000""00000000""00000100""00000100""00100000""00100000""05000000""00100000${2:-}""0470a0e3""0100a0e3""10108fe2""1120a0e3""000000ef""0170a0e3""0000a0e3""000000ef$text" \
        >"$scratch/dist/gandi-ddns-$1-armv6"
}
if ! have qemu-arm-static; then
    skip 'an ARM program' 'qemu-arm-static is not installed'
elif ! "$scratch/with-arm" true 2>/dev/null; then
    skip 'an ARM program' "this kernel's binfmt_misc is not per user namespace"
else
    new_machine zero dash
    hardware armv6l "$hard" "$v6"
    echo "wrap=$scratch/with-arm cpu=arm1176" >>"$scratch/login"
    rm -f "$scratch/dist/"*
    tiny_arm 0.1.0
    begin 'an ARMv6 program on an emulated ARM1176'
    deploy
    code_is 0; says 'gandi-ddns 0.1.0 installed$'; no_leftovers
    end
    begin 'an ARMv7 program on an emulated ARM1176 does not replace it'
    touch -d '1 hour ago' "$scratch/dist/gandi-ddns-0.1.0-armv6"
    tiny_arm 0.2.0 010000e3
    remember; deploy
    code_is 70; says 'illegal instruction: it is for another CPU'; unchanged
    # The same program runs on the right CPU, so the CPU was the reason.
    sed -i 's/cpu=arm1176/cpu=cortex-a7/' "$scratch/login"
    deploy
    code_is 0; says '0.1.0 -> gandi-ddns 0.2.0'
    end
fi

# ---------------------------------------------------------------- make deploy

new_machine by-make bash
fake_crontab
rm -f "$scratch/dist/"*; standin 0.1.0 x86_64
begin 'make deploy HOST= PORT= SSH_OPTS= DEST= ASK='
DIST=$scratch/dist made deploy HOST="$target" PORT="$sshd_port" SSH_OPTS="$ssh_opts" DEST=/opt/bin ASK=no
code_is 0; says '/opt/bin/gandi-ddns: gandi-ddns 0.1.0 (x86_64) installed$'; mode_is 755 "$m/opt/bin/gandi-ddns"
made deploy
code_is 2; says 'make deploy HOST=pi@raspberrypi'
end
