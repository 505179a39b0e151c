#!/bin/bash
# unit.sh TEST...: runs the CMocka programs one after another; a failed one is shown in full. The
# last lines are CMocka's own, added up over all programs.
set -u

failed=()
passed_tests=0
failed_tests=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

for test in "$@"; do
    name=${test##*/}
    begin=$(date +%s.%N)
    timeout -k 5 180 "$test" >"$output" 2>&1
    code=$?
    seconds=$(awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
    passed=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) test\(s\)\..*/\1/p' "$output" | tail -1)
    bad=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) test\(s\),.*/\1/p' "$output" | tail -1)
    passed_tests=$((passed_tests + ${passed:-0}))
    failed_tests=$((failed_tests + ${bad:-0}))
    if [ $code = 0 ]; then
        echo "ok      $name: ${passed:-0} tests, $seconds s"
    else
        [ $code = 124 ] && echo "(ended after 180 s)" >>"$output"
        echo "FAILED  $name (exit code $code)"
        grep -vE '^\[ (RUN     |      OK) \]' "$output" | sed "s/^/        /"
        failed+=("$name")
    fi
done

echo "[==========] $# programs, $((passed_tests + failed_tests)) tests run."
echo "[  PASSED  ] $passed_tests test(s)."
[ ${#failed[@]} = 0 ] && exit 0
echo "[  FAILED  ] $failed_tests test(s), in: ${failed[*]}"
exit 1
