#!/usr/bin/python3
"""Seeds for the fuzzers: seeds.py DIRECTORY writes DIRECTORY/<target>/*.

SPDX-License-Identifier: MIT
"""
import io
import json
import pathlib
import sys
import tarfile

top = pathlib.Path(sys.argv[1])


def put(kind, name, data):
    (top / kind).mkdir(parents=True, exist_ok=True)
    (top / kind / name).write_bytes(data)


for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, bufsize=512) as tar:
        for name, type_, link in (("d", tarfile.DIRTYPE, ""), ("d/f", tarfile.REGTYPE, ""),
                                  ("s", tarfile.SYMTYPE, "d/f"), ("h", tarfile.LNKTYPE, "d/f"),
                                  ("c", tarfile.CHRTYPE, ""), ("d/.wh.x", tarfile.REGTYPE, "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = type_, link, 1700000000
            info.size = 5 if name == "d/f" else 0
            if form == tarfile.PAX_FORMAT:
                info.pax_headers = {"SCHILY.xattr.user.a": "1", "mtime": "1.5"}
            tar.addfile(info, io.BytesIO(b"hello") if info.size else None)
        if form != tarfile.USTAR_FORMAT:
            tar.addfile(tarfile.TarInfo("long" * 60))
    put("tar", str(form), b"\xff" + out.getvalue())

for i, form in enumerate(("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n27 GNU.sparse.realsize=100\n",
                          "27 GNU.sparse.realsize=100\n24 GNU.sparse.map=9,1,20,1\n")):
    out = io.BytesIO()
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(form)
    out.write(b"\xff" + info.tobuf(tarfile.USTAR_FORMAT) + form.encode().ljust(512, b"\0"))
    data = b"1\n9\n2\n".ljust(512, b"\0") + b"xx" if i == 0 else b"xx"
    info = tarfile.TarInfo("sparse")
    info.size = len(data)
    out.write(info.tobuf(tarfile.USTAR_FORMAT) + data.ljust(1024, b"\0"))
    put("tar", f"sparse{i}", out.getvalue())

for i, name in enumerate(("busybox", "localhost:5000/a/b:1", "a.b/c__d@sha256:" + "0" * 64, "[::1]:5/x", "a:b:c")):
    put("reference", str(i), name.encode())

put("json", "manifest", json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"digest": "sha256:" + "0" * 64, "size": 1, "mediaType": "x"},
    "layers": [{"digest": "sha256:" + "1" * 64, "size": 12}]}).encode())
put("json", "index", json.dumps({"schemaVersion": 2, "manifests": [
    {"digest": "sha256:" + "0" * 64, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}}]}).encode())
put("json", "values", b'[1, -2.5e3, "\\u00e9\\n", true, false, null, {}, []]')

IDS = [{"containerID": 0, "hostID": 100000, "size": 65536}]
config = {
    "ociVersion": "1.2.0", "root": {"path": "rootfs", "readonly": True}, "hostname": "h", "domainname": "d",
    "annotations": {"a": "b"},
    "process": {
        "terminal": True, "consoleSize": {"height": 1, "width": 2}, "args": ["sh"], "env": ["A=1"], "cwd": "/",
        "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3]}, "noNewPrivileges": True,
        "capabilities": {k: ["CAP_KILL"] for k in ("bounding", "effective", "permitted", "inheritable", "ambient")},
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 1}], "oomScoreAdj": 5,
        "scheduler": {"policy": "SCHED_OTHER", "nice": 5}, "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
        "execCPUAffinity": {"initial": "0-3,7", "final": "1"}, "apparmorProfile": "p", "selinuxLabel": "l"},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "rro"]},
               {"destination": "/m", "source": "/", "options": ["rbind", "ridmap", "rslave"], "uidMappings": IDS,
                "gidMappings": IDS}],
    "hooks": {"prestart": [{"path": "/h", "args": ["h"], "env": ["B=2"], "timeout": 3}], "poststop": [{"path": "/x"}]},
    "linux": {
        "namespaces": [{"type": t} for t in ("pid", "mount", "user", "time")], "uidMappings": IDS, "gidMappings": IDS,
        "timeOffsets": {"boottime": {"secs": 1, "nanosecs": 2}}, "cgroupsPath": "/a/b", "rootfsPropagation": "rslave",
        "devices": [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}],
        "maskedPaths": ["/proc/keys"], "readonlyPaths": ["/proc/sys"], "sysctl": {"net.ipv4.ip_forward": "1"},
        "personality": {"domain": "LINUX32"}, "intelRdt": {"closID": "c", "l3CacheSchema": "L3:0=f"},
        "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"],
                    "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/s", "listenerMetadata": "m",
                    "syscalls": [{"names": ["read", "clone"], "action": "SCMP_ACT_ALLOW", "args": [
                        {"index": 0, "value": 1, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}]}]}}}
resources = {
    "devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "r"}],
    "memory": {"limit": 1 << 30, "swap": -1, "swappiness": 5, "disableOOMKiller": False}, "pids": {"limit": 5},
    "cpu": {"shares": 512, "quota": 1000, "period": 2000, "burst": 5, "cpus": "0-1", "mems": "0", "idle": 0},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 1}], "unified": {"memory.high": "1"},
    "blockIO": {"weight": 10, "weightDevice": [{"major": 1, "minor": 2, "weight": 3}],
                "throttleReadBpsDevice": [{"major": 1, "minor": 2, "rate": 3}]},
    "network": {"classID": 5, "priorities": [{"name": "lo", "priority": 1}]}, "rdma": {"d": {"hcaHandles": 1}}}
put("config", "whole", json.dumps({**config, "linux": {**config["linux"], "resources": resources}}).encode())
put("config", "process", json.dumps(config["process"]).encode())
put("config", "resources", json.dumps(resources).encode())
put("registries", "all", b'''unqualified-search-registries = ["a.example", 'docker.io']
[aliases]
"a" = "b.example/c"
[[registry]]
prefix = "*.example"
location = "localhost:5000/x"
insecure = true # comment
[[registry.mirror]]
location = "m.example"
pull-from-mirror = "digest-only"
[[registry]]
location = "docker.io"
blocked = false
mirror = [{location = "q.example", insecure = false}]
''')
for i, text in enumerate(('Bearer realm="https://a/t",service="s",scope="r:x:pull"', 'Basic realm="x", Bearer realm=y',
                          "https://a.example:443/v2/?x=%20", "http://[::1]:5000/", "/v2/a/blobs/uploads/1?_state=x",
                          "Zm9vYmFy")):
    put("http", str(i), text.encode())
for i, text in enumerate((
        "{{.Name}} {{json .}} {{index .Ports \"80/tcp\" 0}}",
        "{{range $k, $v := .Ports}}{{$k}}{{if $v}}*{{else if .L}}-{{else}}0{{end}}{{end}}",
        "{{with .E}}x{{else}}{{- $x := .N -}}{{$x | printf \"%-9d\"}}{{end}}{{/* c */}}",
        "{{join .L \"-\"}}{{split \"a,b\" \",\"}}{{title \"a b\" | pad 1 2 | truncate 3}}{{.Label \"k\"}}",
        "{{and 1 0}}{{or \"\" nil}}{{not true}}{{le 1 2}}{{slice \"hello\" 1 3}}{{len .L}}{{println 1}}")):
    put("template", str(i), text.encode())
