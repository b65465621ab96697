"""The spec and the class: do they tell users, templates and the core what they need, without loading anything heavy?"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from occopus.plugins.config_manager import ConfigManager, ConfigManagerSpec
from occopus.plugins.registry import load_object
from occopus.testing.contract import written_in
from occopus.testing.section_checks import EndpointChecks, assert_not_loaded_with_the_plugins

SPEC = "occopus.plugins.ConfigManagerSpec"
MANAGER = "occopus.plugins.ConfigManager"
VARIABLES = f"{MANAGER}.variables"

LOADED = """
import sys
from occopus.plugins.registry import load_object
load_object(sys.argv[1])
print(" ".join(name for name in sys.argv[2:] if name in sys.modules))
"""


class DeclarationChecks(EndpointChecks):
    @written_in(SPEC, "`manager` is `package.module:Class`, a `ConfigManager`.")
    def test_manager_can_be_loaded(self, spec: ConfigManagerSpec) -> None:
        manager = load_object(spec.manager)
        assert isinstance(manager, type), f"'{spec.manager}' must name a class"
        assert issubclass(manager, ConfigManager), f"'{spec.manager}' must be a ConfigManager"

    @written_in(SPEC, "That module is imported when the first manager of the type is needed, not with the plugin.")
    def test_plugin_loads_without_its_manager(self, spec: ConfigManagerSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.manager.partition(":")[0], *heavy_modules], "manager")

    @written_in(MANAGER, "what it needs to talk to its server is imported when one is made of it")
    def test_class_loads_without_heavy_modules(self, spec: ConfigManagerSpec, heavy_modules: Sequence[str]) -> None:
        done = subprocess.run([sys.executable, "-c", LOADED, spec.manager, *heavy_modules], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"'{spec.manager}' must be importable: {done.stderr}"
        assert not done.stdout.split(), f"templates use the class, so these must wait until one is made of it: {done.stdout}"

    @written_in(VARIABLES, "Pure: the same section gives the same, and stays as it is.")
    def test_variables_are_pure(self, spec: ConfigManagerSpec, section: dict[str, Any]) -> None:
        manager, given = load_object(spec.manager), copy.deepcopy(section)
        first, second = manager.variables(given), manager.variables(given)
        assert given == section, "what templates may use is taken from the section, which must stay as it is"
        assert first == second, "the same section must give templates the same"
        assert all(isinstance(name, str) and name.isidentifier() for name in first), "templates use variables by name, so each needs one"
