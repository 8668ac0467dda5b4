#!/bin/sh
# Measures the cost of a run for 1, 100, 1,000 and 10,000 names, or for each number in $NAMES: processor time (user and
# system), wall time, peak memory and requests. First a run that changes every record, against the fake Gandi over TLS,
# then runs without a change. PROGRAM=FILE measures another binary. Requires GNU time.
set -eu
cd "$(dirname "$0")/.."
[ -x /usr/bin/time ] || { echo "GNU time is missing: apt-get install time" >&2; exit 1; }

# shellcheck source=scripts/fake-gandi.sh
. scripts/fake-gandi.sh

# measure KIND RUNS: runs the program RUNS times, and prints the mean of one run.
measure() {
    before=$(wc -l <"$dir/log")
    # GNU time counts in steps of 10 ms, so that one short run is not enough.
    # shellcheck disable=SC2016
    if ! /usr/bin/time -o "$dir/time" -f '%U %S %e %M' \
        sh -c 'n=$1; shift; while [ "$n" -gt 0 ]; do "$@" >/dev/null || exit; n=$((n - 1)); done' sh \
        "$2" "$program" --config "$dir/gandi-ddns.conf"; then
        echo "the run failed" >&2
        return 1
    fi
    requests=$((($(wc -l <"$dir/log") - before) / $2))
    awk -v names="$names" -v kind="$1" -v runs="$2" -v requests="$requests" '{
        printf "| %s | %s | %.1f | %.1f | %.1f | %d |\n", names, kind, ($1 + $2) * 1000 / runs, $3 * 1000 / runs, $4 / 1024, requests
    }' "$dir/time"
}

echo "| names | run | processor ms | wall ms | peak MiB | requests |"
echo "|--:|---|--:|--:|--:|--:|"
for names in ${NAMES:-1 100 1000 10000}; do
    start_fake --names "$names"
    # A run may take longer than the default `timeout` of 60 s: the fake is a debug build.
    sed -i '1i timeout = 3600' "$dir/gandi-ddns.conf"
    measure change 1
    measure quiet "${RUNS:-20}"
    stop_fake
done
