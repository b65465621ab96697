"""The contextualisers that the core ships: basic, cloudinit and docker."""

from __future__ import annotations

import re
from typing import Any

import yaml

from occopus.errors import RenderError
from occopus.plugins.contextualiser import ContainerContext, Contextualiser, Scope, UserData

CLOUD_CONFIG = "#cloud-config"


class Basic(Contextualiser):
    """Gives nothing to the machine."""

    def render(self, scope: Scope) -> None:
        return None


class CloudInit(Contextualiser):
    """Renders user data.

    Of a mapping, each string is rendered and the result is dumped last, so no value can break the YAML. A text is rendered as a whole;
    a cloud-config must be valid YAML afterwards, since cloud-init would pass over it in silence.
    """

    def render(self, scope: Scope) -> UserData:
        rendered = scope.render(scope.section["context_template"], "context_template")
        if not isinstance(rendered, str):
            return UserData(f"{CLOUD_CONFIG}\n{_dump(rendered)}")
        if rendered.startswith(CLOUD_CONFIG) and not rendered.startswith(f"{CLOUD_CONFIG}-"):
            _check_cloud_config(rendered)
        return UserData(rendered)


class Docker(Contextualiser):
    """Renders a container's environment and command."""

    def render(self, scope: Scope) -> ContainerContext:
        env = scope.render(scope.section["env"], "env")
        command = scope.render(scope.section.get("command"), "command")
        if not isinstance(env, list) or not all(isinstance(item, str) and item.find("=") > 0 for item in env):
            raise RenderError("'env' must be a list of texts of the form NAME=value after rendering")
        return ContainerContext(tuple(env), tuple(command) if isinstance(command, list) else command)


def _dump(data: Any) -> str:
    # Aliases are legal YAML, but not every reader of user data knows them.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(data, Dumper=_without_aliases(dumper), sort_keys=False, allow_unicode=True, width=4096)


def _without_aliases(dumper: Any) -> Any:
    return type("Dumper", (dumper,), {"ignore_aliases": lambda self, data: True})


def _check_cloud_config(text: str) -> None:
    try:
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        problem = re.sub(r"'(?!<)[^']{2,}'", "'...'", error.problem or "")  # the parser quotes what stands there, which may be a secret
        raise RenderError(f"the rendered cloud-config is no valid YAML: line {line}: {problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RenderError(f"the rendered cloud-config is no valid YAML: {type(error).__name__}") from None
    if not isinstance(data, dict | None):
        raise RenderError("the rendered cloud-config is no mapping")
