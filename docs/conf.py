"""The documentation site: `nox -s docs` builds it. What can be drawn from the code is written by `generating/` when the build begins."""

import re
import sys
from pathlib import Path
from textwrap import indent

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "Occopus"
author = "The Occopus authors"
html_title = "Occopus"
html_theme = "furo"
html_copy_source = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["site", "generating", "design/README.md", "generated/scaffold"]
smartquotes = False
default_role = "code"  # what is in single backticks in docstrings
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
suppress_warnings = ["myst.header"]  # pages of packages begin below the heading that the site gives them
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
add_module_names = False


RAISES = re.compile(r"^Raises:\n((?: {4}.*\n?)+)", re.MULTILINE)
RAISED = re.compile(r"^ {4}(?! )([^:]+):", re.MULTILINE)
EXAMPLE = re.compile(r"(?<=\n\n)(?=    (?:class|@|from|import)\b)")
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = ".. code-block:: python\n\n"


def as_restructured_text(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Docstrings have code between fences or indented, as Markdown does, and what they raise in a section."""
    text = EXAMPLE.sub(BLOCK, "\n".join(lines))
    text = FENCE.sub(lambda code: BLOCK + indent(code[1], "    "), text)
    text = RAISES.sub(lambda section: RAISED.sub(r":raises \1:", section[1]), text)
    lines[:] = text.splitlines()


def setup(app: Sphinx) -> None:
    from generating.pages import write_everything  # noqa: PLC0415 - the folder is on the path from here on

    app.connect("autodoc-process-docstring", as_restructured_text)
    app.connect("builder-inited", lambda app: write_everything(HERE / "generated"))
