#!/usr/bin/env bash
# Fuzzes each parser of untrusted input with RUNS inputs, and prints a table. ONLY="dns config" selects some. The fuzz
# targets have cargo-fuzz's layout, but this script needs neither cargo-fuzz nor a nightly toolchain, since the stable
# compiler can instrument too. libFuzzer needs a C++ compiler.
#
# New inputs are kept in fuzz/corpus, inputs that make a parser fail in fuzz/artifacts, and the output of each target in
# fuzz/logs; all can be deleted.
set -euo pipefail
cd "$(dirname "$0")/.."
# Keeps rustup from replacing the installed toolchain.
export RUSTUP_DIST_SERVER=http://127.0.0.1:9
runs=${RUNS:-1000000}
# 0: another seed for each target and run. The CI fixes it, so that a change that it tests is not blamed by chance.
seed=${SEED:-0}
command -v c++ >/dev/null || { echo "a C++ compiler is missing: apt-get install g++" >&2; exit 1; }

# Each target: the maximum size of an input, which is above that of the program where it has one that can be reached, and
# the dictionary. Ordered by duration, longest first, so that all cores are in use until the end.
table='config       2048 config
arguments     512 config
state        2048 state
gateway_http  512 http
description  4096 xml
history      4096 state
livedns      2048 json
legacy       1024 config
ssdp         1024 http
soap         1024 xml
pem          1024 -
names         512 -
notification 1024 gena
subscription 1024 gena
link         1024 http
endpoint      300 http
echo         1100 -
dns           700 -
nat_pmp        20 -'

# With --target, the flags apply to the fuzz targets only and not to build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1"
for flag in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$flag"
done
RUSTFLAGS=$flags cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target-dir fuzz/target \
    --target "$host" --bins

# shellcheck disable=SC2317  # xargs calls it.
# Runs one target, and writes its line of the table to a file.
# The time limit of an input is one of the clock, and the machine may be busy.
fuzz() {
    local target=$1 max_len=$2 dictionary=$3 start=$SECONDS result=none options=()
    local log=fuzz/logs/$target artifacts=fuzz/artifacts/$target/
    [ "$dictionary" = - ] || options+=("-dict=fuzz/dictionaries/$dictionary.dict")
    mkdir -p "fuzz/corpus/$target" "$artifacts"
    "fuzz/target/$host/release/$target" -runs="$runs" -seed="$seed" -max_len="$max_len" -timeout=60 -rss_limit_mb=512 \
        -print_final_stats=1 -artifact_prefix="$artifacts" "${options[@]}" "fuzz/corpus/$target" \
        "fuzz/seeds/$target" >"$log.log" 2>&1 || result="1: $log.log"
    awk -v target="$target" -v seconds=$((SECONDS - start)) -v result="$result" '
        /^#[0-9]+\t/ { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
        /^stat::number_of_executed_units:/ { inputs = $2 }
        END { printf "%-13s %9d %6d %8d  %s\n", target, inputs, edges, seconds, result }
    ' "$log.log" >"$log.row"
    [ "$result" = none ]
}
export -f fuzz
export host runs seed

mkdir -p fuzz/logs
rm -f fuzz/logs/*
status=0
while read -r target settings; do
    case " ${ONLY:-$target} " in
        *" $target "*) echo "$target $settings" ;;
    esac
done <<<"$table" | xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz || status=1

# Each finding: the message without the backtrace, and the input.
for log in fuzz/logs/*.log; do
    sed -n '/panicked at\|ERROR: libFuzzer/,/stack backtrace:\|SUMMARY/p; /^artifact_prefix/,$p' "$log" |
        grep -v 'stack backtrace:\|^NOTE:\|^      \|^stat::'
done || true
printf '%-13s %9s %6s %8s  %s\n' target inputs edges seconds findings
cat fuzz/logs/*.row
exit "$status"
