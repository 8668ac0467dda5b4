#!/bin/sh
# Measures the README's figures: the size of the release binary, and the peak memory of a full update (two services,
# two reads and a write at the fake Gandi, over TLS) and of a run without a change. Requires GNU time.
set -eu
cd "$(dirname "$0")/.."
[ -x /usr/bin/time ] || { echo "GNU time is missing: apt-get install time" >&2; exit 1; }

# shellcheck source=scripts/fake-gandi.sh
. scripts/fake-gandi.sh
# shellcheck disable=SC2119 # The fake gets no options here.
start_fake
echo "$(uname -m) release binary: $(wc -c <"$program") bytes"

measure() {
    /usr/bin/time -v "$program" --config "$dir/gandi-ddns.conf" >/dev/null 2>"$dir/time"
    awk -v what="$1" -F': ' '/Maximum resident/ { printf "%s: %d KiB peak memory\n", what, $2 }' "$dir/time"
}
measure "full update"
measure "run without a change"
