#!/bin/bash
# run.sh FUZZER...: runs each for FUZZ_SECONDS, from its seeds and from what earlier runs found
# (build/fuzz/corpus). An input that breaks something is kept beside it, and named.
set -u
seconds=${FUZZ_SECONDS:-60}
failed=()
for fuzzer in "$@"; do
    name=${fuzzer##*/fuzz_}
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    if "$fuzzer" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" \
        "$corpus" "tests/fuzz/seeds/$name" >"build/fuzz/$name.log" 2>&1; then
        echo "ok      $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs in $seconds s"
    else
        echo "FAILED  $name (build/fuzz/$name.log)"
        tail -40 "build/fuzz/$name.log" | sed 's/^/        /'
        failed+=("$name")
    fi
done
[ ${#failed[@]} = 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
