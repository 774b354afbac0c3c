"""How Sphinx builds these pages: `sphinx-build -W -n docs docs/_build`, without a network."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml

import ppdl

sys.path.insert(0, str(Path(__file__).parent))
import recorded

project = "ppdl"
author = "The ppdl developers"
copyright = "The ppdl developers"
version = release = ppdl.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx_design",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build", "_generated", "notebooks/README.md", "notebooks/results"]
templates_path = ["_templates"]

nb_execution_mode = "off"  # notebooks are shown as they are recorded
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

default_role = "literal"
nitpick_ignore_regex = [("py:.*", r"sklearn\..*")]  # elsewhere

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections name types
numpydoc_show_class_members = False  # the template lists them
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "ppdl"
html_static_path = ["_static"]
html_css_files = ["ppdl.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def mathematics(translator, node):
    """Write a formula as MathML, which browsers show without a script."""
    is_block = isinstance(node, nodes.math_block)
    translator.body.append(latex2mathml.tex2mathml(node.astext().replace(r"\dots", r"\ldots"), as_block=is_block))
    raise nodes.SkipNode


def setup(app):
    """Write what is made from recorded runs before Sphinx reads the pages."""
    app.add_html_math_renderer("mathml", (mathematics, None), (mathematics, None))
    app.connect("builder-inited", lambda app: recorded.write(Path(app.srcdir) / "_generated"))
