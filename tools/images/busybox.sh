#!/bin/bash
# busybox.sh - an image of BusyBox, from the machine's own static busybox.
#
#   tools/images/busybox.sh OUT.tar
#
# Needs nothing but Debian's busybox-static and the usual shell tools, no root and no
# network. All applets are hard links in /bin, as in the official image.
#
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
. "$here/archive.sh"

out=${1:?usage: busybox.sh OUT.tar}
busybox=${BUSYBOX:-$(command -v busybox || true)}
[ -x "$busybox" ] || {
    echo "busybox.sh: no busybox here: apt-get install busybox-static" >&2
    exit 1
}
mkdir -p "$(dirname "$out")"
root=$(mktemp -d "$out.root.XXXXXX")
trap 'rm -rf "$root" "$root.tar"' EXIT

mkdir -p "$root"/{bin,dev,etc,home,lib,proc,root,run,sbin,sys,tmp,usr/{bin,sbin,lib},var/{log,spool/mail,www}}
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
"$root/bin/busybox" --install "$root/bin"
ln -s ../../bin/env "$root/usr/bin/env"
ln -s ../run "$root/var/run"

cat >"$root/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
EOF
cat >"$root/etc/group" <<'EOF'
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
mail:x:8:
wheel:x:10:root
www-data:x:33:
users:x:100:
nogroup:x:65534:
EOF
printf 'root:*:::::::\nnobody:*:::::::\n' >"$root/etc/shadow"
chmod 600 "$root/etc/shadow"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
: >"$root/etc/hosts"
: >"$root/etc/resolv.conf"
echo busybox >"$root/etc/hostname"

pack "$root" "$root.tar"
make_archive "$root.tar" busybox:latest '["sh"]' "$out"
