"""A login user's links in the home, real users and a real file system: nothing of root's passes through them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sshd as servers
from noted_place import IN_SHELLS, Place

from k8sboot.ensure.restore.notes import KeptOriginal
from k8sboot.ensure.restore.verdicts import of_file
from k8sboot.host.files import File
from k8sboot.host.folders import take_away
from k8sboot.host.originals import PriorState
from k8sboot.host.probe import Probe
from k8sboot.host.probe_output import parse
from k8sboot.host.reads import Reads
from k8sboot.host.script import Commands
from k8sboot.host.snapshot import Snapshot
from k8sboot.secret import Secret
from k8sboot.ssh.script import Markers, wrap

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("runuser") or servers.why_not() != "", reason="needs root and users"
)
KEY = Secret("the cluster's key")


class Home:
    """A login user, a file of root's that is none of the user's business, and what k8sboot's scripts do there."""

    def __init__(self, place: Place, name: str) -> None:
        self.place, self.name = place, name
        self.home = Path(pwd.getpwnam(name).pw_dir)
        self.home.chmod(0o755)
        self.config = self.home / ".kube" / "config"
        self.vault = place.root / "vault"
        self.vault.mkdir(mode=0o700)
        (self.vault / "config").write_text("root's own")
        (self.vault / "config").chmod(0o600)

    def as_user(self, command: str) -> str:
        done = subprocess.run(
            ["runuser", "-u", self.name, "--", "sh", "-c", command], cwd=self.home, capture_output=True, text=True
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def put(self, shell: list[str], content: Secret = KEY) -> subprocess.CompletedProcess[str]:
        group = self.as_user("id -gn").strip()
        return self.place.write(
            shell, File(str(self.config), content, mode=0o600, owner=f"{self.name}:{group}")
        )

    def reset(self, shell: list[str]) -> subprocess.CompletedProcess[str]:
        path = str(self.config)
        return self.place.run(shell, Commands((take_away(path),), (PriorState("file", path),)).render())

    def probe(self, shell: list[str]) -> Snapshot:
        return parse(self.place.run(shell, Probe(Reads(files=(str(self.config),))).render()).stdout.encode())

    def noted(self, shell: list[str]) -> KeptOriginal:
        (kept,) = [f for f in self.place.notes(shell).files if f.path == str(self.config)]
        return kept

    def restore(self, shell: list[str]) -> subprocess.CompletedProcess[str]:
        return self.place.run(shell, Commands(of_file(self.noted(shell)).commands).render())

    def roots(self) -> tuple[str, int, int, int, int]:
        """Everything of root's file and folder that somebody could change."""
        file, folder = (self.vault / "config").stat(), self.vault.stat()
        return (self.vault / "config").read_text(), file.st_uid, file.st_mode, folder.st_uid, folder.st_mode


@pytest.fixture
def home(place: Place) -> Iterator[Home]:
    with servers.user() as name:
        yield Home(place, name)


LINKS = pytest.mark.parametrize(
    "link",
    [
        "ln -s {vault} .kube",
        "mkdir .kube; ln -s {vault}/config .kube/config",
        "mkdir -p other; ln -s {vault} other/way; ln -s other/way .kube",
    ],
    ids=["folder", "file", "folder behind a folder"],
)


@IN_SHELLS
@LINKS
def test_a_kubeconfig_is_not_written_through_a_link_to_roots_file(home, shell, link):
    before = home.roots()
    home.as_user(link.format(vault=home.vault))
    done = home.put(shell)
    assert done.returncode != 0
    assert "k8sboot-folder: " in done.stderr
    assert home.roots() == before
    assert sorted(p.name for p in home.vault.iterdir()) == ["config"]


@IN_SHELLS
@LINKS
def test_what_is_read_through_a_link_is_what_the_user_may_read(home, shell, link):
    home.as_user(link.format(vault=home.vault))
    seen = home.probe(shell)
    assert seen.files.get(str(home.config)) is None


@IN_SHELLS
@LINKS
def test_reset_and_restore_neither_save_nor_remove_nor_bring_back_roots_file(home, shell, link):
    before = home.roots()
    home.as_user(link.format(vault=home.vault))
    assert home.reset(shell).returncode == 0
    assert home.roots() == before
    assert not [p for p in home.place.state.rglob("*") if p.is_file() and "root's own" in p.read_text()]
    home.as_user("rm -rf .kube")
    home.restore(shell)
    assert not home.config.exists()


@IN_SHELLS
def test_a_link_that_is_made_after_the_reset_gets_nothing_back(home, shell):
    home.as_user("mkdir .kube; echo mine > .kube/config")
    assert home.reset(shell).returncode == 0
    before = home.roots()
    home.as_user(f"rmdir .kube; ln -s {home.vault} .kube; rm -f .kube/config || true")
    (home.vault / "config").unlink()
    done = home.restore(shell)
    assert done.returncode != 0
    assert list(home.vault.iterdir()) == []
    assert home.vault.stat().st_uid == 0
    assert before[1] == 0


@IN_SHELLS
def test_an_original_that_an_older_k8sboot_took_from_root_is_not_given_to_the_user(home, shell):
    kept = home.place.at(f"/var/lib/k8sboot/original{home.config}")
    kept.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(home.vault / "config", kept)
    done = home.restore(shell)
    assert done.returncode != 0
    assert "its original was not" in done.stderr
    assert not home.config.exists()


@IN_SHELLS
def test_a_home_without_tricks_gets_its_kubeconfig_and_its_former_one_back(home, shell):
    home.as_user("umask 077; mkdir .kube; echo mine > .kube/config; chmod 640 .kube/config")
    done = home.put(shell)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == File("x", KEY).state.sha256
    state = home.probe(shell).files[str(home.config)]
    assert (state.content, state.mode) == (b"the cluster's key", 0o600)
    assert state.owner.startswith(f"{home.name}:")
    assert sorted(p.name for p in home.config.parent.iterdir()) == ["config"]
    kept = home.noted(shell)
    assert (kept.user, kept.now in kept.ours, kept.is_whole) == (home.name, True, True)
    assert home.reset(shell).returncode == 0
    assert not home.config.exists()
    done = home.restore(shell)
    assert done.returncode == 0, done.stderr
    assert home.config.read_text() == "mine\n"
    assert home.config.stat().st_mode & 0o777 == 0o640
    assert home.config.owner() == home.name


@IN_SHELLS
def test_a_folder_that_was_made_for_it_goes_with_it(home, shell):
    assert home.put(shell).returncode == 0
    assert (home.home / ".kube").stat().st_mode & 0o777 == 0o750
    assert (home.home / ".kube").owner() == home.name
    assert home.restore(shell).returncode == 0
    assert not (home.home / ".kube").exists()


@IN_SHELLS
def test_a_link_to_ones_own_file_stays_a_link(home, shell):
    home.as_user("mkdir .kube dotfiles; echo mine > dotfiles/k; ln -s ../dotfiles/k .kube/config")
    assert home.put(shell).returncode == 0
    assert home.config.is_symlink()
    assert (home.home / "dotfiles" / "k").read_text() == KEY.reveal()


@IN_SHELLS
def test_a_home_that_root_may_not_enter_is_written_and_read_by_its_user(home, shell):
    """As over NFS with root_squash: here, root's powers over files of others are taken away."""
    home.as_user("umask 077; mkdir .kube; echo mine > .kube/config; chmod 700 .")
    squashed = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", *shell]
    done = home.place.run(squashed, f"ls {home.config}")
    assert "denied" in done.stderr
    assert home.probe(squashed).files[str(home.config)].content == b"mine\n"
    done = home.put(squashed)
    assert done.returncode == 0, done.stderr
    assert home.config.owner() == home.name
    assert home.config.read_text() == KEY.reveal()
    assert home.reset(squashed).returncode == 0
    assert not home.config.exists()


@IN_SHELLS
def test_a_file_of_roots_is_not_written_into_a_users_folder(home, shell):
    link = home.place.etc / "daemon.json"
    home.as_user("echo mine > d.json")
    link.symlink_to(home.home / "d.json")
    done = home.place.write(shell, File(str(link), "root's", owner="root:root"))
    assert done.returncode != 0
    assert "k8sboot-folder: " in done.stderr
    assert (home.home / "d.json").read_text() == "mine\n"
    home.as_user(f"ln -sf {home.vault}/config d.json")
    seen = parse(home.place.run(shell, Probe(Reads(files=(str(link),))).render()).stdout.encode())
    assert seen.files.get(str(link)) is None, "a plan would show it"


@IN_SHELLS
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775], ids=oct)
def test_folders_that_others_may_write_to_are_none_of_roots(home, shell, mode):
    shared = home.place.root / "shared"
    shared.mkdir()
    os.chown(shared, 0, pwd.getpwnam(home.name).pw_gid)
    shared.chmod(mode)
    (shared / "conf").symlink_to(home.vault / "config")
    done = home.place.write(shell, File(f"{shared}/conf", "x", owner="root:root"))
    assert done.returncode != 0
    assert home.roots()[0] == "root's own"
    seen = parse(home.place.run(shell, Probe(Reads(files=(f"{shared}/conf",))).render()).stdout.encode())
    assert list(seen.closed) == [f"{shared}/conf"]


@IN_SHELLS
def test_a_file_in_the_probes_words_changes_no_other_files_answer(home, shell):
    home.as_user(
        "mkdir .kube; printf 'x\\nabsent /etc/hosts\\nfile /etc/hosts 644 root:root 0 x .\\n' > .kube/config"
    )
    reads = Reads(files=("/etc/hosts", str(home.config)))
    seen = parse(home.place.run(shell, Probe(reads).render()).stdout.encode())
    assert seen.files["/etc/hosts"].content == Path("/etc/hosts").read_bytes()
    assert b"absent /etc/hosts" in seen.files[str(home.config)].content


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"]], ids=lambda words: words[0])
def test_what_a_script_feeds_to_a_command_does_not_lie_in_tmp(shell):
    """bash writes it to a file first, where it is longer than a pipe takes."""
    script = f"readlink /proc/self/fd/0 <<'END'\n{'x' * 100_000}\nEND\n"
    said = subprocess.run(
        [*shell, "-s"], input=wrap(script, Markers.fresh()), capture_output=True, env={"PATH": os.environ["PATH"]}
    ).stdout.decode()  # fmt: skip
    assert "/tmp" not in said
    assert "pipe:" in said or ">/run/" in said
