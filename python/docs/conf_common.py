"""conf_common.py - what the two languages of the manual share.

SPDX-License-Identifier: MIT
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

project = "linux"
author = "Sampan"
copyright = "MIT"
release = version = "0.1.0"

extensions = ["constants"]
source_suffix = ".rst"
html_theme = "alabaster"
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_theme_options = {
    "show_powered_by": False, "fixed_sidebar": True, "page_width": "1080px",
    "sidebar_width": "230px"}
html_static_path = ["../static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
manpages_url = "https://man7.org/linux/man-pages/man{section}/{page}.{section}.html"
python_use_unqualified_type_names = True
highlight_language = "python"
pygments_style = "friendly"
