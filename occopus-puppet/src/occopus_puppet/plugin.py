"""What this package offers: the type `puppet_solo` of the `config_management` section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import ConfigManagerSpec, Problem, hookimpl, text

CONTRACT = 1

URL = r"[A-Za-z][A-Za-z0-9+.-]*://\S+"


def attributes_are_given_once(section: Section) -> Iterator[Problem]:
    pairs = section.get("attributes") or []
    times = Counter(str(name) for pair in pairs for name in pair)
    for index, pair in enumerate(pairs):
        (name,) = pair
        times[str(name)] -= 1
        if times[str(name)] > 0:
            yield Problem(("attributes", index, name), f"the attribute '{name}' is given again below, and that counts", warning=True)


@hookimpl
def occopus_config_managers() -> Iterator[ConfigManagerSpec]:
    yield ConfigManagerSpec(
        type="puppet_solo",
        manager="occopus_puppet.manager:PuppetSoloManager",
        summary="Puppet manifests that nodes apply themselves, without a server",
        endpoint=(),
        schema={
            "manifests": {
                "type": "list",
                "required": True,
                "minlength": 1,
                "schema": text(
                    "The URL of a manifest.",
                    regex=URL,
                    meta={
                        "description": "The URL of a manifest.",
                        "expected": "a URL without blanks, https://example.org/site.pp for example",
                    },
                ),
                "meta": {"description": "The URLs of the manifests to apply; templates have them as {{puppet.manifests}}."},
            },
            "modules": {
                "type": "list",
                "nullable": True,
                "schema": text(
                    "The name of a module.",
                    regex=r"\S+",
                    meta={"description": "The name of a module.", "expected": "a name without blanks, puppetlabs-mysql for example"},
                ),
                "meta": {"description": "Names of modules of the Puppet Forge to install; templates have them as {{puppet.modules}}."},
            },
            "attributes": {
                "type": "list",
                "nullable": True,
                "schema": {
                    "type": "dict",
                    "minlength": 1,
                    "maxlength": 1,
                    "meta": {"description": "One attribute: its name, and its value.", "expected": "one pair, NAME: VALUE"},
                },
                "meta": {"description": "What manifests look up; templates have it as {{puppet.hieradata}} and {{puppet.attributes}}."},
            },
        },
        checks=(attributes_are_given_once,),
    )
