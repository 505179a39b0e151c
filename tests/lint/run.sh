#!/bin/bash
# run.sh: every check of the sources that needs no build. Goes through all, then fails if one did.
set -u
cd "$(dirname "$0")/../.."

failed=0
check() { # TITLE COMMAND...
    local title=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $title"
    else
        echo "FAILED  $title"
        sed 's/^/        /' <<<"$output" | head -60
        failed=1
    fi
}

formatting() {
    git ls-files '*.c' '*.h' | xargs -r clang-format-14 --dry-run -Werror
}
manuals() { # mandoc's "base system" style notes are about OpenBSD's own pages
    git ls-files 'man/*.[1-8]' | xargs -r mandoc -T lint -W warning
}
shells() {
    local script
    for script in $(git ls-files '*.sh' .ci/run); do bash -n "$script" || return 1; done
}
registries() { # the address of somebody's own package mirror
    ! git grep -nIE '"resolved": *"https?:' -- '*package-lock.json'
}

check "formatting (clang-format 14)" formatting
check "dependencies between modules" tests/lint/modules.sh
check "length of functions and files" tests/lint/length.sh
check "man pages (mandoc)" manuals
check "shell scripts parse" shells
check "lock files name no registry" registries
exit $failed
