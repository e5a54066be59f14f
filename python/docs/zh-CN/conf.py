# SPDX-License-Identifier: MIT
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from conf_common import *  # noqa: E402, F401, F403

language = "zh_CN"
html_title = "linux：Python 中的内核容器调用"
html_theme_options["description"] = "Python 中的内核容器调用"
