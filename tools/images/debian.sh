#!/bin/bash
# debian.sh - an image of a minimal Debian, made by mmdebstrap.
#
#   tools/images/debian.sh OUT.tar
#
# The release and the mirror are the machine's own (its apt sources), so it works wherever
# apt works. minbase and python3-minimal: apt, bash, perl-base and an interpreter that
# programs in tests may use. Takes about a minute; needs root or unprivileged user
# namespaces.
#
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
. "$here/archive.sh"

out=${1:?usage: debian.sh OUT.tar}
command -v mmdebstrap >/dev/null || {
    echo "debian.sh: no mmdebstrap here: apt-get install mmdebstrap" >&2
    exit 1
}
mkdir -p "$(dirname "$out")"
layer=$(mktemp "$out.layer.XXXXXX")
trap 'rm -f "$layer" "$layer.log"' EXIT

. /etc/os-release
export SOURCE_DATE_EPOCH
# No documentation and no translations: half of the size, and nobody reads them there.
mmdebstrap --quiet --variant=minbase --include=python3-minimal --format=tar \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --aptopt='Acquire::Languages "none"' \
    "$VERSION_CODENAME" "$layer" >"$layer.log" 2>&1 || {
    cat "$layer.log" >&2
    exit 1
}
make_archive "$layer" debian:latest '["bash"]' "$out"
