# shellcheck shell=sh
# Makes chroots that have only the tools of a certain machine, for the tests of deploy and install.sh.
# $scratch is the directory of the test.

# Debian's busybox-static runs its own od, uname and other applets whatever is in PATH, so it cannot imitate a machine
# that lacks them. The package busybox behaves like the busybox of a router.
# unpacked PACKAGE: unpacks its files below $scratch/PACKAGE without installing it.
unpacked() {
    [ ! -d "$scratch/$1" ] || return 0
    mkdir "$scratch/$1"
    (cd "$scratch/$1" && { apt-get download "$1" || { apt-get update && apt-get download "$1"; }; } &&
        dpkg-deb -x "$1"_*.deb .) >/dev/null 2>&1 || :
}
find_busybox() {
    for busybox in "$(command -v busybox)" "$scratch/busybox/bin/busybox" "$scratch/busybox/usr/bin/busybox"; do
        [ -x "$busybox" ] && [ "$(PATH=/nonexistent "$busybox" ash -c 'uname -m' 2>/dev/null)" = '' ] && return
        unpacked busybox
    done
    busybox=
}
# from_hex HEX: writes the bytes to standard output.
from_hex() {
    hex=$1
    while [ -n "$hex" ]; do
        rest=${hex#??}
        # shellcheck disable=SC2059
        printf "\\$(printf %03o "0x${hex%"$rest"}")"
        hex=$rest
    done
}
# put MACHINE PROGRAM [PATH]: copies the program and its libraries into the machine.
put() {
    mkdir -p "$scratch/$1/usr/bin"
    cp -L "$2" "$scratch/$1${3:-/usr/bin/${2##*/}}"
    for lib in $(ldd "$2" 2>/dev/null | grep -o '/[^ ]*'); do
        mkdir -p "$scratch/$1${lib%/*}"
        [ -e "$scratch/$1$lib" ] || cp -L "$lib" "$scratch/$1$lib"
    done
}
# program MACHINE PATH: writes an executable file from standard input.
program() {
    rm -f "$scratch/$1$2"
    cat >"$scratch/$1$2"
    chmod 755 "$scratch/$1$2"
}
