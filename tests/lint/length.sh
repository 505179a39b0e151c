#!/bin/bash
# length.sh: a function fits on a screen, a file stays one that can be read in one go.
set -u
cd "$(dirname "$0")/../.."

find src include tests/unit tests/bench tests/fuzz -name '*.[ch]' | sort | xargs awk '
function end_of_file() {
    if (file && lines > 900) { printf "%s: %d lines; split it (at most 900)\n", file, lines; failed = 1 }
}
FNR == 1 { end_of_file(); file = FILENAME; begin = 0 }
{ lines = FNR }
/^{/ { begin = FNR }
/^}/ && begin {
    if (FNR - begin - 1 > 60) {
        printf "%s:%d: a function of %d lines; split it (at most 60)\n", FILENAME, begin, FNR - begin - 1
        failed = 1
    }
    begin = 0
}
END { end_of_file(); exit failed }'
