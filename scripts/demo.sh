#!/bin/sh
# Runs the real program with a real config against a built-in fake Gandi server, step by step. Fails if a step fails.
set -eu
cd "$(dirname "$0")/.."

# shellcheck source=scripts/fake-gandi.sh
. scripts/fake-gandi.sh
# shellcheck disable=SC2119 # The fake gets no options here.
start_fake

# step TITLE EXIT-CODE RECORD: runs the program once, prints its output and the zone, which must contain RECORD.
step() {
    echo "== $1"
    code=0
    "$program" --config "$dir/gandi-ddns.conf" >"$dir/out" 2>&1 || code=$?
    sed 's/^/   /' "$dir/out"
    printf '   exit %s; zone: %s\n' "$code" "$(sed 's/ IN / /; s/\.example\.org\. / /; s/^example\.org\. /@ /' "$dir/zone" | paste -sd'|' - | sed 's/|/ | /g')"
    if [ "$code" != "$2" ] || ! grep -q "$3" "$dir/zone"; then
        echo "expected exit code $2 and '$3' in the zone" >&2
        exit 1
    fi
}

step "the first run creates the record" 0 'home.*81\.2\.69\.142'
step "the second run finds the record up to date and prints nothing" 0 'home.*81\.2\.69\.142'
[ ! -s "$dir/out" ] || { echo "expected no output" >&2; exit 1; }
echo 81.2.69.180 >"$dir/ipv4"
step "the address changes, and the record is updated" 0 'home.*81\.2\.69\.180'
echo 192.168.1.10 >"$dir/ipv4"
step "a private address is not published" 75 'home.*81\.2\.69\.180'
