"""XML as CloudBroker writes and reads it. Element names have dashes; the API also takes underscores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring


class Unreadable(Exception):
    """What came is no XML, or XML with a DTD or entities, which no reply needs."""


def read(content: bytes) -> Element:
    """The root element. A DTD and entities are refused, so that a reply can't fill the memory or make us read files and URLs."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable(f"the reply is no XML that can be read ({type(error).__name__})") from error
    return root


def text_of(element: Element, name: str) -> str:
    """The text of a child, empty where there is none."""
    return (element.findtext(name) or "").strip()


def write(root: str, content: Mapping[str, Any]) -> bytes:
    """Keys as elements; a list becomes an element with one `item` each."""
    element = Element(root)
    for key, value in content.items():
        _add(element, key, value)
    written: bytes = tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: Element, key: str, value: Any) -> None:
    child = SubElement(parent, key)
    if isinstance(value, Mapping):
        for name, item in value.items():
            _add(child, name, item)
    elif isinstance(value, list | tuple):
        for item in value:
            _add(child, "item", item)
    elif value is not None:
        child.text = str(value).lower() if isinstance(value, bool) else str(value)
