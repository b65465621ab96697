"""A machine to boot: cloud-init runs in a root of its own, a layer above this machine's that is thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ALONE = ["unshare", "--mount", "--pid", "--uts", "--fork", "--propagation", "private"]

LAYER = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay none -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
root="$1/root"
"""

BOOT = f"""{LAYER}
mount -t tmpfs none "$root/tmp"
mount -t tmpfs none "$root/run"
mount -t proc none "$root/proc"
mount --rbind /dev "$root/dev"
rm -rf "$root/var/lib/cloud" "$root/etc/cloud"
cp -R "$2/." "$root/"
chroot "$root" sh -c 'cloud-init init && cloud-init modules --mode=config && cloud-init modules --mode=final' >"$3/log" 2>&1 || true
cp "$root/var/log/cloud-init.log" "$3/cloud-init.log"
cp -R "$1/upper/." "$3/"
"""

CONFIG = """
datasource_list: [NoCloud]
network: {config: disabled}
users: []
disable_root: false
cloud_init_modules: [write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
"""
"""Of cloud-init's modules, those that apply what is written and run; packages are installed already."""


def why_not() -> str | None:
    """Why no machine can be booted here."""
    if shutil.which("cloud-init") is None:
        return "NO CLOUD-INIT: install it (Debian: cloud-init)"
    if shutil.which("puppet") is None:
        return "NO PUPPET AGENT: install it (Debian: puppet-agent)"
    if shutil.which("curl") is None:
        return "NO CURL: install it (Debian: curl)"
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "NO ROOT OF ITS OWN: that needs root and unshare (Debian: util-linux)"
    return None


def can_not_mount(folder: Path) -> str | None:
    """Why no layer can be put above this machine's root."""
    done = subprocess.run([*ALONE, "sh", "-c", LAYER, "sh", folder], capture_output=True, text=True, check=False)
    return f"NO ROOT OF ITS OWN: {done.stderr.strip()}" if done.returncode else None


@dataclass
class Machine:
    """What has happened to a machine when its first start was over."""

    folder: Path
    prepared: dict[str, str] = field(default_factory=dict)
    """Files that are in its image, by path."""

    def boot(self, user_data: str) -> None:
        for name in ("layers", "image", "result"):
            (self.folder / name).mkdir()
        seed = "/var/lib/cloud/seed/nocloud"
        files = {f"{seed}/user-data": user_data, f"{seed}/meta-data": "instance-id: one\n", "/etc/cloud/cloud.cfg": CONFIG, **self.prepared}
        for path, content in files.items():
            file = self.folder / "image" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        places = [self.folder / name for name in ("layers", "image", "result")]
        done = subprocess.run([*ALONE, "sh", "-c", BOOT, "sh", *places], capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr + self.log

    def path(self, path: str) -> Path:
        """Where a file is that was changed."""
        return self.folder / "result" / path.lstrip("/")

    @property
    def log(self) -> str:
        """What was said at the start."""
        said = self.path("log")
        return said.read_text() if said.exists() else ""
