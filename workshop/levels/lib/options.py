"""options.py - the command line of all levels.

    rd run [-i IMAGE] [--image-dir D] [--container-dir D] [--cpu-shares N]
           [--memory BYTES] [--memory-swap BYTES] [--user U[:G]] [--] COMMAND...

Every level takes every option and uses those it has learned. An option that was not given
is None; a wrong command line ends the program with status 2.

SPDX-License-Identifier: MIT
"""
import argparse
import os


def parse_image(name):
    """The name becomes a part of a path: it must not lead elsewhere."""
    if not name or name.startswith(".") or "/" in name:
        raise argparse.ArgumentTypeError(f"{name} is not the name of an image")
    return name


def parse_shares(text):
    if not text.isdecimal() or not 2 <= int(text) <= 262144:
        raise argparse.ArgumentTypeError(f"wants a number from 2 to 262144, not {text}")
    return int(text)


def join_values(words):
    """["--memory", "-1"] as ["--memory=-1"]: argparse takes a lone "-1" for an option."""
    words, joined = list(words), []
    while words and words[0].startswith("-") and words[0] != "--":
        word = words.pop(0)
        if word.startswith("--memory") and "=" not in word and words:
            word += "=" + words.pop(0)
        elif (word == "-i" or word.startswith("--")) and "=" not in word and words:
            joined.append(word)
            word = words.pop(0)
        joined.append(word)
    return joined + words


def options_parse(argv):
    """The options; .command is what to run, never empty."""
    parser = argparse.ArgumentParser(prog="rd", allow_abbrev=False)
    run = parser.add_subparsers(required=True, metavar="run").add_parser("run",
                                                                         allow_abbrev=False)
    run.add_argument("-i", "--image-name", dest="image", default="ubuntu", type=parse_image,
                     help="the image to start from (ubuntu)")
    run.add_argument("--image-dir", default="/workshop/images", type=os.path.abspath,
                     help="where IMAGE.tar is (/workshop/images)")
    run.add_argument("--container-dir", default="/workshop/containers", type=os.path.abspath,
                     help="where containers live (/workshop/containers)")
    run.add_argument("--cpu-shares", type=parse_shares,
                     help="weight of the processor time, 2 to 262144")
    run.add_argument("--memory", help="limit of the memory, as in 64m; -1 is none")
    run.add_argument("--memory-swap", help="limit of memory and swap together")
    run.add_argument("--user", help="who runs the command, by number or by name")
    run.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv[1:2] + join_values(argv[2:]))
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        run.error("no command")
    return options
