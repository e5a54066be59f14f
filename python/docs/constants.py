"""constants.py - the directive `constants`: a table of one group of constants.

    .. constants:: mount

Names and meanings come from constants.tsv, which holds both languages: lines of
name, Linux version if later than 5.10, English, Chinese, under `= group` headings.

SPDX-License-Identifier: MIT
"""
import pathlib

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

TABLE = pathlib.Path(__file__).with_name("constants.tsv")
HEADINGS = {
    "en": ("Constant", "Meaning", "Linux"),
    "zh_CN": ("常量", "含义", "Linux"),
}


def groups():
    """{group: [(name, version, English, Chinese)]}"""
    result = {}
    for line in TABLE.read_text().splitlines():
        if line.startswith("= "):
            result[line[2:]] = rows = []
        else:
            rows.append(tuple(line.split("\t")))
    return result


class Constants(Directive):
    required_arguments = 1

    def run(self):
        environment = self.state.document.settings.env
        environment.note_dependency(str(TABLE))
        language = environment.config.language
        column = 2 if language == "en" else 3
        rows = [HEADINGS[language]]
        rows += [(f"``{row[0]}``", row[column], row[1]) for row in groups()[self.arguments[0]]]
        if not any(row[2] for row in rows[1:]):  # nothing younger than Linux 5.10
            rows = [row[:2] for row in rows]
        lines = [".. list-table::", "   :class: constants", "   :header-rows: 1",
                 "   :widths: " + ("36 54 10" if len(rows[0]) == 3 else "36 64"), ""]
        for row in rows:
            lines += [f"   {'*' if cell == 0 else ' '} - {text}"
                      for cell, text in enumerate(row)]
        parent = self.state.parent.__class__()
        self.state.nested_parse(StringList(lines, str(TABLE)), 0, parent)
        return parent.children


def setup(app):
    app.add_directive("constants", Constants)
    return {"parallel_read_safe": True}
