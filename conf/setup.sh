#!/bin/bash
# setup.sh PURPOSE...: installs the Debian packages that building, testing or measuring needs and
# that are not here yet. The one list of what Squall is built with. Everything that `make` does by
# itself on a bare machine starts here; with all in place it costs one dpkg-query.
set -eu

packages_for() {
    case $1 in
    build) echo gcc libc6-dev make pkgconf libmicrohttpd-dev libuv1-dev libsqlite3-dev libssl-dev \
        libjansson-dev libcjson-dev libpcre2-dev libbrotli-dev libnghttp2-dev zlib1g-dev ;;
    # Node.js often comes from elsewhere, and Debian's npm would then pull in a second one.
    web) if ! command -v node >/dev/null || ! command -v npm >/dev/null; then echo nodejs npm; fi ;;
    demo) echo curl jq ;;
    unit) echo libcmocka-dev ;;
    test) echo nginx-light chromium curl jq openssl sqlite3 iproute2 procps ;;
    lint) echo clang-format-14 mandoc ;;
    bench) echo nginx-light wrk hey nghttp2-client apache2-utils util-linux procps ;;
    fuzz) echo clang libclang-rt-14-dev ;;
    bare) echo debootstrap ;;
    *)
        echo "setup.sh: unknown purpose '$1'" >&2
        exit 2
        ;;
    esac
}

wanted=$(for purpose in "$@"; do packages_for "$purpose"; done | tr ' ' '\n' | sort -u)
[ -n "$wanted" ] || exit 0

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system, so nothing is installed by itself. Squall needs what Debian 12"
    echo "calls:" $wanted
    echo "Install these by your system's means, then run make with SETUP=0."
    exit 1
fi >&2

exec 9>"${TMPDIR:-/tmp}/squall-setup-$(id -u).lock" # a parallel make comes here several times at once
flock 9

here=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u)
missing=$(comm -23 <(echo "$wanted") <(echo "$here"))
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
    root=sudo
    command -v sudo >/dev/null || {
        echo "These packages are missing, and there is neither root nor sudo to install them:" $missing >&2
        exit 1
    }
fi
apt() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
}

echo "Installing:" $missing
apt update
apt install --no-install-recommends $missing 9>&-

# The tests start their own nginx; the package's service is not ours to leave running.
if grep -q '^nginx' <<<"$missing" && [ -d /run/systemd/system ]; then
    $root systemctl disable --now nginx.service || true
fi
