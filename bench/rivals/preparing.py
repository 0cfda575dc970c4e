"""Command lines of Ansible and pyinfra that prepare hosts by recipes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.places import BENCH
from bench.recipe import Recipe
from bench.rivals.environments import programs

RIVALS = BENCH / "rivals"


@dataclass(frozen=True)
class Run:
    """A rival's command, and what it needs in the environment."""

    command: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()


def ansible(recipes: Sequence[Recipe], ssh_config: Path, folder: Path) -> Run:
    """The playbook on these hosts."""
    hosts = {
        recipe.name: {
            "recipe": recipe.plain(),
            **({"ansible_become_password": recipe.password} if recipe.password else {}),
        }
        for recipe in recipes
    }
    inventory = folder / f"ansible-{ssh_config.name}-{len(recipes)}.yml"
    common = {"ansible_ssh_common_args": f"-F {ssh_config}"}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": common}}, sort_keys=False))
    inventory.chmod(0o600)
    play = (
        str(programs("ansible") / "ansible-playbook"),
        "-i",
        str(inventory),
        str(RIVALS / "ansible/prepare.yml"),
    )
    return Run(play, (("ANSIBLE_CONFIG", str(RIVALS / "ansible/ansible.cfg")),))


def ansible_changes(stdout: str) -> int:
    """How many tasks changed something, by the recap."""
    found = re.findall(r"\bchanged=(\d+)", stdout)
    assert found, stdout
    return sum(map(int, found))


def pyinfra(recipes: Sequence[Recipe], ssh_config: Path, folder: Path) -> Run:
    """The deploy on these hosts."""
    hosts = [
        (
            recipe.name,
            {
                "ssh_config_file": str(ssh_config),
                "ssh_strict_host_key_checking": "off",
                "recipe": recipe.plain(),
                "_sudo": recipe.user != "root",
                **({"_sudo_password": recipe.password} if recipe.password else {}),
            },
        )
        for recipe in recipes
    ]
    inventory = folder / f"pyinfra_{ssh_config.name.replace('-', '_')}_{len(recipes)}.py"
    inventory.write_text(
        f"import json\n\nhosts = [tuple(each) for each in json.loads({json.dumps(hosts)!r})]\n"
    )
    inventory.chmod(0o600)
    return Run(
        (str(programs("pyinfra") / "pyinfra"), "-y", str(inventory), str(RIVALS / "pyinfra_prepare.py"))
    )


def pyinfra_changes(said: str) -> int:
    """How many operations changed something, by the totals: hosts, successes, errors, no changes."""
    totals = re.findall(r"Grand total\s+(.*)$", _plain(said), re.MULTILINE)
    assert totals, said
    succeeded = totals[-1].split()[1]
    return 0 if succeeded == "-" else int(succeeded)


def _plain(said: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", said)
