"""How Sphinx builds the site: ``make docs``. Nothing is fetched, neither now nor by a reader."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import blockmix

project = "blockmix"
author = "The blockmix developers"
copyright = author
release = version = blockmix.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "extension",  # beside this file
]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
highlight_language = "sh"  # code that is set in by four spaces is a command line

# A page shows the same whether torch is installed or not.
autodoc_mock_imports = ["torch"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say it in words
autosummary_generate = False
numpydoc_show_class_members = False
# A name in single quotes is a link wherever the reference has it.
default_role = "py:obj"

nitpicky = True
nitpick_ignore_regex = [
    # Names that docstrings give to whoever reads the code; the reference shows public ones only.
    (r"py:.*", r"blockmix\.(forecasting|privacy\.attacks)\..*|contact_sheet"),
    # Bases outside the project, whose pages would have to be fetched.
    (r"py:.*", r"torch\..*"),
    (r"py:class", r"(Exception|ValueError|TypeError|RuntimeError)"),
]

html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_title = f"blockmix {release}"
html_theme_options = {
    "navbar_center": [],  # all pages stand at the left
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"**": ["all-pages"]}
html_copy_source = html_show_sourcelink = False
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["pages.css"]
