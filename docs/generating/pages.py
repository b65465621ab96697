"""All that is generated, in one place."""

from __future__ import annotations

from pathlib import Path

from generating.backends import backend_pages
from generating.descriptions import PAGE
from generating.pictures import pictures
from generating.rest import rest_page
from occopus.scaffold.names import Names
from occopus.scaffold.writing import rendered


def write_everything(folder: Path) -> None:
    """Write the pages that come from the code. What has not changed is left alone, so that it is not built again."""
    scaffold = {f"scaffold/{path}": text for path, text in rendered(Names.of("mycloud"), "resource")}
    texts = {**scaffold, **backend_pages(), **pictures(), "rest.md": rest_page(), "descriptions.md": PAGE}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
