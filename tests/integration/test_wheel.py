"""The built wheel, installed into a fresh environment and run from another folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(w) for w in words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository with an environment that has nothing but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    wheel = next(folder.glob("*.whl"))
    pip = (folder / "venv/bin/pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "--require-hashes", "-r", ROOT / "requirements/run.txt", cwd=folder)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    run(*pip, "check", cwd=folder)
    return folder


def package(installed: Path) -> Path:
    return Path(
        run(
            installed / "venv/bin/python", "-c", "import k8sboot; print(*k8sboot.__path__)", cwd=installed
        ).strip()
    )


def test_the_command_works_from_another_folder(installed: Path) -> None:
    assert "kubeadm-init" in run(installed / "venv/bin/k8sboot", "phase", "--list", cwd=installed)


def test_every_template_is_in_the_wheel(installed: Path) -> None:
    shipped = [path.name for path in (package(installed) / "templates").iterdir()]
    assert sorted(shipped) == sorted(path.name for path in (ROOT / "templates").iterdir())


def test_every_script_is_in_the_wheel(installed: Path) -> None:
    shipped = [path.name for path in (package(installed) / "scripts").glob("*.sh")]
    assert sorted(shipped) == sorted(path.name for path in (ROOT / "k8sboot/scripts").glob("*.sh"))
    code = "from k8sboot.host.probe import Probe; from k8sboot.host.reads import Reads; print(Probe(Reads()).render())"
    assert "say uname; uname -nrm" in run(installed / "venv/bin/python", "-c", code, cwd=installed)


def test_a_template_renders_there(installed: Path) -> None:
    code = "from k8sboot.templates import render; print(render('hosts.j2', entries=[('10.0.0.1', ['a'])]))"
    assert "10.0.0.1 a" in run(installed / "venv/bin/python", "-c", code, cwd=installed)


def test_the_example_inventory_is_shipped(installed: Path) -> None:
    assert (package(installed) / "inventory.example.yaml").is_file()


def test_codes_are_explained_there(installed: Path) -> None:
    shipped = [path.name for path in (package(installed) / "explain").glob("*.md")]
    assert sorted(shipped) == sorted(path.name for path in (ROOT / "k8sboot/explain").glob("*.md"))
    assert "ss -ltnp" in run(installed / "venv/bin/k8sboot", "explain", "KB-PREFLIGHT", cwd=installed)
