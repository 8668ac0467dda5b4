#!/bin/sh
# Checks the systemd units with systemd-analyze: `verify` must say nothing, and the exposure level of each service, without
# the settings of this machine, must be at most 1.5. In CI a missing systemd-analyze is an error.
#
#   MISSING_LINTERS  skip (default) or fail
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT/packaging/systemd"
limit=1.5

if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not installed, so the units were not checked; run: make setup-lint"
    [ "${MISSING_LINTERS:-skip}" != fail ]
    exit
fi

# As installed by the package, beside systemd's own units. verify looks for the programs, too.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
units=$root/usr/lib/systemd/system
mkdir -p "$units" "$root/usr/bin" "$root/usr/lib/gandi-ddns"
for directory in /usr/lib/systemd/system /lib/systemd/system; do
    if [ -d "$directory" ]; then cp -a "$directory/." "$units" && break; fi
done
cp ./*.* "$units"
for program in usr/bin/gandi-ddns usr/lib/gandi-ddns/gandi-ddns-files; do
    echo '#!/bin/sh' >"$root/$program"
    chmod 755 "$root/$program"
done

failed=0
for unit in *.*; do
    systemd-analyze verify --man=no --root="$root" "$units/$unit" >"$root/out" 2>&1 || failed=1
    # What it says of other units is none of ours.
    if grep gandi-ddns "$root/out"; then failed=1; fi
done
for unit in *.service; do
    # In tenths.
    systemd-analyze security --offline=yes --threshold="$(echo $limit | tr -d .)" "$unit" >"$root/out" 2>&1 || {
        echo "the exposure level of $unit is above $limit"
        failed=1
    }
    level=$(sed -n 's/.*exposure level for [^ ]*: \([0-9.]*\).*/\1/p' "$root/out")
    [ -n "$level" ] || { cat "$root/out" && failed=1; }
    printf '%-28s exposure %s\n' "$unit" "$level"
done
exit $failed
