# archive.sh - an image archive (docker-archive) around one layer; sourced by the others.
#
# SPDX-License-Identifier: MIT

# make_archive LAYER.tar NAME:TAG CMD-AS-JSON OUT.tar: the layer is moved, not copied.
# Same input, same bytes: the only time in it is $SOURCE_DATE_EPOCH.
make_archive() {
    local layer=$1 name=$2 cmd=$3 out=$4 work digest config
    work=$(mktemp -d "$out.XXXXXX")
    trap 'rm -rf "$work"' RETURN
    digest=$(sha256sum <"$layer" | cut -d' ' -f1)
    mv "$layer" "$work/$digest.tar"
    cat >"$work/config" <<EOF
{"created":"$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)","architecture":"$(architecture)","os":"linux",
"config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":$cmd},
"rootfs":{"type":"layers","diff_ids":["sha256:$digest"]},
"history":[{"created":"$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)","created_by":"tools/images"}]}
EOF
    config=$(sha256sum <"$work/config" | cut -d' ' -f1)
    mv "$work/config" "$work/$config.json"
    printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["%s.tar"]}]\n' \
        "$config" "$name" "$digest" >"$work/manifest.json"
    pack "$work" "$work/archive"
    mv "$work/archive" "$out"
}

# pack DIR OUT.tar: all that is in DIR, owned by root, in a fixed order.
pack() {
    (cd "$1" && find . -mindepth 1 ! -path ./archive -print0 | LC_ALL=C sort -z) |
        tar -C "$1" --no-recursion --null -T - --format=posix --numeric-owner --owner=0 \
            --group=0 --mtime="@$SOURCE_DATE_EPOCH" \
            --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -cf "$2"
}

architecture() {
    case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
    esac
}

: "${SOURCE_DATE_EPOCH:=1700000000}"
