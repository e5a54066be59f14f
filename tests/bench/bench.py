#!/usr/bin/python3
"""How long a container takes, side by side in one run.

Commands are interleaved (A B C A B C ...), each sample is taken only after the machine was
idle for 40 ms, and what counts are medians and the ratios of samples that were taken in the
same round. Absolute figures belong to the machine; the ratios are the result.

    tests/bench/bench.py [--rounds N] [--only GROUP,...] [--out DIR] [--busy]

Writes bench.json and bench.svg into DIR (build/bench). Needs root. What is not installed is
left out and named. --busy does not wait for an idle machine: only to try the bench itself.

SPDX-License-Identifier: MIT
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import peers
import plot
from peers import BUILD, quiet
from samples import Bench, is_hybrid

# Medians of a start that would wait for an RCU grace period now and then have 90th
# percentiles far above them (PERFORMANCE: a period takes 7 ms and more when idle).
GRACE_MS = 4


# ---- what is left in memory, and many at once ----


def pss(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def monitors(ids):
    """Our processes that belong to these containers, but not the containers' own."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if words[0] == "sampan-monitor" and words[2:3] and words[2] in ids:
            found.append(int(entry.name))
    return found


def idle_memory(bench, n=20):
    ids = [quiet([*bench.sampan, "run", "-d", "--network", "none", "busybox", "sleep", "1000"],
                 bench.env).strip() for _ in range(n)]
    time.sleep(0.5)
    ours = monitors({i[:12] for i in ids})
    total = sum(pss(p) for p in ours)
    quiet([*bench.sampan, "rm", "-f", *ids], bench.env)
    return {"containers": n, "processes": len(ours), "pss_kib_each": round(total / n, 1)}


def many(bench):
    run = [*bench.sampan, "run", "--rm", "--network", "none", "busybox", "true"]
    began = time.perf_counter()
    for _ in range(100):
        quiet(run, bench.env)
    row = time.perf_counter() - began
    began = time.perf_counter()
    together = [subprocess.Popen(run, env=bench.env, stdout=subprocess.DEVNULL) for _ in range(50)]
    bad = sum(p.wait() != 0 for p in together)
    return {"100 in a row, s": round(row, 2), "50 at once, s": round(time.perf_counter() - began, 2),
            "failed of 50": bad}


# ---- the report ----


def summarise(samples, yardstick):
    rows = []
    base = samples.get(yardstick)
    for name, got in samples.items():
        walls = [s["wall"] for s in got]
        ratios = [a["wall"] / b["wall"] for a, b in zip(got, base)] if base else []
        rows.append({
            "name": name, "median_ms": round(statistics.median(walls), 2),
            "min_ms": round(min(walls), 2),
            "p90_ms": round(sorted(walls)[int(len(walls) * 0.9) - 1], 2),
            "cpu_ms": round(statistics.median(s["cpu"] for s in got), 2),
            "peak_rss_mib": round(max(s["rss"] for s in got) / 1024, 1),
            "ratio": round(statistics.median(ratios), 2) if ratios else None})
    return rows


def show(group, rows, yardstick):
    print(f"\n{group}: whole process, ms; ratio to {yardstick} of the same round")
    print(f"{'':22}{'median':>9}{'min':>9}{'p90':>9}{'cpu':>9}{'peak MiB':>10}{'ratio':>8}")
    for row in rows:
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else "-"
        print(f"{row['name']:22}{row['median_ms']:9.2f}{row['min_ms']:9.2f}{row['p90_ms']:9.2f}"
              f"{row['cpu_ms']:9.2f}{row['peak_rss_mib']:10.1f}{ratio:>8}")


def check_grace(groups):
    """Lines about our own programs: does a start wait for a grace period now and then?"""
    lines = []
    for group, rows in groups.items():
        for row in rows:
            if row["name"] in ("sampan", "sampan-runtime"):
                spread = row["p90_ms"] - row["median_ms"]
                verdict = "fine" if spread <= GRACE_MS else "LOOK: a grace period, or a busy machine"
                lines.append(f"{group}: {row['name']}: p90 - median {spread:.1f} ms: {verdict}")
    return lines


def compare(groups):
    """How many times faster than each peer ours is, by medians."""
    lines = []
    for group, rows in groups.items():
        ours = next((r for r in rows if r["name"].startswith("sampan")), None)
        others = [f"{r['median_ms'] / ours['median_ms']:.1f} x {r['name']}" for r in rows
                  if r is not ours and r["name"] != "floor"] if ours else []
        if others:
            lines.append(f"{group}: {ours['name']} is faster by " + ", ".join(others))
    return lines


def machine():
    v2 = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return {"kernel": os.uname().release, "processors": os.cpu_count(),
            "cgroups": "hybrid" if is_hybrid() else "v2" if v2 else "v1"}


def run(bench, args):
    peers.add_sampan(bench)
    peers.add_runtimes(bench)
    peers.add_podman(bench)
    peers.add_docker(bench)
    groups = {}
    for group in sorted(bench.cases, key=list(plot.TITLES).index):
        if args.only and group not in args.only.split(","):
            continue
        yardstick = bench.cases[group][0].name
        groups[group] = summarise(bench.measure(group, args.rounds), yardstick)
        show(group, groups[group], yardstick)
    return {"machine": machine(), "rounds": args.rounds, "groups": groups,
            "memory": idle_memory(bench), "many": many(bench), "left_out": bench.left_out,
            "busy_samples": bench.busy}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", help="groups, separated by commas")
    parser.add_argument("--out", type=pathlib.Path, default=BUILD / "bench")
    parser.add_argument("--busy", action="store_true", help="do not wait for an idle machine")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root: sudo make bench")
    args.out.mkdir(parents=True, exist_ok=True)
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    with tempfile.TemporaryDirectory(prefix="sampan-bench-", dir="/var/tmp") as directory:
        bench = Bench(directory, not args.busy)
        try:
            result = run(bench, args)
        finally:
            bench.close()
    memory = result["memory"]
    print("", *compare(result["groups"]), *check_grace(result["groups"]), sep="\n")
    print(f"idle container: {memory['pss_kib_each']} KiB (PSS) of ours each, "
          f"{memory['processes']} processes for {memory['containers']} containers, no daemon")
    print(", ".join(f"{k}: {v}" for k, v in result["many"].items()))
    if result["busy_samples"]:
        print(f"{result['busy_samples']} samples were taken on a machine that did not get idle")
    for line in result["left_out"]:
        print(f"left out: {line}")
    (args.out / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    (args.out / "bench.svg").write_text(plot.draw(result))
    print(f"\nwritten: {args.out}/bench.json, {args.out}/bench.svg")


if __name__ == "__main__":
    main()
