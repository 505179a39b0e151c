#!/bin/bash
# modules.sh: holds the one-way dependencies between the modules of src/, by their #include lines.
# The order below is the one place that states it.
set -u
cd "$(dirname "$0")/../.."

# A module may include its own headers and those of the tiers above its own; modules of one tier
# know nothing of each other.
tiers='
base
hist plan wire target
engine exec
runner
result
run
aws store web
daemon
cli
'

# A library is one module's trade (several, where they share it); all others do without.
libraries='
sqlite3.h store
microhttpd.h daemon
curl/ aws
openssl/ engine target store daemon
cjson/ wire engine exec
nghttp2/ engine
jansson.h plan result run store daemon cli aws web
uv.h engine target exec runner run aws daemon cli
zlib.h hist engine daemon web
pcre2.h plan engine
brotli/ engine
'

find src include -name '*.[ch]' | sort | xargs awk -v tiers="$tiers" -v libraries="$libraries" '
function fail(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; failed = 1 }
BEGIN {
    n = split(tiers, line, "\n")
    for (i = 1; i <= n; i++) {
        m = split(line[i], word, " ")
        for (j = 1; j <= m; j++) tier[word[j]] = i
    }
    n = split(libraries, line, "\n")
    for (i = 1; i <= n; i++)
        if (split(line[i], word, " ")) users[word[1]] = line[i] " "
    owner["embed"] = "base"
    owner["lines"] = "base"
}
FNR == 1 {
    split(FILENAME, part, "/")
    if (part[1] == "src") module = part[2]
    else { module = part[3]; sub(/\.h$/, "", module); if (module in owner) module = owner[module] }
    if (!(module in tier)) fail("module \"" module "\" has no place in the order (tests/lint/modules.sh)")
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\""); name = quoted[2]
    if (name !~ /^squall\//) {
        if (name ~ /\// || system("test -e src/" module "/" name) != 0)
            fail("\"" name "\" is not a header of " module " itself")
        next
    }
    other = name; sub(/^squall\//, "", other); sub(/\.h$/, "", other)
    if (other in owner) other = owner[other]
    if (!(other in tier)) fail("\"" name "\" belongs to no module in the order")
    else if (other != module && tier[other] >= tier[module])
        fail(module " may not know " other " (dependencies go one way)")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    name = $0; sub(/^[^<]*</, "", name); sub(/>.*/, "", name)
    for (library in users)
        if (index(name, library) == 1 && index(users[library], " " module " ") == 0)
            fail("<" name "> is not for " module ": see the list in tests/lint/modules.sh")
}
END { exit failed }'
