"""How far the transport of an image is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEGABYTE = 1_000_000


class Layers:
    """Adds up what an engine says of each layer that it pulls."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, tuple[int, int]] = {}

    def progress(self, line: Mapping[str, Any]) -> str:
        """After one more line of the engine."""
        detail = line.get("progressDetail") or {}
        if line.get("status") == "Downloading" and detail.get("total"):
            self._layers[str(line.get("id"))] = (int(detail.get("current") or 0), int(detail["total"]))
        elif line.get("status") == "Download complete" and line.get("id") in self._layers:
            total = self._layers[line["id"]][1]
            self._layers[line["id"]] = (total, total)
        done, all = (sum(sizes) for sizes in zip(*self._layers.values(), strict=True)) if self._layers else (0, 0)
        return amount(f"pulling the image {self._image}", done, all)


def amount(doing: str, done: int, all: int | None) -> str:
    """Sizes are in bytes; `all` is None or 0 where nobody knows."""
    if all:
        return f"{doing}: {done / MEGABYTE:.1f} of {all / MEGABYTE:.1f} MB"
    return f"{doing}: {done / MEGABYTE:.1f} MB" if done else doing
