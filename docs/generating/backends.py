"""One page for each package: its README, and what its plugins say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from generating.keys import cell, key_table
from occopus.plugins import (
    ConfigManagerSpec,
    ContextualiserSpec,
    CredentialsSpec,
    HealthCheckSpec,
    NotifierSpec,
    ResourceHandlerSpec,
)
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Plugin, Registry

ROOT = Path(__file__).parents[2]
SECTIONS = {
    "resource handler": "resource",
    "contextualiser": "contextualisation",
    "config manager": "config_management",
}
LINK = re.compile(r"\[([^\]]+)\]\((?!https?://|#)([^)]+)\)")


def backend_pages() -> dict[str, str]:
    """By path: a page for each installed package of ours."""
    registry = load_plugins()
    broken = [f"{package.name}: {package.problem}" for package in registry.packages if package.problem]
    if broken:
        raise RuntimeError(f"what does not load can't be documented: {broken}")
    packages = sorted({plugin.package.name for plugin in registry.plugins.values()} & {path.name for path in ROOT.glob("occopus-*")})
    return {f"packages/{name}.md": _page(name, registry) for name in packages}


def _page(package: str, registry: Registry) -> str:
    plugins = sorted((each for each in registry.plugins.values() if each.package.name == package), key=lambda each: (each.kind, each.name))
    readme = LINK.sub(_relink, (ROOT / package / "README.md").read_text())
    body = readme.partition("\n")[2] if package != "occopus-core" else "\nWhat everybody has who installs occopus-core.\n"
    kinds = ", ".join(f"{plugin.kind} `{plugin.name}`" for plugin in plugins)
    return "\n".join([f"# {package}", "", f"It has: {kinds}.", body, "## Reference", "", *(_reference(each) for each in plugins)])


def _relink(link: re.Match[str]) -> str:
    """Links in a README lead through the repository; on the site there are only the pages."""
    text, target = link.groups()
    path, hash, anchor = target.partition("#")
    if path.startswith("../occopus-"):
        return f"[{text}]({path.split('/')[1]}.md{hash}{anchor})"
    if target.startswith("../docs/"):
        return f"[{text}](../../{target.removeprefix('../docs/')})"
    return "[Occopus](../../index.md)" if target == "../README.md" else text


def _reference(plugin: Plugin) -> str:
    spec = plugin.spec
    lines = [f"### {plugin.kind} `{plugin.name}`", "", f"{spec.summary}.\n" if getattr(spec, "summary", "") else ""]
    if isinstance(spec, HealthCheckSpec):
        lines += [*_health_check(spec)]
    elif isinstance(spec, NotifierSpec):
        lines += ["The keys of a target:", "", key_table(spec.schema, _type_row(plugin.name))]
    elif isinstance(spec, (ResourceHandlerSpec, ConfigManagerSpec, ContextualiserSpec)):
        lines += [f"The keys of `{SECTIONS[plugin.kind]}`:", "", key_table(spec.schema, _type_row(plugin.name))]
        lines += [*_checks(spec)]
    if isinstance(spec, ResourceHandlerSpec):
        lines += [*_abilities(spec)]
    if not isinstance(spec, (HealthCheckSpec, ContextualiserSpec)) and getattr(spec, "credentials", None):
        lines += [*_credentials(plugin, spec.credentials)]  # type: ignore[union-attr, arg-type]
    return "\n".join(lines)


def _type_row(name: str) -> str:
    return f"| `type` | `{name}` | yes | What it is. |"


def _health_check(spec: HealthCheckSpec) -> Iterator[str]:
    yield key_table({spec.key: {**spec.rule, "meta": {"description": spec.summary}}})
    yield f"Left out: `{spec.default}`." if spec.default is not None else "Left out: it is not checked."
    yield f"It takes at most {spec.timeout:g} seconds." + (f" Also spelled `{'`, `'.join(spec.aliases)}`." if spec.aliases else "") + "\n"


def _checks(spec: ResourceHandlerSpec | ConfigManagerSpec | ContextualiserSpec) -> Iterator[str]:
    names = [check.__name__.replace("_", " ") for check in spec.checks]
    if names:
        yield f"Beyond the keys, it is checked: {cell('; '.join(names))}.\n"


def _abilities(spec: ResourceHandlerSpec) -> Iterator[str]:
    contexts = ", ".join(f"`{name}`" for name in sorted(spec.contexts))
    yield f"Contextualisers that go with it: {contexts or 'none'}, and `basic`.\n"
    if spec.user_data_limit:
        yield f"User data may have at most {spec.user_data_limit:,} bytes; more is an error before anything is made.\n"


def _credentials(plugin: Plugin, spec: CredentialsSpec) -> Iterator[str]:
    need = "must" if spec.required else "may"
    yield f"In the authentication file there {need} be an entry of `type: {plugin.name}` whose `auth_data` has:\n"
    yield key_table(spec.schema)
