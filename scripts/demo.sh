#!/bin/sh
# The real program with a real config against the embedded fake Gandi, step by step. Fails if a step goes wrong.
set -eu
cd "$(dirname "$0")/.."

# shellcheck source=scripts/fake.sh
. scripts/fake.sh

# step TITLE EXIT-CODE RECORD: one run, its output, and the whole zone after it, which must hold RECORD.
step() {
    echo "== $1"
    code=0
    "$program" --config "$dir/gandi-ddns.conf" >"$dir/out" 2>&1 || code=$?
    sed 's/^/   /' "$dir/out"
    printf '   exit %s; zone: %s\n' "$code" "$(sed 's/ IN / /; s/\.example\.org\. / /; s/^example\.org\. /@ /' "$dir/zone" | paste -sd'|' - | sed 's/|/ | /g')"
    if [ "$code" != "$2" ] || ! grep -q "$3" "$dir/zone"; then
        echo "expected exit $2 and '$3' in the zone" >&2
        exit 1
    fi
}

step "a first run creates the record" 0 'home.*81\.2\.69\.142'
step "a second run finds nothing to do, and says nothing" 0 'home.*81\.2\.69\.142'
[ ! -s "$dir/out" ] || { echo "it was not silent" >&2; exit 1; }
echo 81.2.69.180 >"$dir/ipv4"
step "the address changes, and the record follows" 0 'home.*81\.2\.69\.180'
echo 192.168.1.10 >"$dir/ipv4"
step "a private address is never published" 75 'home.*81\.2\.69\.180'
