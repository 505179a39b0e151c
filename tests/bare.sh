#!/bin/bash
# bare.sh [COMMAND...]: proves the README on a bare machine: a Debian 12 with nothing but git and
# make, made by debootstrap in a temporary directory, gets a clone of what is committed here and runs
# `make test` and the demo in it (or the command given). Needs root. The network, the package mirror
# and the certificates are those of this machine.
set -eu

if [ "${1-}" != --inside ]; then
    cd "$(dirname "$0")/.."
    [ "$(id -u)" = 0 ] || { echo "bare.sh needs root, for chroot" >&2; exit 1; }
    command -v debootstrap >/dev/null || conf/setup.sh bare
    dir=$(mktemp -d /var/tmp/squall-bare.XXXXXX)
    chmod 755 "$dir"
    # All mounts and processes live in namespaces that end with this command, so that nothing of this
    # machine is mounted below the directory when it is removed.
    trap 'rm -rf --one-file-system "$dir"' EXIT
    trap 'exit 1' INT TERM HUP
    unshare --mount --propagation private --pid --fork --kill-child "$0" --inside "$PWD" "$dir" "$@"
    exit
fi

repository=$2
root=$3
shift 3

echo "== a bare Debian 12 in $root"
debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$root/debootstrap.log" ||
    { tail -20 "$root/debootstrap.log" >&2; exit 1; }

# How this machine reaches packages, without what it prefers among them.
for file in /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
    /etc/ssl/certs/ca-certificates.crt /root/.npmrc; do
    [ ! -e "$file" ] || install -D -m 644 "$file" "$root$file"
done
[ ! -e "$root/etc/apt/sources.list.d/debian.sources" ] || rm -f "$root/etc/apt/sources.list"
for file in $(grep -l '^ *Acquire' /etc/apt/apt.conf.d/* || true); do cp "$file" "$root/etc/apt/apt.conf.d/"; done

# Packages do not start services in here.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/tmp"

git -c safe.directory="$repository" clone -q --no-hardlinks "file://$repository" "$root/root/squall"

inside() {
    echo "== $*"
    env -i HOME=/root LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        $(env | grep -iE '^(https?_proxy|no_proxy|npm_config_[a-z_]*|NODE_EXTRA_CA_CERTS)=' || true) \
        chroot "$root" /bin/bash -c 'cd /root/squall && "$@"' bash "$@" </dev/null
}
if [ $# -gt 0 ]; then
    inside "$@"
else
    inside make test
    inside env DEMO_ONCE=1 make demo
fi
echo "== the bare machine is content"
