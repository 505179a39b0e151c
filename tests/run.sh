#!/bin/bash
# run.sh STAGE...: what `make test` runs: each stage is a make target. All of them are run, save that
# nothing is tested that does not build. What each printed is kept in build/logs/; at the end stand
# the failures in full and then the closing lines of each stage's runner.
set -u
cd "$(dirname "$0")/.."

export SANITIZE=${SANITIZE:-0}
logs=build/logs
[ "$SANITIZE" = 1 ] && logs=build/logs/asan
mkdir -p "$logs"
failed=()

title() { printf '\n==== %s %s\n' "$1" "$(printf '%*s' $((90 - ${#1})) '' | tr ' ' =)"; }

run_stage() { # STAGE: its output goes to the screen and to a file
    local target=$1 begin=$SECONDS
    [ "$1" = build ] && target=build-tests
    title "$1"
    if [ "$1" = build ]; then # the compiler's command lines are of interest only when it fails
        make --no-print-directory "$target" >"$logs/$1.log" 2>&1
    else
        make --no-print-directory "$target" 2>&1 | tee "$logs/$1.log"
    fi
    if [ "${PIPESTATUS[0]}" = 0 ]; then
        echo "-- $1: passed in $((SECONDS - begin)) s"
    else
        echo "-- $1: FAILED after $((SECONDS - begin)) s"
        failed+=("$1")
    fi
}

failures_of() { # STAGE
    case $1 in
    integration | browser) sed -n '/failing tests:/,$p' "$logs/$1.log" | grep -vE '^ℹ ' | head -150 ;;
    build) grep -vE '^(cc|gcc|ar|clang) ' "$logs/$1.log" | grep -E -A8 '(error:|Error [0-9]|ERR!|undefined reference|cannot find)' | tail -60 ;;
    web) sed -n '/Failed Tests/,$p' "$logs/$1.log" | head -150 ;;
    *) sed -n '/^FAILED/,/^\(ok\|\[==\)/p' "$logs/$1.log" | grep -vE '^ok' | head -150 ;;
    esac
}

closing_of() { # STAGE
    case $1 in
    integration | browser) grep -E '^ℹ (tests|pass|fail|cancelled|skipped|todo|duration_ms)' "$logs/$1.log" ;;
    web) grep -E '^ *(Test Files|Tests) ' "$logs/$1.log" ;;
    unit) grep -E '^\[(==========|  PASSED  |  FAILED  )\]' "$logs/$1.log" | tail -3 ;;
    esac
}

for stage in "$@"; do
    run_stage "$stage"
    [ "$stage" = build ] && [ ${#failed[@]} != 0 ] && [ "${failed[-1]}" = build ] && break
done

for stage in "${failed[@]}"; do
    title "what failed: $stage (all of it: $logs/$stage.log)"
    what=$(failures_of "$stage")
    echo "${what:-$(tail -40 "$logs/$stage.log")}"
done

title "summary"
for stage in "$@"; do
    [ -e "$logs/$stage.log" ] || continue
    closing=$(closing_of "$stage")
    [ -n "$closing" ] && printf '%s\n%s\n' "$stage:" "$closing"
done
if [ ${#failed[@]} = 0 ]; then
    echo "all passed: $* (in $SECONDS s)"
else
    echo "FAILED: ${failed[*]} (in $SECONDS s)"
    exit 1
fi
