#!/bin/bash
# demo.sh: what `make demo` runs: a target, the daemon, and a sample test of the one by the other,
# over the API; then the dashboard stays up until Ctrl-C. Everything listens on loopback, writes
# into a temporary directory, and is gone at the end, however that comes.
#   SQUALLD        the program (build/squalld)
#   DEMO_ONCE=1    end after the result; also when stdin is no terminal
#   DEMO_DURATION  of the sample test (20s)
#   DEMO_PORT, DEMO_TARGET_PORT  where to listen (8080, 8081); taken ones give way to free ones
set -eu
cd "$(dirname "$0")/.."

squalld=${SQUALLD:-build/squalld}
duration=${DEMO_DURATION:-20s}
once=${DEMO_ONCE:-0}
[ -t 0 ] || once=1

dir=$(mktemp -d "${TMPDIR:-/tmp}/squall-demo.XXXXXX")
children=()

end_children() {
    local pid
    for pid in "${children[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${children[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap end_children EXIT
trap 'echo; exit 130' INT
trap 'exit 143' TERM HUP

# start NAME PORT ARGS...: starts `squalld NAME` on that port, or on a free one where it is taken,
# and sets $url to where it listens.
start() {
    local name=$1 port=$2
    shift 2
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then port=0; fi
    "$squalld" "$name" --port "$port" "$@" >"$dir/$name.out" 2>"$dir/$name.err" </dev/null &
    children+=($!)
    for _ in $(seq 100); do
        url=$(sed -nE 's/^listening on (http\S+)$/\1/p' "$dir/$name.out")
        [ -z "$url" ] || return 0
        kill -0 $! 2>/dev/null || break
        sleep 0.1
    done
    echo "squalld $name did not start:" >&2
    cat "$dir/$name.err" >&2
    exit 1
}

# call ARGS...: one call of the API; prints the answer, or says what was wrong.
call() {
    local answer
    if answer=$(curl -sS --fail-with-body --noproxy '*' "$@"); then
        printf '%s\n' "$answer"
    else
        echo "The daemon refused: $answer" >&2
        return 1
    fi
}

# A second of the live stream as a line; a second that comes again, corrected, is left out.
print_seconds() {
    sed -un 's/^data: //p' | jq -nr --unbuffered '
        def ms: . * 10 | round / 10 | tostring;
        def left($width): tostring | (" " * ($width - length) // "") + .;
        foreach (inputs | select(has("s"))) as $second ({last: -1};
            if $second.s > .last then {last: $second.s, new: true} else .new = false end;
            if .new then $second else empty end)
        | "  \(.s + 1 | left(3)) s  \(.users | left(3)) users  \(.requests | left(5)) req/s"
          + "   p50 \(.latency_ms.p50 | ms | left(5)) ms   p99 \(.latency_ms.p99 | ms | left(5)) ms"
          + "   \(.errors) errors"'
}

print_result() {
    jq -r '
        def ms: . * 10 | round / 10 | tostring;
        def left($width): tostring | (" " * ($width - length) // "") + .;
        def right($width): . + (" " * ($width - length) // "");
        def row: (.value.latency_ms) as $l | "  \(.key | right(16))\(.value.requests | left(9))"
            + "\(.value.errors | left(8))\($l.p50 | ms | left(9))\($l.p90 | ms | left(9))"
            + "\($l.p99 | ms | left(9))\($l.max | ms | left(9))";
        "  \("" | right(16)) requests  errors   p50 ms   p90 ms   p99 ms   max ms",
        (.by_request | to_entries[] | row),
        ({key: "all", value: .} | row),
        "",
        (.notes[] | "Note: \(.)"),
        if .passed then "Passed: \(.requests) requests, none failed."
        else "Not passed: \(.errors) of \(.requests) requests failed. \(.reason // "")" end' | fold -sw 96
}

start target "${DEMO_TARGET_PORT:-8081}" --delay lognormal:8ms,0.5
target=$url
start serve "${DEMO_PORT:-8080}" --config /dev/null --data-dir "$dir/data"
daemon=$url
api=$daemon/api/v1

# The example, aimed at this target.
jq --arg url "$target" --arg duration "$duration" \
    '.target.base_url = $url | .load += {ramp: "3s", duration: $duration}' \
    conf/examples/journey.json >"$dir/journey.json"

echo "Target     $target  (squalld target: a server with delays of its own)"
echo "Dashboard  $daemon/"
echo
echo "Creating a scenario:  curl --json @conf/examples/journey.json $api/scenarios"
scenario=$(call --json "@$dir/journey.json" "$api/scenarios" | jq -r .id)
echo "Starting a run of it: curl --json '{\"scenario_id\": \"$scenario\"}' $api/runs"
run=$(call --json "{\"scenario_id\": \"$scenario\"}" "$api/runs" | jq -r .id)
echo "Watching it:          curl -N $api/runs/$run/live"
curl -sSN --noproxy '*' "$api/runs/$run/live" | print_seconds &
children+=($!)
wait $! # and not in the foreground: signals are acted on at once
echo "Its result:           curl $api/runs/$run/result"
call "$api/runs/$run/result" >"$dir/result.json"
print_result <"$dir/result.json"
echo "The same in the dashboard: $daemon/runs/$run"
jq -e .passed "$dir/result.json" >/dev/null || [ "$once" = 0 ] || exit 1

if [ "$once" = 0 ]; then
    echo
    echo "The dashboard stays up at $daemon/ until Ctrl-C."
    trap 'echo; exit 0' INT
    wait -n "${children[@]:0:2}" || true
    echo "The target or the daemon has ended by itself:" >&2
    cat "$dir/target.err" "$dir/serve.err" >&2
    exit 1
fi
