"""k8sboot's config.toml, read by the real containerd where the program is."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from inventories import spec

from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.runtime.containerd_layout import CRI, LAYOUTS, layout_for
from k8sboot.runtime.containerd_settings import _wanted
from k8sboot.text.toml_text import read_toml, toml_text

PRODUCTS = Path.home() / ".cache/k8sboot-lab/products"


def programs() -> list[str]:
    """The installed containerd, and those that the lab has built."""
    built = sorted(map(str, PRODUCTS.glob("containerd-*/**/containerd")))
    return [each for each in (shutil.which("containerd"), *built) if each]


PROGRAMS = pytest.mark.parametrize(
    "program",
    programs() or [pytest.param("", marks=pytest.mark.skip(reason="no containerd on this machine"))],
)


def said(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def version_of(program: str) -> str:
    return said(program, "--version").split()[2].removeprefix("v")


def dumped(program: str, tree: dict, tmp_path: Path) -> dict:
    file = tmp_path / "config.toml"
    file.write_text(toml_text(tree))
    return read_toml(said(program, "-c", str(file), "config", "dump"))


@PROGRAMS
@pytest.mark.parametrize("kind", ["alone", "merged into the defaults"])
def test_containerd_takes_every_setting(program, kind, tmp_path):
    wanted = dataclasses.replace(spec(), runtime=RuntimeSettings(name="containerd", data_root=str(tmp_path)))
    theirs = {} if kind == "alone" else read_toml(said(program, "config", "default"))
    layout = LAYOUTS[theirs["version"]] if theirs else layout_for(version_of(program))
    found = dumped(program, _wanted(wanted, layout, theirs), tmp_path)
    plugins = found["plugins"]
    runtime = plugins[layout.runtime[-1]]
    images = plugins[layout.images[-1]]
    assert found["root"] == str(tmp_path)
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is True
    assert images["registry"]["config_path"] == "/etc/containerd/certs.d"
    pause = images["sandbox_image"] if layout.sandbox[1] == CRI else images["pinned_images"]["sandbox"]
    assert pause.endswith("/pause:3.6")
    assert "/opt/cni/bin" in runtime["cni"][layout.bins]
