# shellcheck shell=sh
# `make install` and `make uninstall` into a DESTDIR.

export CARGO_TARGET_DIR="$scratch/target"
mkdir -p "$scratch/target/release" "$scratch/dist"
: >"$scratch/out"
made() { # ARGUMENT...
    code=0
    make -s --no-print-directory "$@" >"$scratch/out" 2>&1 </dev/null || code=$?
}
root=$scratch/root

begin 'make install: without a build it says what to do'
made install DESTDIR="$root"
code_is 2; says 'make build'; [ ! -e "$root" ] || wrong 'it made something'
end

echo 'a build' >"$scratch/target/release/gandi-ddns"
begin 'make install: program 0755, directory of the config 0700, no config but a hint'
(umask 077; made install DESTDIR="$root"; code_is 0; [ -z "$why" ]) || wrong "exit code"
mode_is 755 "$root/usr/local/bin/gandi-ddns"; mode_is 700 "$root/etc/gandi-ddns"
mode_is 755 "$root/etc"; says 'run: sudo gandi-ddns setup'
is files "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" './usr/local/bin/gandi-ddns '
end

begin 'make install: a second one replaces the program and no config'
echo mine >"$root/etc/gandi-ddns/gandi-ddns.conf"; chmod 640 "$root/etc/gandi-ddns/gandi-ddns.conf"
echo secret >"$root/etc/gandi-ddns/token"; chmod 750 "$root/etc/gandi-ddns"; echo 'newer' >"$scratch/target/release/gandi-ddns"
made install DESTDIR="$root"
code_is 0; holds "$root/usr/local/bin/gandi-ddns" newer; holds "$root/etc/gandi-ddns/gandi-ddns.conf" mine
mode_is 640 "$root/etc/gandi-ddns/gandi-ddns.conf"; mode_is 750 "$root/etc/gandi-ddns"; says 'existing config kept'
end

begin 'make uninstall: removes the program only, and says what is left'
made uninstall DESTDIR="$root"
code_is 0; [ ! -e "$root/usr/local/bin/gandi-ddns" ] || wrong 'the program is there still'
holds "$root/etc/gandi-ddns/gandi-ddns.conf" mine; holds "$root/etc/gandi-ddns/token" secret; says "$root/etc/gandi-ddns: config and token kept"
end

begin 'make install: PREFIX'
made install DESTDIR="$root" PREFIX=/usr
code_is 0; mode_is 755 "$root/usr/bin/gandi-ddns"; made uninstall DESTDIR="$root" PREFIX=/usr
[ ! -e "$root/usr/bin/gandi-ddns" ] || wrong 'not removed'
end
