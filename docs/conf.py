"""How Sphinx builds these pages: `sphinx-build -W -n docs docs/_build`, without a network."""

import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.ext import autosummary

import ppdl

sys.path.insert(0, str(Path(__file__).parent))
import headers
import recorded

project = "ppdl"
author = "The ppdl developers"
copyright = "The ppdl developers"
version = release = ppdl.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx_design",
    "breathe",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build", "_generated"]
templates_path = ["_templates"]

nb_execution_mode = "off"  # notebooks are shown as they are recorded
nb_render_markdown_format = "myst"  # with tables
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

default_role = "literal"
nitpick_ignore_regex = [
    ("py:.*", r"sklearn\..*"),  # elsewhere
    ("cpp:identifier", r"(std|Eigen|Clock)(::.*)?|ppdl"),
    ("std:ref", r"\w+_8hpp"),  # whole headers, of which pages have sections
]

autosummary_generate = True
autosummary.WELL_KNOWN_ABBREVIATIONS += ("Sec.",)  # doesn't end a sentence
autodoc_typehints = "none"  # numpydoc's sections name types
numpydoc_show_class_members = False  # the template lists them
numpydoc_xref_param_type = False

breathe_projects = {"ppdl": str(Path(__file__).parent / headers.XML)}
breathe_default_project = "ppdl"
breathe_default_members = ("members", "undoc-members")
breathe_show_include = False

html_theme = "pydata_sphinx_theme"
html_title = "ppdl"
html_static_path = ["_static"]
html_css_files = ["ppdl.css"]
html_show_sourcelink = False
html_sidebars = {"*": []}  # pages without others below them
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 7,
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def mathematics(translator, node):
    """Write a formula as MathML, which browsers show without a script."""
    formula = node.astext().replace(r"\dots", r"\ldots")  # docutils knows neither this,
    formula = re.sub(r"\\t?frac(\d)(\d)", r"\\frac{\1}{\2}", formula)  # nor digits without braces
    translator.body.append(latex2mathml.tex2mathml(formula, as_block=isinstance(node, nodes.math_block)))
    raise nodes.SkipNode


def without_blank_ends(app, docname, source):
    """Take out the blank lines that tell doctest where a block ends."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def setup(app):
    """Write what is made from recorded runs and from headers before Sphinx reads the pages."""
    app.add_html_math_renderer("mathml", (mathematics, None), (mathematics, None))
    app.connect("source-read", without_blank_ends)
    app.connect("builder-inited", lambda app: recorded.write(Path(app.srcdir)))
    app.connect("builder-inited", lambda app: headers.write(Path(app.srcdir)))
