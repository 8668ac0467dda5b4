#!/usr/bin/env bash
# Throws RUNS inputs at each parser that reads what anybody may send us. The targets are cargo-fuzz's, but neither it
# nor a nightly toolchain is needed: the stable compiler instruments as well. Wants a C++ compiler, for libFuzzer.
#
# What it learns stays in fuzz/corpus, what it finds in fuzz/artifacts; both can be thrown away.
set -euo pipefail
cd "$(dirname "$0")/.."
# Nothing may replace the toolchain that is here.
export RUSTUP_DIST_SERVER=http://127.0.0.1:9
runs=${RUNS:-1000000}
command -v c++ >/dev/null || { echo "a C++ compiler is missing: apt-get install g++" >&2; exit 1; }

# For the target alone: with --target, what runs during the build is not instrumented.
host=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1"
for flag in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$flag"
done

targets=(dns)
for target in "${targets[@]}"; do
    RUSTFLAGS=$flags cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target-dir fuzz/target \
        --target "$host" --bin "$target"
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    echo "fuzz $target: $runs inputs"
    # Longer than any answer may be, so that too long is met as well.
    "fuzz/target/$host/release/$target" -runs="$runs" -max_len=700 -timeout=5 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="fuzz/artifacts/$target/" "fuzz/corpus/$target" "fuzz/seeds/$target"
    echo "fuzz $target: nothing found"
done
