"""The spec and the class: do they tell users, templates and the core what they need, without loading anything heavy?"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from occopus.plugins.config_manager import ConfigManager, ConfigManagerSpec
from occopus.plugins.registry import load_object
from occopus.testing.section_checks import SectionChecks, assert_not_loaded_with_the_plugins

LOADED = """
import sys
from occopus.plugins.registry import load_object
load_object(sys.argv[1])
print(" ".join(name for name in sys.argv[2:] if name in sys.modules))
"""


class DeclarationChecks(SectionChecks):
    def test_manager_can_be_loaded(self, spec: ConfigManagerSpec) -> None:
        manager = load_object(spec.manager)
        assert isinstance(manager, type), f"'{spec.manager}' must name a class"
        assert issubclass(manager, ConfigManager), f"'{spec.manager}' must be a ConfigManager"

    def test_plugin_loads_without_its_manager(self, spec: ConfigManagerSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.manager.partition(":")[0], *heavy_modules], "manager")

    def test_class_loads_without_heavy_modules(self, spec: ConfigManagerSpec, heavy_modules: Sequence[str]) -> None:
        done = subprocess.run([sys.executable, "-c", LOADED, spec.manager, *heavy_modules], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"'{spec.manager}' must be importable: {done.stderr}"
        assert not done.stdout.split(), f"templates use the class, so these must wait until one is made of it: {done.stdout}"

    def test_variables_are_pure(self, spec: ConfigManagerSpec, section: dict[str, Any]) -> None:
        manager, given = load_object(spec.manager), copy.deepcopy(section)
        first, second = manager.variables(given), manager.variables(given)
        assert given == section, "what templates may use is taken from the section, which must stay as it is"
        assert first == second, "the same section must give templates the same"
        assert all(isinstance(name, str) and name.isidentifier() for name in first), "templates use variables by name, so each needs one"
