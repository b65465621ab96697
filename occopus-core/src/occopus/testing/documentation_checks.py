"""Checks that users can read what they may write, before they install anything."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from occopus.plugins.registry import Registry
from occopus.testing.contract import written_in
from occopus.testing.section_checks import COMMON, Spec


class DocumentationChecks:
    @pytest.fixture
    def readme(self, spec: Spec, occopus_registry: Registry) -> str:
        """The README of the installed package, which is its description in an index; of an editable one as it is now."""
        for plugin in occopus_registry.plugins.values():
            if type(plugin.spec) is type(spec) and plugin.name == spec.type:
                return readme_of(distribution(plugin.package.name))
        pytest.fail(f"no installed package offers '{spec.type}': install yours, with an entry point in the group 'occopus'")

    @written_in(COMMON, "The README of the package, which is what its distribution shows as its description, names the type")
    def test_readme_names_the_type(self, spec: Spec, readme: str) -> None:
        assert readme.strip(), "a package must have a README, and name it in its pyproject.toml ('readme')"
        assert names(readme, spec.type), f"the package's README must say that it offers the type '{spec.type}'"

    @written_in(COMMON, "names the type and every key that has a description")
    def test_readme_names_every_key(self, spec: Spec, readme: str) -> None:
        credentials = getattr(spec, "credentials", None)
        wanted = {*described_keys(spec.schema), *(described_keys(credentials.schema) if credentials else ())}
        unnamed = sorted(key for key in wanted if not names(readme, key))
        assert not unnamed, f"the package's README must name every key that users may write; it says nothing of {unnamed}"


def readme_of(package: Distribution) -> str:
    origin = json.loads(package.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return package.metadata["Description"] or ""
    folder = Path(url2pathname(urlsplit(origin["url"]).path))
    declared = tomllib.loads((folder / "pyproject.toml").read_text())["project"].get("readme", "")
    file = declared if isinstance(declared, str) else declared.get("file", "")
    return (folder / file).read_text() if file else ""


def names(readme: str, word: str) -> bool:
    """Whether a word stands in a text, and not as a part of another."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", readme) is not None


def described_keys(schema: Mapping[str, Any]) -> Iterator[str]:
    """The keys of a schema that have a description, also those below others."""
    for key, rule in schema.items():
        if rule.get("meta", {}).get("description"):
            yield key
        yield from _below(rule)


def _below(rule: Mapping[str, Any]) -> Iterator[str]:
    for each in (rule, *rule.get("anyof", ()), *rule.get("oneof", ())):
        inner = each.get("schema")
        if isinstance(each.get("valuesrules"), Mapping):
            yield from _below(each["valuesrules"])
        if isinstance(inner, Mapping) and "dict" in each.get("type", ()):
            yield from described_keys(inner)
        elif isinstance(inner, Mapping):  # the rule for the items of a list
            yield from _below(inner)
