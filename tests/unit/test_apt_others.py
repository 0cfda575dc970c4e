"""apt's sources of others: a plan tells what `up` would find in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8sboot import osfamily
from k8sboot.errors import Refused
from k8sboot.osfamily.apt_others import REACH

DEBIAN = osfamily.FAMILIES[0]
VENDOR = "/etc/apt/sources.list.d/vendor.list"
FLAT = "/etc/apt/sources.list.d/flat.sources"
FILES = {
    VENDOR: "deb http://dead.lan/debian stable main\ndeb https://me:pass@private.lan/debian stable main\n",
    FLAT: "Types: deb\nURIs: https://alive.lan/x/\nSuites: ./\n",
    "/etc/apt/sources.list": "deb http://deb.debian.org/debian bookworm main\n",
    "/etc/apt/sources.list.d/k8sboot-docker.list": "deb http://ours.lan/docker bookworm stable\n",
}
DEAD = {"http://dead.lan/debian/dists/stable/": "Failed to fetch it  Could not resolve 'dead.lan'"}
MALFORMED = f"Malformed entry 1 in list file {VENDOR} (Suite)\nThe list of sources could not be read.\n"


def test_a_plan_that_would_read_the_lists_names_a_dead_repository_of_others(bench):
    it = bench(files=FILES, dead=DEAD)
    it.do(DEBIAN.refresh, is_dry=True)
    (told,) = [event.text for event in it.events if getattr(event, "code", "") == "KB-REPOSITORY-SKIPPED"]
    assert told.startswith(f"{VENDOR}: cannot read http://dead.lan/debian stable: Failed to fetch it")
    (tried,) = [line for line in it.connection.commands if " reach " in line]
    assert "ours.lan" not in tried
    assert "pass" not in tried.rpartition(" reach ")[2]
    assert "https://alive.lan/x/./" in tried


@pytest.mark.parametrize("is_dry", [True, False])
def test_sources_that_apt_cannot_read_are_refused_with_its_words(bench, is_dry):
    it = bench(files=FILES, answers={"apt-sources-malformed": MALFORMED})
    with pytest.raises(Refused, match="apt cannot read its sources") as refused:
        it.do(DEBIAN.refresh, is_dry=is_dry)
    assert refused.value.why == f"Malformed entry 1 in list file {VENDOR} (Suite)"
    assert it.connection.mutations == []


def test_what_else_apt_says_is_no_reason(bench):
    it = bench(files=FILES, answers={"apt-sources-malformed": "Invalid operation indextargets\n"})
    assert it.do(DEBIAN.refresh) == ["read the package lists"]


def test_folders_without_an_index_are_printed_with_the_reason(tmp_path: Path):
    helper = tmp_path / "apt-helper"
    helper.write_text(
        "#!/bin/sh\nfor url; do file=$last last=$url; done\n"
        "case $file in\n  */alive/InRelease | */old/Release) exit 0 ;;\n"
        'esac\nprintf "Err:1 %s\\nE: Failed to fetch %s  404\\nE: Download Failed\\n" "$file" "$file" >&2\nexit 100\n'
    )
    helper.chmod(0o755)
    script = REACH.replace("/usr/lib/apt/apt-helper", str(helper)).replace("/run/", f"{tmp_path}/")
    urls = [f"http://lan/{name}/" for name in ("alive", "dead", "old")]
    done = subprocess.run(["sh", "-c", script, "reach", *urls], capture_output=True, text=True, check=True)
    assert done.stdout == "http://lan/dead/ Failed to fetch http://lan/dead/Release  404\n"
    assert [path.name for path in tmp_path.iterdir()] == ["apt-helper"]
