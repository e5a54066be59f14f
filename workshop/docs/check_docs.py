#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_docs.py - hold the documents to what they promise.

The English page is the source; its twin X.zh-CN.md says the same in Chinese.
This program proves what a program can prove about the pair:

  twins     each page has its twin, and the twin was made from this very source
            (first line: <!-- source: X.md sha256:... -->)
  shape     heading levels, code blocks (byte for byte), links, tables, numbered
            items and figures agree
  links     each relative link of each *.md in the repository leads somewhere,
            and so does its #anchor
  glossary  a term of glossary.tsv has one translation
  figures   each X.zh-CN.svg is what figures/strings.tsv makes of X.svg
  commands  a block marked ```console run is executed and its output compared

How to mark commands.  A block whose first word is `console` and whose second
is `run` is executed: lines that begin with "$ " are commands ("> " continues
one), the lines below are the output.  In the output "…" stands for any text,
and a line that holds only "…" for any number of lines.  Further words:

  root        runs as root, in new mount, UTS, IPC, network and PID namespaces
              (without this word: as an ordinary user, whoever runs the check)
  v1, v2      needs a hierarchy of that cgroup version
  userns      needs user namespaces for ordinary users
  with=a,b    needs these programs
  workshop    runs in a copy of the folder workshop, as root, with the level's
              solution as ./rd; all such blocks of a page are one shell's
  clone       ... in the folder above it
  (scenery.py says what stands for what in these two)

A block marked ```c file=NAME is written to NAME before the blocks run.  All
blocks of a page share one throw-away directory and are run from top to bottom.

Exit status: 0 all agree, 1 something does not.  A skip says why.
"""

import argparse
import difflib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, namedtuple
from functools import lru_cache
from pathlib import Path

import scenery

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ZH = ".zh-CN"
STAMP = re.compile(r"^<!-- source: (\S+) sha256:([0-9a-f]{64}) -->$")
LINK = re.compile(r"""(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]        # ![text]
                      \(([^()\s]+(?:\([^()\s]*\))?)        # (target
                      (?:\s+"[^"]*")?\)                     # "title")""", re.VERBOSE)
FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})(.*)$")
ORDINARY_ID = 1000
SECONDS_PER_BLOCK = 60

Block = namedtuple("Block", "line info body")
Page = namedtuple("Page", "path headings blocks links figures tables items prose")


# --- reading a page ---------------------------------------------------------

def without_code_spans(line):
    return re.sub(r"(`+)(.+?)\1", "", line)


def count_cells(row):
    return len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", row.strip().strip("|")))) + 1


@lru_cache(maxsize=None)
def read_page(path):
    headings, blocks, links, figures, tables, items, prose = [], [], [], [], [], [], []
    fence = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = FENCE.match(line)
        if fence:
            if found and found[2].startswith(fence) and not found[3].strip():
                fence = None
            else:
                blocks[-1].body.append(line.removeprefix(indent))
            continue
        if found:
            indent, fence = found[1], found[2]
            blocks.append(Block(number, found[3].strip(), []))
            continue
        if STAMP.match(line):
            continue
        heading = re.match(r"(#{1,6}) +(.*)", line)
        if heading:
            headings.append((len(heading[1]), heading[2]))
        if line.lstrip().startswith("|"):
            if tables and tables[-1][0] == number - 1:
                tables[-1] = (number, tables[-1][1] + [count_cells(line)])
            else:
                tables.append((number, [count_cells(line)]))
        item = re.match(r"\s*(\d+)\. ", line)
        if item:
            items.append(int(item[1]))
        text = without_code_spans(line)
        for picture, target in LINK.findall(text):
            (figures if picture else links).append(target)
        prose.append(text)
    return Page(path, headings, blocks, links, figures, [t[1] for t in tables], items,
                "\n".join(prose))


def anchors(page):
    """The ids that a forge gives to headings: lower case, words joined by '-'."""
    seen, names = Counter(), set()
    for _, title in page.headings:
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


# --- which pages there are --------------------------------------------------

def all_pages():
    """Every *.md of the repository that is, or could be, committed."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        names = [n for n in listed.stdout.decode().split("\0") if n]
    else:
        skip = ("build", "work", ".git", ".pytest_cache")
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*.md")
                 if not set(p.relative_to(ROOT).parts) & set(skip)]
    return sorted(ROOT / n for n in set(names) if (ROOT / n).is_file())


def is_twin(path):
    return path.name.endswith(ZH + ".md")


def twin_of(path):
    return path.with_name(path.name[:-len(".md")] + ZH + ".md")


def needs_twin(path):
    """The front page and everything a learner reads."""
    parts = path.relative_to(ROOT).parts
    return parts == ("README.md",) or parts[0] == "workshop"


def pairs():
    return [(p, twin_of(p)) for p in all_pages()
            if not is_twin(p) and (needs_twin(p) or twin_of(p).exists())]


def name_of(path):
    return str(path.relative_to(ROOT))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- the twin and its source ------------------------------------------------

def what_changed(source, stamp):
    """The lines that differ from the source that a twin was made from, where git has it."""
    def git(*words):
        return subprocess.run(["git", "-c", "safe.directory=*", *words], cwd=source.parent,
                              capture_output=True, check=False).stdout

    for commit in git("log", "--format=%h", "--", source.name).decode().split():
        old = git("show", f"{commit}:./{source.name}")
        if hashlib.sha256(old).hexdigest() == stamp:
            return changes(old.decode().splitlines(),
                           source.read_text(encoding="utf-8").splitlines())
    return ["(the source that it was made from is in no commit of this clone)"]


def changes(old, new):
    lines = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            above = [line.lstrip("# ") for line in new[:c] if re.match("#+ ", line)] or [""]
            lines += [f"line {c + 1}, in “{above[-1]}”:", *(f"  - {line}" for line in old[a:b]),
                      *(f"  + {line}" for line in new[c:d])]
    return lines


def check_twins():
    for path in all_pages():
        if is_twin(path) and not path.with_name(path.name.replace(ZH, "")).exists():
            yield f"{name_of(path)}: a twin without its source"
    for source, twin in pairs():
        if not twin.exists():
            yield f"{name_of(source)}: no twin {twin.name}"
            continue
        lines = twin.read_text(encoding="utf-8").splitlines() or [""]
        stamp = STAMP.match(lines[0])
        if not stamp or stamp[1] != source.name:
            yield (f"{name_of(twin)}: the first line must be "
                   f"<!-- source: {source.name} sha256:... -->")
        elif stamp[2] != digest(source):
            yield "\n    ".join([f"{name_of(twin)}: made from another {source.name}; translate the "
                                 "change, then stamp it with check_docs.py --stamp",
                                 *what_changed(source, stamp[2])])


def localised(target, page, suffix):
    """The Chinese neighbour of a link's target, where there is one."""
    file, hash_, anchor = target.partition("#")
    if "://" in target or not file.endswith(suffix) or ZH in file:
        return target
    neighbour = file[:-len(suffix)] + ZH + suffix
    exists = (page.parent / neighbour).exists()
    return neighbour + hash_ + anchor if exists else target


def strip_anchor(target):
    return target if "://" in target else target.partition("#")[0]


def differing_targets(where, what, ours, theirs, source, suffix):
    wanted = Counter(strip_anchor(localised(t, source, suffix)) for t in ours)
    got = Counter(strip_anchor(t) for t in theirs)
    # The line at the top that leads to the other language is no content.
    wanted.pop(twin_of(source).name, None)
    got.pop(source.name, None)
    if wanted != got:
        missing, extra = sorted((wanted - got).elements()), sorted((got - wanted).elements())
        yield f"{where}: {what} differ: missing {missing}, extra {extra}"


def check_shape():
    for source, twin in pairs():
        if not twin.exists():
            continue
        a, b = read_page(source), read_page(twin)
        where = name_of(twin)
        levels, twin_levels = [[level for level, _ in page.headings] for page in (a, b)]
        if levels != twin_levels:
            yield f"{where}: headings differ: {levels} here {twin_levels}"
        if len(a.blocks) != len(b.blocks):
            yield f"{where}: {len(b.blocks)} code blocks, the source has {len(a.blocks)}"
        for ours, theirs in zip(a.blocks, b.blocks):
            if (ours.info, ours.body) != (theirs.info, theirs.body):
                yield f"{where}:{theirs.line}: code differs from {source.name}:{ours.line}"
        if a.tables != b.tables:
            yield f"{where}: tables differ: {a.tables} here {b.tables}"
        if a.items != b.items:
            yield f"{where}: numbered items differ: {a.items} here {b.items}"
        yield from differing_targets(where, "links", a.links, b.links, source, ".md")
        yield from differing_targets(where, "figures", a.figures, b.figures, source, ".svg")


# --- links ------------------------------------------------------------------

def check_links():
    for path in all_pages():
        page = read_page(path)
        for target in page.links + page.figures:
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            file, _, anchor = target.partition("#")
            goal = (path.parent / file) if file else path
            if not goal.exists():
                yield f"{name_of(path)}: dead link {target}"
            elif anchor and goal.suffix == ".md":
                if anchor not in anchors(read_page(goal.resolve())):
                    yield f"{name_of(path)}: no heading for {target}"


# --- glossary ---------------------------------------------------------------

def read_glossary():
    """Rows of: term, its Chinese, the Chinese words that are not to be used."""
    rows = []
    for line in (HERE / "glossary.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            term, chinese, *avoid = line.split("\t")
            rows.append((term, chinese, [w for w in "".join(avoid).split(",") if w]))
    return rows


def check_glossary():
    rows = read_glossary()
    terms = [r[0].lower() for r in rows]
    for term, n in Counter(terms).items():
        if n > 1:
            yield f"glossary.tsv: {term} is listed {n} times"
    for source, twin in pairs():
        if not twin.exists():
            continue
        english, chinese = read_page(source).prose, read_page(twin).prose
        for term, word, avoid in rows:
            for bad in avoid:
                if bad in chinese.replace(word, ""):
                    yield f"{name_of(twin)}: {term} is {word} here, not {bad} (glossary.tsv)"
            used = re.search(rf"\b{re.escape(term)}s?\b", english, re.IGNORECASE)
            kept = re.search(rf"\b{re.escape(term)}s?\b", chinese, re.IGNORECASE)
            if used and not kept and word not in chinese:
                yield f"{name_of(twin)}: {term} should appear as {word} (glossary.tsv)"


# --- figures ----------------------------------------------------------------

def check_figures():
    script = HERE / "figures" / "translate.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        yield from (done.stdout + done.stderr).splitlines()


# --- commands ---------------------------------------------------------------

def mounts_have(kind):
    with open("/proc/self/mounts", encoding="utf-8") as table:
        return any(line.split()[2] == kind for line in table)


def cgroup2_is_main():
    return os.path.exists("/sys/fs/cgroup/cgroup.controllers")


def as_ordinary_user(argv):
    if os.geteuid():
        return argv
    return ["setpriv", f"--reuid={ORDINARY_ID}", f"--regid={ORDINARY_ID}", "--clear-groups",
            "--inh-caps=-all", *argv]


@lru_cache(maxsize=None)
def userns_works():
    probe = as_ordinary_user(["unshare", "--user", "--map-root-user", "true"])
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


NEEDS = {
    "root": (lambda: os.geteuid() == 0, "needs root"),
    "v1": (lambda: mounts_have("cgroup"), "no cgroup v1 hierarchy is mounted"),
    "v2": (cgroup2_is_main, "/sys/fs/cgroup is no cgroup v2 tree"),
    "userns": (userns_works, "ordinary users may not make user namespaces here"),
    "workshop": (lambda: os.geteuid() == 0, "needs root"),
    "clone": (lambda: os.geteuid() == 0, "needs root"),
}


def why_skip(words):
    for word in words:
        if word.startswith("with="):
            missing = [p for p in word[5:].split(",") if not shutil.which(p)]
            if missing:
                return f"needs {', '.join(missing)}"
        elif word not in NEEDS:
            return f"unknown word {word!r} after console run"
        elif not NEEDS[word][0]():
            return NEEDS[word][1]
    return None


def read_session(body):
    """[(command, [output lines])]: what a console block shows."""
    session = []
    for line in body:
        if line.startswith("$ "):
            session.append((line[2:], []))
        elif line.startswith("> ") and session and not session[-1][1]:
            session[-1] = (session[-1][0] + "\n" + line[2:], [])
        elif session:
            session[-1][1].append(line)
    return session


def output_pattern(lines, expect=re.escape):
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*")
        else:
            parts.append(".*".join(expect(p) for p in line.rstrip().split("…")) + r"[ \t]*\n")
    return re.compile("".join(parts))


# Whatever a block starts or mounts ends with it.
CAGE = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
        "--mount-proc"]


def run_session(session, directory, words):
    """The output of each command, all run by one shell that outlives none of its children."""
    script = ['__at() { local s=$?; printf "\\001%d\\001" "$1"; return $s; }']
    if is_scene(words):
        script.append(scenery.OWN_TMP.format(where="workshop" if "workshop" in words else ""))
    for n, (command, _) in enumerate(session):
        script += [f"__at {n}", scenery.played(command) if is_scene(words) else command]
    argv = ["bash", "--norc", "-c", "\n".join(script)]
    if os.geteuid() == 0:
        is_root = "root" in words or is_scene(words)
        argv = CAGE + (["--uts", "--ipc", "--net", *argv] if is_root else as_ordinary_user(argv))
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
           "LC_ALL": "C.UTF-8", "HOME": directory, "TERM": "dumb", "SHELL": "/bin/bash"}
    done = subprocess.run(argv, cwd=directory, env=env, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          errors="replace", timeout=SECONDS_PER_BLOCK, start_new_session=True)
    pieces = re.split(r"\001(\d+)\001", done.stdout)
    got = {int(n): text for n, text in zip(pieces[1::2], pieces[2::2])}
    return [got.get(n) for n in range(len(session))], pieces[0]


def run_block(page, block, directory):
    words = block.info.split()[2:]
    where = f"{name_of(page.path)}:{block.line}"
    session = read_session(block.body)
    if not session:
        yield f"{where}: nothing to run (commands begin with '$ ')"
        return
    try:
        outputs, before = run_session(session, directory, words)
    except subprocess.TimeoutExpired:
        yield f"{where}: took more than {SECONDS_PER_BLOCK} s"
        return
    expect = scenery.expect if is_scene(words) else re.escape
    for (command, wanted), got in zip(session, outputs):
        pattern = output_pattern(wanted, expect)
        if got is None:
            yield f"{where}: never came to: {command}\n    {before.strip()}"
        elif not pattern.fullmatch(got + "\n" * (got[-1:] not in ("", "\n"))):
            yield "\n".join([f"{where}: $ {command}",
                             "    wanted:", *("      " + w for w in wanted),
                             "    got:", *("      " + g[:200] for g in got.splitlines()[:40])])


def is_scene(words):
    return "workshop" in words or "clone" in words


def joined(blocks, skipped, page):
    """The blocks that are run, those of a scene as one."""
    scene = None
    for block in blocks:
        words = block.info.split()[2:]
        why = why_skip(words)
        if why and not why.startswith("unknown"):
            skipped.append((f"{name_of(page.path)}:{block.line}", why))
        elif scene and is_scene(words):
            scene.body.extend(block.body)
        else:
            block = Block(block.line, block.info, list(block.body))
            scene = block if is_scene(words) else scene
            yield block


def check_commands_of(path, skipped):
    """Runs one page; appends (where, why) to skipped."""
    page = read_page(path)
    todo = [b for b in page.blocks if b.info.split()[:2] == ["console", "run"]]
    if not todo:
        return
    with tempfile.TemporaryDirectory(prefix="check-docs-") as directory:
        for block in page.blocks:
            named = re.match(r"\w+ file=([\w.-]+)$", block.info)
            if named:
                Path(directory, named[1]).write_text("\n".join(block.body) + "\n", encoding="utf-8")
        if os.geteuid() == 0:
            for entry in [directory, *Path(directory).iterdir()]:
                os.chown(entry, ORDINARY_ID, ORDINARY_ID)
        todo = list(joined(todo, skipped, page))
        if any(is_scene(block.info.split()) for block in todo):
            scenery.build(directory, path)
        for block in todo:
            why = why_skip(block.info.split()[2:])
            if why:
                yield f"{name_of(path)}:{block.line}: {why}"
            else:
                yield from run_block(page, block, directory)


def pages_with_commands():
    """Sources only: the twin's blocks are the same bytes."""
    return [p for p in all_pages() if not is_twin(p)
            and any(b.info.split()[:2] == ["console", "run"] for b in read_page(p).blocks)]


def check_commands(skipped):
    for path in pages_with_commands():
        yield from check_commands_of(path, skipped)


# --- the program ------------------------------------------------------------

CHECKS = {
    "twins": check_twins,
    "shape": check_shape,
    "links": check_links,
    "glossary": check_glossary,
    "figures": check_figures,
}


def stamp_twins():
    for source, twin in pairs():
        if not twin.exists():
            continue
        lines = twin.read_text(encoding="utf-8").splitlines(keepends=True)
        if lines and lines[0].startswith("<!-- source:"):
            lines = lines[1:]
        first = f"<!-- source: {source.name} sha256:{digest(source)} -->\n"
        twin.write_text(first + "".join(lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Check the documents of this repository.")
    parser.add_argument("--no-run", action="store_true",
                        help="do not execute the documented commands")
    parser.add_argument("--only", choices=[*CHECKS, "commands"], help="just this check")
    parser.add_argument("--stamp", action="store_true",
                        help="write the source's hash into each twin (after translating!)")
    options = parser.parse_args()
    if options.stamp:
        stamp_twins()
    skipped, failed = [], 0
    checks = dict(CHECKS)
    if not options.no_run:
        checks["commands"] = lambda: check_commands(skipped)
    for name, check in checks.items():
        if options.only and name != options.only:
            continue
        faults = list(check())
        failed += len(faults)
        print(f"{'FAIL' if faults else 'ok  '}  {name}")
        for fault in faults:
            print(f"  {fault}")
    for where, why in skipped:
        print(f"skip  {where}: {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
