"""Host keys: every policy, every way to refuse, and the same verdict as OpenSSH's own client."""

from __future__ import annotations

import subprocess

import pytest
from ssh_keys import fingerprint, keygen

from k8sboot.errors import HostKeyRefused


def known_hosts(tmp_path, *lines: str):
    path = tmp_path / "known_hosts"
    path.write_bytes(b"".join(line.encode("latin-1") + b"\n" for line in lines))
    return path


def test_new_key_is_shown_and_written_down(sshd, connected, tmp_path):
    notices: list[str] = []
    file = tmp_path / "new" / "known_hosts"
    connected(notices=notices, known_hosts_file=str(file))

    assert fingerprint(sshd.home / "host_ed25519.pub") in notices[0]
    assert file.read_text() == f"[127.0.0.1]:{sshd.port} {sshd.host_key()}\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_second_connection_has_nothing_to_say(connected, tmp_path):
    connected()
    before = (tmp_path / "known_hosts").read_bytes()
    notices: list[str] = []
    connected(notices=notices, host_key_policy="strict")

    assert notices == []
    assert (tmp_path / "known_hosts").read_bytes() == before


def test_file_without_final_newline_is_not_spoilt(sshd, connected, tmp_path):
    file = known_hosts(tmp_path)
    file.write_text(f"# mine\nother {sshd.host_key()}")
    connected()

    assert file.read_text().split("\n")[:2] == ["# mine", f"other {sshd.host_key()}"]
    assert len(file.read_text().split("\n")) == 4


@pytest.mark.parametrize("obstacle", ["directory", "read-only"])
def test_unwritable_file_is_a_warning_and_the_key_is_remembered(connected, tmp_path, obstacle):
    file = tmp_path / "known_hosts"
    file.mkdir() if obstacle == "directory" else file.symlink_to("/proc/version")
    notices: list[str] = []
    connected(notices=notices)
    connected(notices=notices, host_key_policy="strict")

    assert any("cannot write the new key" in notice for notice in notices)


def test_strict_refuses_an_unknown_key_and_says_how_to_add_it(sshd, connected, tmp_path):
    with pytest.raises(HostKeyRefused) as caught:
        connected(host_key_policy="strict")

    assert fingerprint(sshd.home / "host_ed25519.pub") in caught.value.why
    assert f"[127.0.0.1]:{sshd.port} {sshd.host_key()}" in caught.value.fix


def test_changed_key_is_refused_once_with_both_fingerprints(another_sshd, connected, tmp_path, lair):
    server = another_sshd()
    other = keygen(lair / "other_key") if not (lair / "other_key").exists() else lair / "other_key"
    other_public = " ".join((lair / "other_key.pub").read_text().split()[:2])
    file = known_hosts(tmp_path, "# first", f"[127.0.0.1]:{server.port} {other_public}")
    with pytest.raises(HostKeyRefused) as caught:
        connected(server=server)

    assert fingerprint(other) in caught.value.why
    assert f"{file}:2" in caught.value.why
    assert fingerprint(server.home / "host_ed25519.pub") in caught.value.why
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}' -f {file}" in caught.value.fix
    assert server.log.count("Connection from") == 1


def test_hint_of_the_refusal_really_removes_the_line(another_sshd, connected, tmp_path, lair, sshd):
    server = another_sshd()
    known_hosts(tmp_path, f"[127.0.0.1]:{server.port} {sshd.host_key()}")
    with pytest.raises(HostKeyRefused) as caught:
        connected(server=server)
    hint = caught.value.fix.split("`")[1]
    subprocess.run(hint, shell=True, check=True, capture_output=True)

    assert connected(server=server).run("echo in", timeout=10).text == "in\n"


def test_stale_key_of_another_type_does_not_hide_the_right_one(another_sshd, sshd, connected, tmp_path):
    server = another_sshd()
    known_hosts(
        tmp_path,
        f"[127.0.0.1]:{server.port} {sshd.host_key('rsa')}",
        f"[127.0.0.1]:{server.port} {server.host_key('ed25519')}",
    )

    assert connected(server=server, host_key_policy="strict").run("echo in", timeout=10).text == "in\n"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_any_known_key_type_proves_the_host(sshd, connected, tmp_path, kind):
    known_hosts(tmp_path, f"[127.0.0.1]:{sshd.port} {sshd.host_key(kind)}")

    assert connected(host_key_policy="strict").run("echo in", timeout=10).text == "in\n"


def test_pin_of_the_inventory_decides_alone(sshd, connected, tmp_path):
    pin = fingerprint(sshd.home / "host_ed25519.pub")
    connected(host_key=pin, host_key_policy="strict")
    with pytest.raises(HostKeyRefused, match="pinned in the inventory"):
        connected(host_key="SHA256:" + "A" * 43)

    assert not (tmp_path / "known_hosts").exists()


def test_insecure_is_loud(sshd, connected, tmp_path):
    notices: list[str] = []
    connected(notices=notices, host_key_policy="insecure")

    assert notices[0].startswith("WARNING")
    assert not (tmp_path / "known_hosts").exists()


def test_cert_authority_line_is_skipped_with_a_word(sshd, connected, tmp_path):
    known_hosts(tmp_path, f"@cert-authority * {sshd.host_key()}")
    notices: list[str] = []
    connected(notices=notices)

    assert any("host certificates are not supported" in notice for notice in notices)


CASES = {
    "plain": ["[127.0.0.1]:{port} {right}"],
    "without port": ["127.0.0.1 {right}"],
    "wrong without port": ["127.0.0.1 {wrong}"],
    "other port": ["[127.0.0.1]:1 {right}"],
    "list": ["other,[127.0.0.1]:{port},third {right}"],
    "wildcard": ["*.0.0.* {right}"],
    "wildcard in brackets": ["[127.*]:{port} {right}"],
    "question mark": ["127.0.0.? {right}"],
    "negated": ["*,![127.0.0.1]:{port},!127.0.0.1 {right}"],
    "negation of another": ["[127.0.0.1]:{port},!10.0.0.1 {right}"],
    "wrong key": ["[127.0.0.1]:{port} {wrong}"],
    "wrong then right": ["[127.0.0.1]:{port} {wrong}", "[127.0.0.1]:{port} {right}"],
    "wrong type only": ["[127.0.0.1]:{port} {wrong_rsa}"],
    "stale rsa beside right ed25519": ["[127.0.0.1]:{port} {wrong_rsa}", "[127.0.0.1]:{port} {right}"],
    "right rsa": ["[127.0.0.1]:{port} {right_rsa}"],
    "revoked": ["@revoked [127.0.0.1]:{port} {right}", "[127.0.0.1]:{port} {right}"],
    "revoked everywhere": ["@revoked * {right}", "[127.0.0.1]:{port} {right}"],
    "another key revoked": ["@revoked * {wrong}", "[127.0.0.1]:{port} {right}"],
    "hashed": ["{hashed} {right}"],
    "hashed wrong key": ["{hashed} {wrong}"],
    "broken base64": ["[127.0.0.1]:{port} ssh-ed25519 AAAA!!!!", "[127.0.0.1]:{port} {right}"],
    "unknown marker": ["@odd [127.0.0.1]:{port} {right}"],
    "half a line": ["[127.0.0.1]:{port}", "[127.0.0.1]:{port} {right}"],
    "two blanks and a tab": ["[127.0.0.1]:{port}  \t{right}"],
    "indented": ["   [127.0.0.1]:{port} {right}"],
    "commented": ["#[127.0.0.1]:{port} {right}"],
    "trailing comment": ["[127.0.0.1]:{port} {right} made by me"],
    "latin-1": ["h\xf4te {wrong}", "[127.0.0.1]:{port} {right} cl\xe9"],
    "type and key differ": ["[127.0.0.1]:{port} ssh-rsa {right_blob}"],
    "nul": ["\x00", "[127.0.0.1]:{port} {right}"],
    "windows": ["[127.0.0.1]:{port} {right}\r"],
    "upper case pattern": ["LOCALHOST,[127.0.0.1]:{port} {right}"],
    "empty": [],
}


@pytest.fixture(scope="session")
def stranger(lair):
    """Keys of nobody, by kind."""
    return {
        kind: " ".join(
            keygen(lair / f"stranger_{kind}", kind=kind).with_suffix(".pub").read_text().split()[:2]
        )
        for kind in ("ed25519", "rsa")
    }


def hashed_name(tmp_path, port: int, key: str) -> str:
    file = tmp_path / "to-hash"
    file.write_text(f"[127.0.0.1]:{port} {key}\n")
    subprocess.run(["ssh-keygen", "-H", "-f", str(file)], check=True, capture_output=True)
    return file.read_text().split()[0]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict_is_the_one_of_openssh(case, sshd, stranger, free_user, login_key, connected, tmp_path):
    values = {
        "port": sshd.port,
        "right": sshd.host_key(),
        "right_rsa": sshd.host_key("rsa"),
        "right_blob": sshd.host_key().split()[1],
        "wrong": stranger["ed25519"],
        "wrong_rsa": stranger["rsa"],
        "hashed": hashed_name(tmp_path, sshd.port, sshd.host_key()),
    }
    file = known_hosts(tmp_path, *(line.format(**values) for line in CASES[case]))
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(file),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    there = ["-F", "none", "-p", str(sshd.port), "-i", str(login_key), f"{free_user}@127.0.0.1", "true"]
    theirs = subprocess.run(["ssh", *words, *there], capture_output=True, check=False).returncode == 0
    try:
        connected(host_key_policy="strict")
        ours = True
    except HostKeyRefused:
        ours = False

    assert ours == theirs


def test_keygen_is_the_oracle_of_fingerprints(sshd):
    from k8sboot.ssh import known_hosts

    entry = known_hosts.parse_line(f"h {sshd.host_key()}", "f:1")

    assert entry is not None
    assert entry.fingerprint == fingerprint(sshd.home / "host_ed25519.pub")
