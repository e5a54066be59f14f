# SPDX-License-Identifier: MIT
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from conf_common import *  # noqa: E402, F401, F403

language = "en"
html_title = "linux - the kernel's container calls in Python"
html_theme_options["description"] = "The kernel's container calls in Python"
