#!/bin/sh
# provision.sh - make a Debian or Ubuntu system a place for the workshop.
#
# Used by all environments beside it: the Packer template, the Vagrantfile, the
# devcontainer and `make vm`. Each step may be run again at any time: what is
# there already is left alone.
#
#   provision.sh install   packages, and a unit that runs on_boot at each boot
#   provision.sh on_boot   what a reboot forgets: /workshop with a place for
#                          containers, the overlay module, the cgroup controllers
#   provision.sh status    what of this is in place; 0 if all
#   provision.sh clean     undo what on_boot and install made
#
# What it makes is noted in a ledger first (kind, device:inode:birth, path), and clean
# removes what stands in the ledger and is still the same: no pattern is ever
# matched against what others made. Packages stay: they are the system's now.
#
# SPDX-License-Identifier: MIT

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
state=${SAMPAN_WORKSHOP_STATE:-/var/lib/sampan-workshop}
unit_dir=${SAMPAN_WORKSHOP_UNITS:-/etc/systemd/system}
ledger=$state/ledger
place=${SAMPAN_WORKSHOP_PLACE:-/workshop}
containers=$place/containers
copy=$state/provision.sh
unit=$unit_dir/sampan-workshop.service

say() { echo "provision: $*" >&2; }
die() { say "$*"; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || die "needs root: sudo $0 $1"; }
# The time of birth belongs to it: an inode number may be given to another file.
identity() { stat -c %d:%i:%.9W -- "$1"; }

# --- the ledger --------------------------------------------------------------

open_ledger() {
    mkdir -p "$state"
    [ -e "$ledger" ] || : > "$ledger"
}

note() { printf '%s %s %s\n' "$1" "$(identity "$2")" "$2" >> "$ledger"; }

make_dir() { [ -d "$1" ] || { mkdir -m 0755 "$1" && note dir "$1"; }; }
make_file() { [ -e "$1" ] || { : > "$1" && note file "$1"; }; }
make_link() { [ -e "$2" ] || [ -L "$2" ] || { ln -s "$1" "$2" && note link "$2"; }; }

# --- install -------------------------------------------------------------------

packages() { sed 's/#.*//' "$here/packages"; }

install_packages() {
    # shellcheck disable=SC2046 # words are what we want
    set -- $(packages)
    if dpkg -s "$@" > /dev/null 2>&1; then
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=600 update
    apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"
}

install_unit() {
    if [ ! -d "$unit_dir" ]; then
        say "no systemd here: run '$0 on_boot' yourself after each boot"
        return
    fi
    if [ "$here/provision.sh" != "$copy" ]; then
        make_file "$copy"
        cat "$here/provision.sh" > "$copy"
        chmod 0755 "$copy"
    fi
    make_file "$unit"
    cat > "$unit" << UNIT
[Unit]
Description=A place for the containers of the Sampan workshop
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$copy on_boot

[Install]
WantedBy=multi-user.target
UNIT
    if [ "$unit_dir" = /etc/systemd/system ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
    fi
    mkdir -p "$unit_dir/multi-user.target.wants"
    make_link "$unit" "$unit_dir/multi-user.target.wants/sampan-workshop.service"
}

do_install() {
    need_root install
    install_packages
    open_ledger
    install_unit
}

# --- at each boot ----------------------------------------------------------------

# Overlays need a writable file system below them that is no overlay itself; in a
# devcontainer everything is one. A tmpfs is good everywhere, and forgets.
is_our_mount() {
    awk -v at="$containers" '$5 == at { for (i = 7; $i != "-"; i++) ; if ($(i + 2) == "sampan-workshop") found = 1 }
        END { exit !found }' /proc/self/mountinfo
}

# /workshop/images and /workshop/containers are where the levels look by default.
make_place() {
    make_dir "$place"
    make_dir "$containers"
    [ ! -d "$here/../images" ] || make_link "$(CDPATH='' cd -- "$here/../images" && pwd)" "$place/images"
    is_our_mount || mount -t tmpfs -o mode=0755,size=50% sampan-workshop "$containers"
}

# In a container the "root" of our cgroup namespace is an inner node like any other:
# it may have processes or hand controllers down, not both. So its processes move
# into a leaf first. The real root has no cgroup.type, and no such rule.
leave_inner_node() {
    mkdir -p "$cgroup/workshop-init"
    while read -r pid; do
        # A process that has ended in the meantime can't be moved, and need not be.
        echo "$pid" > "$cgroup/workshop-init/cgroup.procs" 2> /dev/null || true
    done << PIDS
$(cat "$cgroup/cgroup.procs")
PIDS
}

# v2 hands controllers down only where it is told to. systemd does it for units that
# ask; a plain system does not. Nothing to do for v1.
hand_down_controllers() {
    cgroup=/sys/fs/cgroup
    [ -w "$cgroup/cgroup.subtree_control" ] || return 0
    missing=
    for controller in cpu memory pids; do
        grep -qw "$controller" "$cgroup/cgroup.controllers" || continue
        grep -qw "$controller" "$cgroup/cgroup.subtree_control" || missing="$missing +$controller"
    done
    [ -n "$missing" ] || return 0
    [ ! -e "$cgroup/cgroup.type" ] || leave_inner_node
    echo "${missing# }" > "$cgroup/cgroup.subtree_control" ||
        say "the kernel does not hand down$missing here"
}

do_on_boot() {
    need_root on_boot
    open_ledger
    grep -qw overlay /proc/filesystems || modprobe overlay 2> /dev/null ||
        say "no overlay file system: level 04 can't be done here"
    make_place
    hand_down_controllers
}

# --- status and clean ---------------------------------------------------------------

do_status() {
    bad=0
    report() {
        if "$@" > /dev/null 2>&1; then echo "ok    $label"; else echo "none  $label"; bad=1; fi
    }
    # shellcheck disable=SC2046
    label="packages" && report dpkg -s $(packages)
    label="overlay in the kernel" && report grep -qw overlay /proc/filesystems
    label="tmpfs on $containers" && report is_our_mount
    return $bad
}

# The newest entry first, so that what lies inside goes before what holds it.
do_clean() {
    need_root clean
    [ -e "$ledger" ] || { say "nothing to clean"; return; }
    if is_our_mount && ! umount "$containers"; then
        die "a container is still running below $containers; stop it, then clean again"
    fi
    tac "$ledger" | while read -r kind id path; do
        [ -e "$path" ] || [ -L "$path" ] || continue
        if [ "$(identity "$path")" != "$id" ]; then
            say "left alone, it is not the one we made: $path"
            continue
        fi
        case $kind in
        file | link) rm -f -- "$path" ;;
        dir) rmdir -- "$path" || say "left alone, it is not empty: $path" ;;
        esac
    done
    rm -f -- "$ledger"
    rmdir -- "$state" 2> /dev/null || say "left alone, it is not empty: $state"
}

case ${1-} in
install) do_install ;;
on_boot) do_on_boot ;;
status) do_status ;;
clean) do_clean ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
