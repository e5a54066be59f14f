# SPDX-License-Identifier: MIT
"""The documents keep their promises: see workshop/docs/check_docs.py, which says how."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "workshop" / "docs"
SLIDES = ROOT / "workshop" / "slides"


sys.path.insert(0, str(DOCS))
import check_docs  # noqa: E402


@pytest.mark.parametrize("check", check_docs.CHECKS.values(), ids=check_docs.CHECKS.keys())
def test_documents_agree(check):
    assert list(check()) == []


def test_no_page_sends_people_to_a_level_that_is_not_there():
    names = "".join(p.name + "\n" for p in (ROOT / "workshop/levels").iterdir())
    texts = [*ROOT.glob("workshop/**/*.md"), *ROOT.glob("workshop/docs/figures/*.svg")]
    sent = [(p.name, number) for p in texts for number in re.findall(
            r"\b[Ll]evels? (\d\d)\b|第 (\d\d) 关", p.read_text(encoding="utf-8"))]
    assert sent and [(p, n) for p, n in sent if f"\n{n[0] or n[1]}_" not in "\n" + names] == []


# --- the checker itself can fail ----------------------------------------------

SOURCE = """# Title

One [link](other.md) and ![a picture](a.svg).

```console run
$ echo hello
hello
```

| a | b |
| --- | --- |
| 1 | 2 |

1. first
"""

CHANGES = {
    "a heading one deeper": ("# Title", "## Title"),
    "another command": ("$ echo hello", "$ echo good-bye"),
    "a link less": ("[link](other.md)", "link"),
    "another figure": ("a.svg", "b.svg"),
    "a table of another width": ("| 1 | 2 |", "| 1 |"),
    "an item with another number": ("1. first", "2. first"),
}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A repository of one page, its twin, and an empty glossary."""
    page = tmp_path / "workshop" / "page.md"
    page.parent.mkdir()
    page.write_text(SOURCE)
    (tmp_path / "glossary.tsv").write_text("host\t主机\t宿主\n")
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    monkeypatch.setattr(check_docs, "HERE", tmp_path)
    check_docs.read_page.cache_clear()
    yield page
    check_docs.read_page.cache_clear()


def write_twin(page, text):
    stamp = f"<!-- source: {page.name} sha256:{check_docs.digest(page)} -->\n"
    check_docs.twin_of(page).write_text(stamp + text)


def test_a_true_twin_passes(house):
    write_twin(house, SOURCE)
    assert list(check_docs.check_twins()) == []
    assert list(check_docs.check_shape()) == []


@pytest.mark.parametrize("old, new", CHANGES.values(), ids=CHANGES.keys())
def test_a_twin_that_differs_is_found(house, old, new):
    write_twin(house, SOURCE.replace(old, new))
    assert len(list(check_docs.check_shape())) == 1


def test_a_missing_twin_is_found(house):
    assert list(check_docs.check_twins()) == ["workshop/page.md: no twin page.zh-CN.md"]


def test_a_twin_of_an_older_source_is_found(house):
    write_twin(house, SOURCE)
    house.write_text(SOURCE + "\nA new sentence.\n")
    assert "made from another page.md" in "".join(check_docs.check_twins())


def test_what_is_to_be_translated_is_told_where_git_knows_it(house):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org",
                        "-c", "safe.directory=*", *words], cwd=house.parent, check=True,
                       stdout=subprocess.DEVNULL)

    write_twin(house, SOURCE)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    house.write_text(SOURCE.replace("One [link]", "Another [link]") + "\nA new sentence.\n")
    git("commit", "-qam", "second")
    house.write_text(house.read_text() + "\n## New heading\n")
    [fault] = check_docs.check_twins()
    told = [line.strip() for line in fault.splitlines()[1:]]
    assert told == ["line 3, in “Title”:", "- One [link](other.md) and ![a picture](a.svg).",
                    "+ Another [link](other.md) and ![a picture](a.svg).",
                    "line 15, in “Title”:", "+", "+ A new sentence.", "+", "+ ## New heading"]


def test_dead_links_and_missing_anchors_are_found(house):
    house.write_text("# Title\n\n[a](gone.md) [b](#title) [c](#nowhere) "
                     "[d](https://example.org/x)\n")
    assert list(check_docs.check_links()) == ["workshop/page.md: dead link gone.md",
                                             "workshop/page.md: no heading for #nowhere"]


def test_a_term_translated_another_way_is_found(house):
    house.write_text("# On the host\n")
    write_twin(house, "# 在宿主上\n")
    faults = list(check_docs.check_glossary())
    assert len(faults) == 2 and "not 宿主" in faults[0] and "should appear as 主机" in faults[1]


@pytest.mark.parametrize("output, faults", [
    ("hello\n", 0), ("he…\n", 0), ("…\n", 0), ("good-bye\n", 1), ("hello\nhello\n", 1), ("", 1),
])
def test_output_is_compared(house, output, faults):
    house.write_text(f"```console run\n$ echo hello\n{output}```\n")
    assert len(list(check_docs.check_commands_of(house, []))) == faults


def test_commands_run_as_an_ordinary_user_in_a_directory_of_their_own(house):
    house.write_text("```console run\n$ echo x > f; test -w /etc/passwd; echo $?\n1\n```\n"
                     "```console run\n$ cat f; pwd\nx\n/tmp/check-docs-…\n```\n")
    assert list(check_docs.check_commands_of(house, [])) == []


def test_a_level_s_commands_run_on_its_solution(house, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    level = tmp_path / "workshop" / "levels" / "00_fork_exec"
    level.mkdir(parents=True)
    page = level / "README.md"
    page.write_text("```console run workshop\n$ ./rd run sh -c 'exit 3'\n"
                    "4711 exited with status 3\n$ cd levels; x=kept\n```\n"
                    "```console run workshop\n$ pwd; echo $x\n/tmp/check-docs-…/workshop/levels\n"
                    "kept\n```\n")
    assert list(check_docs.check_commands_of(page, [])) == []
    page.write_text("```console run workshop\n$ ./rd run true\n4711 exited with status 1\n```\n")
    check_docs.read_page.cache_clear()
    assert len(list(check_docs.check_commands_of(page, []))) == 1


def test_an_unknown_word_after_run_is_found(house):
    house.write_text("```console run rooot\n$ true\n```\n")
    assert "unknown word" in "".join(check_docs.check_commands_of(house, []))


# --- figures and slides -----------------------------------------------------------

def test_a_figure_without_a_translation_is_found(tmp_path):
    figures = tmp_path / "figures"
    shutil.copytree(DOCS / "figures", figures)
    overlay = figures / "overlay.svg"
    overlay.write_text(overlay.read_text().replace(">upper<", ">the upper one<"))
    done = subprocess.run([sys.executable, figures / "translate.py", "--check"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no row in strings.tsv for: the upper one" in done.stdout
    assert "overlay.zh-CN.svg: not what strings.tsv makes of overlay.svg" in done.stdout


@pytest.mark.parametrize("figure", sorted((DOCS / "figures").glob("*.svg")), ids=lambda f: f.name)
def test_figures_can_be_drawn(figure, tmp_path):
    if not shutil.which("rsvg-convert"):
        pytest.skip("needs rsvg-convert (librsvg2-bin)")
    picture = tmp_path / "figure.png"
    subprocess.run(["rsvg-convert", "-w", "600", "-o", picture, figure], check=True)
    assert picture.stat().st_size > 5000


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    for program in ("pandoc", "weasyprint", "pdftotext"):
        if not shutil.which(program):
            pytest.skip(f"needs {program} (pandoc, weasyprint, poppler-utils)")
    out = tmp_path_factory.mktemp("slides")
    workshop = ROOT / "workshop"
    subprocess.run(["make", "-s", "-C", workshop, "-f", "slides/slides.mk", "slides",
                    f"SLIDES_OUT={out}"], check=True)
    return out


def bare(text):
    """Without what typesetting changes: spaces, quotation marks, pandoc's {.class}."""
    return re.sub(r"""[\s`'"‘’“”]""", "", re.sub(r" \{\.\w+\}$", "", text))


@pytest.mark.parametrize("name", ["slides", "slides.zh-CN"])
def test_slides_are_one_file_each_and_one_page_a_slide(slides, name):
    html = (slides / f"{name}.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]+"', html), "loads something"
    assert "url(http" not in html
    assert html.count("<section") == len(check_docs.read_page(SLIDES / f"{name}.md").headings)
    titles = [title for _, title in check_docs.read_page(SLIDES / f"{name}.md").headings]
    pages = subprocess.run(["pdftotext", "-layout", slides / f"{name}.pdf", "-"], check=True,
                           capture_output=True, text=True).stdout.split("\f")[:-1]
    assert len(pages) == len(titles)
    for title, page in zip(titles, pages):
        assert bare(title)[:8] in bare(page), (title, page)
