"""Run where one package of ours is installed with those that it needs, and no other of ours: shows that it is whole.

`python installed_alone.py PACKAGE NEEDED...`
"""

import importlib
import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import load_object

REFERENCES = ("handler", "contextualiser", "manager", "check", "notifier")
"""What of a spec names the code behind it."""

package, *needed = sys.argv[1:]
ours = {each.name for each in distributions() if each.name.startswith("occopus")}
assert ours == {package, *needed}, f"installed are {ours}, and not only {needed} beside {package}"

importlib.import_module("occopus" if package == "occopus-core" else package.replace("-", "_"))
shown = subprocess.run([Path(sys.executable).parent / "occopus", "plugins", "--json"], capture_output=True, text=True, check=True)
rows = json.loads(shown.stdout)
assert shown.stderr == "", shown.stderr
assert {row["status"] for row in rows} == {"ok"}, rows
assert package in {row["package"] for row in rows}, f"{package} offers nothing"

plugins = [plugin for plugin in load_plugins().plugins.values() if plugin.package.name == package]
loaded = [load_object(getattr(plugin.spec, key)) for plugin in plugins for key in REFERENCES if hasattr(plugin.spec, key)]
assert len(loaded) >= len(plugins), "the code behind every plugin is loaded"
print(f"{package}: {', '.join(plugin.name for plugin in plugins)}")
