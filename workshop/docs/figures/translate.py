#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""translate.py - make the Chinese twin of each figure.

A figure is an SVG drawn by hand, with its words in <text>, <title> and <desc>
elements.  strings.tsv holds one row per string: English, a tab, Chinese.  For
each X.svg this program writes X.zh-CN.svg with the strings replaced.  Text of
class "code" (paths, calls, numbers) is the same in every language and is left
alone; any other string without a row is an error, and so is a row that no
figure uses.

  translate.py           writes the twins
  translate.py --check   writes nothing, fails where a twin is not in step
"""

import html
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORDS = re.compile(r"<(text|tspan|title|desc)\b([^<>]*)>([^<>]*)(?=<)")
FONT = "'DejaVu Sans', 'Noto Sans', sans-serif"
FONT_ZH = "'Noto Sans CJK SC', 'WenQuanYi Micro Hei', 'PingFang SC', 'Microsoft YaHei', sans-serif"


def read_strings():
    rows = {}
    table = (HERE / "strings.tsv").read_text(encoding="utf-8")
    for number, line in enumerate(table.splitlines(), 1):
        if line and not line.startswith("#"):
            english, tab, chinese = line.partition("\t")
            if not tab or not chinese or english in rows:
                sys.exit(f"strings.tsv:{number}: wants one row 'English<tab>Chinese' per string")
            rows[english] = chinese
    return rows


def is_code(attributes):
    return bool(re.search(r'class="[^"]*\bcode\b', attributes))


def translate(svg, rows, used, missing):
    def swap(match):
        tag, attributes, text = match.groups()
        key = html.unescape(text)
        if is_code(attributes) or not re.search(r"[A-Za-z]{2}", key):
            return match[0]
        if key not in rows:
            missing.add(key)
            return match[0]
        used.add(key)
        return f"<{tag}{attributes}>{html.escape(rows[key], quote=False)}"
    return WORDS.sub(swap, svg).replace(FONT, FONT_ZH)


def main():
    check = sys.argv[1:] == ["--check"]
    rows, used, faults = read_strings(), set(), []
    for figure in sorted(HERE.glob("*.svg")):
        if figure.name.endswith(".zh-CN.svg"):
            if not figure.with_name(figure.name.replace(".zh-CN", "")).exists():
                faults.append(f"{figure.name}: a twin without its source")
            continue
        missing = set()
        chinese = translate(figure.read_text(encoding="utf-8"), rows, used, missing)
        faults += [f"{figure.name}: no row in strings.tsv for: {m}" for m in sorted(missing)]
        twin = figure.with_name(figure.stem + ".zh-CN.svg")
        if not check:
            twin.write_text(chinese, encoding="utf-8")
        elif not twin.exists() or twin.read_text(encoding="utf-8") != chinese:
            faults.append(f"{twin.name}: not what strings.tsv makes of {figure.name}; "
                          "run translate.py")
    faults += [f"strings.tsv: no figure uses: {r}" for r in sorted(set(rows) - used)]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
