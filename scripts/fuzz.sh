#!/usr/bin/env bash
# Fuzzes each parser of untrusted input with RUNS inputs. The fuzz targets have cargo-fuzz's layout, but this script
# needs neither cargo-fuzz nor a nightly toolchain, since the stable compiler can instrument too. libFuzzer needs a C++
# compiler.
#
# New inputs are kept in fuzz/corpus, and inputs that make a parser fail in fuzz/artifacts; both can be deleted.
set -euo pipefail
cd "$(dirname "$0")/.."
# Keeps rustup from replacing the installed toolchain.
export RUSTUP_DIST_SERVER=http://127.0.0.1:9
runs=${RUNS:-1000000}
command -v c++ >/dev/null || { echo "a C++ compiler is missing: apt-get install g++" >&2; exit 1; }

# With --target, the flags apply to the fuzz target only and not to build scripts.
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
    # Longer than the longest allowed answer, so that too long answers are covered as well.
    "fuzz/target/$host/release/$target" -runs="$runs" -max_len=700 -timeout=5 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="fuzz/artifacts/$target/" "fuzz/corpus/$target" "fuzz/seeds/$target"
    echo "fuzz $target: nothing found"
done
