# shellcheck shell=sh
# The cases of tests/install.sh. $m is the machine, $kind describes it.

bin=/usr/local/bin/gandi-ddns

# all_cases SHELL DOWNLOADER: all cases for one kind of machine.
all_cases() {
    kind="$1, ${2%none}"
    kind=${kind%, } uid=0 home=/root downloader=$2
    [ "$1 $2" != 'ash none' ] || kind='ash, wget of busybox'
    new_machine "$1-$2" "$1" "$2"
    cp "$scratch/install.sh" "$m/install.sh"
    for cases in ${CASES:-installs hardware page target user tool argument incomplete}; do "${cases}_cases"; done
}

installs_cases() {
    begin "$kind: fresh"
    remember
    run
    code_is 0; says "^$bin: gandi-ddns 0.2.0 (x86_64) installed\$"; says '^next: gandi-ddns setup$'; one_line 2
    cmp -s "$scratch/pages/good/gandi-ddns-0.2.0-x86_64" "$m$bin" || wrong 'not the same bytes'
    mode_is 755 "$m$bin"; changed_are ".$bin"; asked_for /good/SHA256SUMS /good/gandi-ddns-0.2.0-x86_64
    end

    begin "$kind: a second run downloads and changes nothing"
    remember
    run
    code_is 0; says "^$bin: gandi-ddns 0.2.0 (x86_64) is installed already\$"; says 'gandi-ddns setup'; unchanged
    asked_for /good/SHA256SUMS
    end

    begin "$kind: an older version by name, and back; a config makes setup superfluous"
    mkdir "$m/etc/gandi-ddns"; echo '# mine' >"$m/etc/gandi-ddns/gandi-ddns.conf"
    touch "$m/usr/local/bin/.gandi-ddns.new.999999"
    run -- v0.1.0
    code_is 0; says "^$bin: gandi-ddns 0.2.0 (x86_64) -> gandi-ddns 0.1.0 (x86_64)\$"; says_not setup; no_leftovers
    case $kind in *busybox) says 'does not check the certificate'; one_line 2 ;; *) one_line 1 ;; esac
    remember
    run
    code_is 0; says "^$bin: gandi-ddns 0.1.0 (x86_64) -> gandi-ddns 0.2.0 (x86_64)\$"; changed_are ".$bin"; one_line 1
    rm -rf "$m/etc/gandi-ddns" "${m:?}$bin"
    end

    begin "$kind: through a pipe"
    environment=
    in_machine /usr/bin/sh -s 0.1.0 <"$scratch/install.sh"
    code_is 0; says 'gandi-ddns 0.1.0 (x86_64) installed$'
    rm -f "${m:?}$bin"
    end

    begin "$kind: DESTDIR, a new PREFIX and a page with {version}"
    mkdir "$scratch/pages/v0.1.0"; cp "$scratch/pages/good/"* "$scratch/pages/v0.1.0"
    run DESTDIR=/mnt PREFIX=/opt/ddns "GANDI_DDNS_PAGE=$site/v{version}/" -- 0.1.0
    code_is 0; says '^/mnt/opt/ddns/bin/gandi-ddns: gandi-ddns 0.1.0 (x86_64) installed$'
    says '^next: /opt/ddns/bin/gandi-ddns setup$'; asked_for /v0.1.0/SHA256SUMS /v0.1.0/gandi-ddns-0.1.0-x86_64
    mode_is 755 "$m/mnt/opt/ddns/bin"
    rm -r "$m/mnt" "$scratch/pages/v0.1.0"
    end
}

picks() { # NAME UNAME HEADER FEATURES TITLE
    begin "$kind: $1 for $5"
    hardware "$2" "$3" "$4"
    run
    code_is 0; says "gandi-ddns 0.2.0 ($1) installed\$"; asked_for /good/SHA256SUMS "/good/gandi-ddns-0.2.0-$1"
    rm -f "${m:?}$bin"
    end
}

hardware_cases() {
    picks armv6 armv6l "$hard" "$v6" 'a Pi Zero'
    picks armv7 armv7l "$hard" "$v7" 'a Pi 2'
    picks armv7 aarch64 "$hard" "$v8" 'a 32-bit userland under a 64-bit kernel'
    picks arm64 aarch64 "$aarch64" "$v8" 'a 64-bit system'
    picks arm64 aarch64 2321 "$v8" 'a 64-bit kernel whose shell tells nothing'
    picks armv7-soft armv7l "$soft" 'half thumb fastmult edsp tls' 'an ARMv7 without FPU'
    picks armv5 armv5tel "$soft" 'swp half thumb fastmult edsp' 'an ARMv5'
    picks mips mips 7f454c460102010000000000000000000002000800000001 '' 'a big-endian MIPS'
    picks mipsel mips 7f454c460101010000000000000000000200080001000000 '' 'a little-endian MIPS, of the same uname'
    begin "$kind: unknown CPUs"
    hardware s390x 7f454c460202010000000000000000000002001600000001 ''; remember
    refuses 78 'unsupported architecture: s390x'
    hardware armv4tl "$soft" 'swp half'; remember
    refuses 78 'unsupported architecture: armv4tl'
    hardware x86_64 "$x86_64" ''
    end
}

page_cases() {
    begin "$kind: the file was changed"
    remember; from changed
    fails 74 'wrong checksum'
    end
    begin "$kind: the file and its checksum were changed"
    from replaced
    fails 74 'SHA256SUMS of the page and this script have different checksums'
    end
    begin "$kind: the download is interrupted"
    from short
    case $code in 69) fails 69 'could not download .*gandi-ddns-0.2.0-x86_64' ;; *) fails 74 'wrong checksum' ;; esac
    end
    begin "$kind: SHA256SUMS has no line for the build"
    from unlisted
    fails 66 'SHA256SUMS of the page has no line for gandi-ddns-0.2.0-x86_64'
    # A line for a longer name is not one for this build.
    hardware aarch64 "$aarch64" "$v8"; remember
    from unlisted
    fails 66 'has no line for gandi-ddns-0.2.0-arm64'
    hardware x86_64 "$x86_64" ''
    end
    begin "$kind: 404"
    remember; from empty
    fails 66 'the page has no SHA256SUMS.* 404'
    from gone
    fails 66 'the page has no gandi-ddns-0.2.0-x86_64.* 404'
    from good 0.9.9
    fails 66 'no line for gandi-ddns-0.9.9-x86_64'; asked_for /good/SHA256SUMS
    end
    begin "$kind: nothing listens"
    run GANDI_DDNS_PAGE=http://127.0.0.1:1/x
    fails 69 'could not download http://127.0.0.1:1/x/SHA256SUMS: .*[Cc]onne'
    end
    begin "$kind: a program that does not run here is not installed"
    run "GANDI_DDNS_PAGE=$site/good" -- 0.1.0
    remember; run "GANDI_DDNS_PAGE=$site/broken" -- 0.3.0
    code_is 70; says 'illegal instruction: it is for another CPU); nothing was replaced$'; unchanged
    run "GANDI_DDNS_PAGE=$site/broken" -- 0.4.0
    code_is 70; says 'does not run here'; unchanged
    rm -f "${m:?}$bin"
    end
}

target_cases() {
    begin "$kind: the target is another program"
    printf '#!/usr/bin/sh\necho ddns 1.0\n' | program "$machine" $bin
    remember; refuses 73 "$bin is not gandi-ddns"
    : >"$m$bin"; remember
    refuses 73 "$bin is not gandi-ddns, or does not run"
    rm "$m$bin"; ln -s /nowhere "$m$bin"; remember
    refuses 73 "$bin is not gandi-ddns, or does not run"
    rm "$m$bin"; mkdir "$m$bin"; remember
    refuses 73 "$bin is a directory"
    rmdir "$m$bin"
    end

    begin "$kind: no space for the program"
    mount -t tmpfs -o size=16k none "$m/usr/local/bin"
    remember; run
    fails 73 'cannot write to /usr/local/bin: No space left on device; nothing was replaced'
    umount "$m/usr/local/bin"
    end
    begin "$kind: no space for the download"
    mount -t tmpfs -o size=16k,mode=1777 none "$m/tmp"
    remember; run
    case $code in 73) fails 73 'not enough space' ;; *) fails 69 'could not download' ;; esac
    umount "$m/tmp"
    end
    begin "$kind: a read-only target"
    mount -t tmpfs -o ro none "$m/usr/local/bin"
    remember; run
    fails 73 'cannot write to /usr/local/bin: Read-only file system'
    umount "$m/usr/local/bin"
    end
    begin "$kind: a target in which nothing can be executed"
    mount -t tmpfs -o noexec none "$m/usr/local/bin"
    remember; run
    fails 70 'mounted noexec'
    umount "$m/usr/local/bin"
    end
    begin "$kind: no directory for temporary files"
    remember
    refuses 73 'cannot create a directory in /nowhere; set TMPDIR' TMPDIR=/nowhere
    end
    begin "$kind: another gandi-ddns comes first in PATH"
    printf '#!/usr/bin/sh\necho gandi-ddns 0.1.0\n' | program "$machine" /usr/bin/gandi-ddns
    run
    code_is 0; says 'another gandi-ddns comes first in PATH: /usr/bin/gandi-ddns$'; says "^next: $bin setup\$"
    rm -f "$m/usr/bin/gandi-ddns" "${m:?}$bin"
    end
}

user_cases() {
    uid=1000 home=/home/pi
    begin "$kind: a user without sudo"
    remember
    refuses_after_sums 77 'requires root, and sudo is missing.*PREFIX=\$HOME/.local'
    end
    begin "$kind: a user's own directory needs no root"
    run PREFIX=/home/pi/.local
    code_is 0; says_not sudo; says '^next: /home/pi/.local/bin/gandi-ddns setup$'
    is owner "$(stat -c %u "$m/home/pi/.local/bin/gandi-ddns")" 1000
    rm -r "$m/home/pi/.local"
    end
    begin "$kind: sudo"
    put "$machine" "$(command -v setpriv)" /usr/bin/as-root
    chmod 4755 "$m/usr/bin/as-root"
    printf '#!/usr/bin/sh\nexec as-root --reuid 0 --regid 0 --clear-groups "$@"\n' | program "$machine" /usr/bin/sudo
    run
    code_is 0; says '^writing to /usr/local/bin requires root: using sudo$'; says '^next: sudo gandi-ddns setup$'
    is owner "$(stat -c %u:%g "$m$bin")" 0:0; mode_is 755 "$m$bin"
    run
    code_is 0; says 'is installed already$'; says_not 'using sudo'; says '^next: sudo gandi-ddns setup$'
    rm -f "${m:?}$bin"
    end
    begin "$kind: sudo refuses"
    printf '#!/usr/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n' | program "$machine" /usr/bin/sudo
    remember; run
    code_is 77; says '^sudo: a password is required$'; says '^install: sudo failed.*run this as root$'; unchanged
    rm "$m/usr/bin/sudo" "$m/usr/bin/as-root"
    end
    uid=0 home=/root
}
refuses_after_sums() {
    run
    fails "$1" "$2"
    asked_for /good/SHA256SUMS
}

# hide TOOL, show TOOL: takes a tool away, and puts it back.
hide() { mv "$m/usr/bin/$1" "$m/hidden-$1"; }
show() { mv "$m/hidden-$1" "$m/usr/bin/$1"; }

tool_cases() {
    begin "$kind: no program for checksums, or one without function"
    hide sha256sum; remember
    # The ash machine still has `busybox sha256sum`, which is in /bin.
    if [ -e "$m/bin/busybox" ]; then
        run
        code_is 0; rm -f "${m:?}$bin"
        printf '#!/usr/bin/sh\nexit 1\n' | program "$machine" /usr/bin/busybox; remember
    fi
    refuses 69 'cannot check checksums: sha256sum is missing'
    printf '#!/usr/bin/sh\nexit 127\n' | program "$machine" /usr/bin/sha256sum; remember
    refuses 69 'cannot check checksums'
    rm -f "$m/usr/bin/busybox"
    show sha256sum
    end
    begin "$kind: neither curl nor wget"
    [ "$downloader" = none ] || hide "$downloader"
    [ ! -L "$m/usr/bin/wget" ] || hide wget
    remember; refuses 69 'cannot download: curl and wget are missing'
    [ ! -L "$m/hidden-wget" ] || show wget
    [ "$downloader" = none ] || show "$downloader"
    end
    begin "$kind: no mktemp"
    hide mktemp
    run
    code_is 0; says installed; no_temporary_files
    rm -f "${m:?}$bin"
    show mktemp
    end
    [ "$downloader" = curl ] || return 0
    begin "$kind: curl may leave https for nothing"
    hide curl
    printf '#!/usr/bin/sh\necho "$*" >>/tmp/arguments\nexit 7\n' | program "$machine" /usr/bin/curl
    run GANDI_DDNS_PAGE=https://127.0.0.1/x
    code_is 69; holds "$m/tmp/arguments" '--proto =https --proto-redir =https'
    rm "$m/tmp/arguments"
    show curl
    end
}
no_temporary_files() { is 'temporary files' "$(ls -A "$m/tmp")" ''; }

argument_cases() {
    begin "$kind: only https, and http to this machine if it is allowed"
    remember
    for url in http://192.0.2.1/x http://127.0.0.1.example.org/x http://localhost.example.org/x ftp://127.0.0.1/x \
        file:///x 127.0.0.1/x https:// http:// http://10.0.0.1:127.0.0.1/x; do
        refuses 64 'must begin with https://' "GANDI_DDNS_PAGE=$url"
    done
    for url in 'https://user:secret@example.org/x' 'http://localhost:1@example.org/x' 'https://example.org/x?y' \
        "https://example.org/'x"; do
        refuses 64 'has a character that is not allowed' "GANDI_DDNS_PAGE=$url"
        says_not secret
    done
    refuses 64 'must begin with https://' GANDI_DDNS_ALLOW_HTTP=
    end
    begin "$kind: wrong arguments"
    for version in x ../0.1.0 0.1.0/x '0.1.0 x' --yes '0.1.0;x'; do refuses 64 'invalid version' -- "$version"; done
    refuses 64 'too many arguments' -- 0.1.0 0.2.0
    refuses 64 'PREFIX must be an absolute path' PREFIX=usr
    run -- --help
    code_is 0; says '^usage: sh install.sh'
    sed "s/^VERSION='.*/VERSION=''/; s/^PAGE='.*/PAGE=''/" "$scratch/install.sh" >"$m/install.sh"; remember
    refuses 64 'which version'
    refuses 64 'names no release page; set GANDI_DDNS_PAGE' -- 0.1.0
    cp "$scratch/install.sh" "$m/install.sh"
    end
}

incomplete_cases() {
    begin "$kind: an incomplete script does nothing"
    size=$(wc -c <"$scratch/install.sh") environment='' left=1
    rm "$m/install.sh"
    remember
    : >"$scratch/requests"
    while [ $left -lt "$size" ]; do
        head -c $((size - left)) "$scratch/install.sh" >"$scratch/part"
        in_machine /usr/bin/sh -s 0.1.0 <"$scratch/part"
        # Only the line end may be missing. The script without its last line has nothing to run.
        [ $left = 1 ] || [ "$code" != 0 ] || [ $left -gt 20 ] || wrong "without its last $left bytes it succeeds"
        [ $left != 1 ] || { rm -f "$m$bin"; : >"$scratch/requests"; }
        # The last bytes one by one, and samples of the rest.
        if [ $left -lt 40 ]; then left=$((left + 1)); else left=$((left + 397)); fi
    done
    unchanged; asked_for
    cp "$scratch/install.sh" "$m/install.sh"
    end

    begin "$kind: SIGTERM during the download"
    remember
    : >"$scratch/requests"
    setsid env -i PATH=/usr/sbin:/usr/bin GANDI_DDNS_ALLOW_HTTP=loopback "GANDI_DDNS_PAGE=$site/hang" \
        chroot "$m" /usr/bin/sh /install.sh >"$scratch/out" 2>&1 &
    group=$!
    tries=0
    until grep -q gandi-ddns "$scratch/requests" || [ $tries = 300 ]; do tries=$((tries + 1)); sleep 0.1; done
    [ -n "$(ls -A "$m/tmp")" ] || wrong 'no temporary file during the download'
    code=0
    kill -TERM "-$group"
    wait "$group" || code=$?
    code_is 143; unchanged; no_temporary_files
    end
}
