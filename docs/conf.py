"""The site of these pages: `sphinx-build -W docs build/docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cards import __version__

project = "Cards"
author = "The Cards authors"
copyright = author  # noqa: A001 (Sphinx's name)
version = release = __version__
extensions = ["myst_parser", "sphinx_click"]
myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Cards"
html_show_sphinx = False
html_extra_path = ["llms.txt"]
exclude_patterns = ["build"]
nitpicky = True
highlight_language = "none"
