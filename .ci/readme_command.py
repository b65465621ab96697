"""Prints the n-th `sh` block of the README, so that the gate runs what a newcomer would."""

import re
import sys
from pathlib import Path

readme = (Path(__file__).parent.parent / "README.md").read_text()
print(re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)[int(sys.argv[1]) - 1])
