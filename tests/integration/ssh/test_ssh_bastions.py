"""Ways to a host through bastions of the inventory."""

from __future__ import annotations

import threading
import time

import pytest
from ssh_keys import fingerprint
from sshd import works

from k8sboot.errors import AuthenticationFailed, HostKeyRefused, Unreachable


def test_through_a_bastion(another_sshd, connected, free_user, tmp_path):
    bastion = another_sshd()
    connection = connected(jump=f"{free_user}@127.0.0.1:{bastion.port}")

    assert works(connection)
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == 2


def test_through_two_bastions(another_sshd, connected, free_user):
    outer, inner = another_sshd(), another_sshd()

    assert works(connected(jump=f"{free_user}@127.0.0.1:{outer.port},{free_user}@127.0.0.1:{inner.port}"))


def test_one_bastion_connection_serves_many_hosts(another_sshd, connected, free_user):
    bastion = another_sshd()
    for _ in range(4):
        assert works(connected(jump=f"{free_user}@127.0.0.1:{bastion.port}"))

    assert bastion.log.count("Accepted publickey") == 1


def test_large_output_comes_through_a_bastion(another_sshd, connected, free_user):
    connection = connected(jump=f"{free_user}@127.0.0.1:{another_sshd().port}")
    done = connection.run("head -c 7000000 /dev/zero; head -c 7000000 /dev/zero >&2", timeout=60)

    assert (len(done.stdout), len(done.stderr)) == (7_000_000, 7_000_000)


def test_host_key_of_the_bastion_is_checked(another_sshd, sshd, connected, free_user, tmp_path):
    bastion = another_sshd()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{bastion.port} {sshd.host_key()}\n")
    with pytest.raises(HostKeyRefused, match="bastion"):
        connected(jump=f"{free_user}@127.0.0.1:{bastion.port}")


def test_bastion_that_forwards_nothing_is_named(another_sshd, connected, free_user):
    bastion = another_sshd(AllowTcpForwarding="no")
    with pytest.raises(Unreachable, match="does not forward") as caught:
        connected(jump=f"{free_user}@127.0.0.1:{bastion.port}")

    assert "AllowTcpForwarding yes" in caught.value.fix


def test_bastion_that_cannot_reach_the_host_is_named(another_sshd, connected, free_user):
    with pytest.raises(Unreachable, match="cannot reach 127.0.0.1:1"):
        connected(jump=f"{free_user}@127.0.0.1:{another_sshd().port}", port=1)


def test_bastion_that_died_is_connected_again(another_sshd, connected, free_user):
    bastion = another_sshd()
    jump = f"{free_user}@127.0.0.1:{bastion.port}"
    first = connected(jump=jump)
    bastion.kill_sessions()
    time.sleep(0.3)

    assert works(connected(jump=jump))
    assert works(first)


def test_password_of_the_host_is_not_shown_to_the_bastion(another_sshd, connected, sudo_user, sudo_password):
    bastion = another_sshd(PubkeyAuthentication="no")
    with pytest.raises(AuthenticationFailed, match="bastion"):
        connected(user=sudo_user, password=sudo_password, jump=f"{sudo_user}@127.0.0.1:{bastion.port}")

    assert "Failed password" not in bastion.log


def test_handshakes_through_one_bastion_come_eight_at_a_time(another_sshd, target, connected, free_user):
    bastion = another_sshd()
    jump = f"{free_user}@127.0.0.1:{bastion.port}"
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(works(connected(jump=jump)))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [True] * 12
    assert bastion.log.count("Accepted publickey") == 1


def test_key_of_a_bastion_is_pinned_security(another_sshd, connected, free_user, tmp_path):
    bastion = another_sshd()
    jump = f"{free_user}@127.0.0.1:{bastion.port}"
    pin = fingerprint(bastion.home / "host_ed25519.pub")

    assert works(connected(jump=jump, jump_host_keys=(pin,)))
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == 1, "the pinned one is not written down"
    with pytest.raises(HostKeyRefused, match="pinned"):
        connected(jump=jump, jump_host_keys=("SHA256:" + "A" * 43,))


def test_server_that_offers_weak_macs_only_is_refused_security(another_sshd, connected):
    with pytest.raises(Unreachable, match="no encryption in common"):
        connected(server=another_sshd(MACs="hmac-sha1", Ciphers="aes128-ctr"))
