"""bench.json to one SVG picture: bars on a logarithmic scale, a panel for each group.

    tests/bench/plot.py bench.json > bench.svg

SPDX-License-Identifier: MIT
"""
import json
import math
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 760, 170, 120, 18, 6, 44
COLOURS = {"floor": "#9aa5b1", "sampan": "#0b7285", "sampan-runtime": "#0b7285"}
OTHERS = "#d9a05b"
TITLES = {
    "run": "engine: run --rm --network none busybox true",
    "run --network host": "engine: run --rm --network host busybox true",
    "exec": "engine: exec CONTAINER true",
}
for _suffix, _words in (("", ""), (" (v1)", ", v1 view of the cgroups (ours: as they are)"),
                        (" (v2)", ", v2 view of the cgroups")):
    TITLES["oci run" + _suffix] = "OCI runtime: run of /bin/true" + _words
    TITLES["oci create + start" + _suffix] = "OCI runtime: create, then start" + _words
    TITLES["oci exec" + _suffix] = "OCI runtime: exec of /bin/true" + _words
    TITLES["oci delete" + _suffix] = "OCI runtime: delete --force" + _words


def panel(group, rows, top):
    """One group's bars; returns the SVG lines and the height used."""
    most = max(row["median_ms"] for row in rows)
    least = min(row["median_ms"] for row in rows) / 2
    scale = (WIDTH - LEFT - RIGHT) / math.log(most / least)
    out = [f'<text x="20" y="{top + 24}" class="title">{escape(TITLES.get(group, group))}</text>']
    y = top + HEAD
    for row in rows:
        length = max(math.log(row["median_ms"] / least) * scale, 2)
        colour = COLOURS.get(row["name"], OTHERS)
        ratio = f' · {row["ratio"]:.1f}×' if row["ratio"] else ""
        out += [
            f'<text x="{LEFT - 10}" y="{y + 13}" class="name">{escape(row["name"])}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 13}" class="value">'
            f'{row["median_ms"]:.1f} ms{ratio}</text>']
        y += BAR + GAP
    return out, y - top + 16


def draw(result):
    body, top = [], 56
    for group, rows in result["groups"].items():
        lines, used = panel(group, rows, top)
        body += lines
        top += used
    machine = result["machine"]
    notes = [f'median of {result["rounds"]} interleaved rounds, logarithmic scale, '
             '× = ratio to the first bar of the same round',
             f'Linux {machine["kernel"]}, {machine["processors"]} processors, '
             f'cgroup {machine["cgroups"]}']
    height = top + 44
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="DejaVu Sans, Verdana, sans-serif">',
        "<style>.head{font-size:17px;font-weight:bold;fill:#1b2733}.title{font-size:13px;"
        "font-weight:bold;fill:#1b2733}.name{font-size:12px;text-anchor:end;fill:#1b2733}"
        ".value{font-size:11px;fill:#1b2733}.note{font-size:10px;fill:#52606d}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#f7f9fb"/>',
        '<text x="20" y="34" class="head">One container, start to end (less is better)</text>',
        *body,
        *(f'<text x="20" y="{top + 16 + 14 * i}" class="note">{escape(note)}</text>'
          for i, note in enumerate(notes)),
        "</svg>"]) + "\n"


if __name__ == "__main__":
    print(draw(json.load(open(sys.argv[1]))), end="")
