"""Configuration of the documentation site.

Build it with ``python -m sphinx -W --keep-going -b html docs docs/_build/html``. The build needs no network.
"""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
SECTIONS = ["letters", "ensemble", "evaluation", "words", "deployment"]  # of the gallery, in order
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent / "src")]
os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks do not gain from more threads
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import ensemble_hwr  # noqa: E402

project = "ensemble_hwr"
author = "ensemble_hwr developers"
copyright = "2026, ensemble_hwr developers. BSD 3-Clause License"
version = release = ensemble_hwr.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "api_reference",
    "links",
]

exclude_patterns = ["_build", "_ext", "_templates", "tutorials/*"]
templates_path = ["_templates"]
default_role = "py:obj"
suppress_warnings = ["config.cache", "toc.empty_glob"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": ["tutorials", "../examples"],
    "gallery_dirs": ["auto_tutorials", "auto_examples"],
    "filename_pattern": r"plot_\w+\.py$",
    "image_scrapers": ("gallery_figures.save_figures",),
    "reset_modules": ("gallery_figures.set_style",),
    "reset_modules_order": "before",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("ensemble_hwr",),
    "backreferences_dir": "api/backreferences",
    "subsection_order": [
        f"../examples/{name}" for name in ["letters", "ensemble", "evaluation", "words", "deployment"]
    ],
    "capture_repr": (),
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 3600,
    "plot_gallery": "True",
}

html_theme = "pydata_sphinx_theme"
html_title = "ensemble_hwr"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_favicon = "_static/logo-light.svg"
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "image_light": "_static/logo-light.svg",
        "image_dark": "_static/logo-dark.svg",
        "text": "ensemble_hwr",
        "alt_text": "ensemble_hwr: home",
    },
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "quick_start": [], "glossary": []}
