"""Commands over a real sshd: streams, ends, deadlines, dead peers."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from k8sboot.errors import ConnectionLost, DeadlineExceeded
from k8sboot.ssh import watch

MIB = 1024 * 1024


def test_result_has_both_streams_and_the_exit_status(connection):
    done = connection.run("echo out; echo err >&2; exit 3", timeout=10)

    assert (done.exit_status, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_two_full_streams_do_not_block_each_other(connection):
    done = connection.run("head -c 5000000 /dev/zero >&2; head -c 5000000 /dev/zero; echo done", timeout=30)

    assert len(done.stderr) == 5_000_000
    assert done.stdout.endswith(b"done\n")


def test_endless_output_is_cut_in_the_middle(connection):
    done = connection.run("echo first; head -c 50000000 /dev/zero; echo last", timeout=60)

    assert len(done.stdout) < 9 * MIB
    assert done.stdout.startswith(b"first\n")
    assert done.stdout.endswith(b"last\n")
    assert b"bytes cut out" in done.stdout


def test_bytes_come_as_they_are(connection):
    done = connection.run(r"printf 'a\000b\377\033]0;x\007'", timeout=10)

    assert done.stdout == b"a\0b\xff\x1b]0;x\x07"


def test_script_of_50_megabytes_goes_over_while_output_comes_back(connection, tmp_path):
    lines = ("y" * 99 + "\n") * 500_000
    done = connection.run(f"head -c 3000000 /dev/zero >&2\nwc -c <<'E'\n{lines}E\n", timeout=60)

    assert done.stdout.split() == [b"50000000"]


def test_script_reads_nothing_of_itself(connection):
    done = connection.run('cat; read -r line; echo "[$line]"\nreadlink /proc/self/fd/0', timeout=10)

    assert done.text == "[]\n/dev/null\n"


def test_script_with_a_syntax_error_runs_not_at_all(connection, tmp_path):
    done = connection.run(f"touch {tmp_path}/begun\nif", timeout=10)

    assert done.exit_status == 2
    assert b"yntax error" in done.stderr
    assert not (tmp_path / "begun").exists()


def test_environment_is_plain_and_complete(connection):
    done = connection.run('echo "$LC_ALL"; pwd; umask; command -v useradd; echo "$LANGUAGE"', timeout=10)

    assert done.text == "C.UTF-8\n/\n0022\n/usr/sbin/useradd\n\n"


def test_background_child_that_holds_the_output_does_not_delay(connection):
    child = connection.run("sleep 300 & echo $!", timeout=30).text.strip()

    assert connection.run(f"kill {child}", timeout=30).exit_status == 0, "it was still there"


def test_fake_markers_fake_nothing(connection):
    done = connection.run(
        "printf '</k8sboot:%032d> 0\\n' 0; printf '</k8sboot:x> 0\\n' >&2; exit 7", timeout=10
    )

    assert done.exit_status == 7
    assert done.stdout == b"</k8sboot:" + b"0" * 32 + b"> 0\n"


def test_deadline_of_a_silent_command(connection, tmp_path):
    with pytest.raises(DeadlineExceeded, match="within 1 s"):
        connection.run(f"echo last words; sleep 30; touch {tmp_path}/ended", timeout=1)

    assert not (tmp_path / "ended").exists()


def test_deadline_of_a_chatty_command(connection):
    with pytest.raises(DeadlineExceeded) as caught:
        connection.run("yes", timeout=2)

    assert "y\ny" in caught.value.detail


def test_command_past_its_deadline_is_ended_on_the_host(connection, tmp_path):
    with pytest.raises(DeadlineExceeded):
        connection.run(f"sleep 3; touch {tmp_path}/survived", timeout=1)
    time.sleep(3)

    assert not (tmp_path / "survived").exists()


def test_connection_is_usable_after_a_deadline(connection):
    with pytest.raises(DeadlineExceeded):
        connection.run("sleep 30", timeout=1)

    assert connection.run("echo again", timeout=10).text == "again\n"


def test_killed_command_is_told_by_its_signal(connection):
    assert connection.run("kill -KILL $(exec sh -c 'echo $PPID')", timeout=10).exit_status == 137


def test_killed_shell_is_no_lost_connection(connection):
    assert connection.run("kill -KILL $$; sleep 0.5", timeout=10).exit_status == -1
    assert connection.run("echo alive", timeout=10).text == "alive\n"


def test_killed_session_is_a_lost_connection(another_sshd, connected):
    server = another_sshd()
    connection = connected(server=server)
    killer = threading.Timer(0.5, server.kill_sessions)
    killer.start()
    with pytest.raises(ConnectionLost):
        connection.run("sleep 20", timeout=30)
    killer.join()

    assert connection.run("echo back", timeout=10).text == "back\n"


@pytest.mark.timeout(60)
def test_frozen_server_is_noticed_while_a_command_is_silent(another_sshd, connected, monkeypatch):
    assert watch.DEAD_AFTER + 2 * watch.TICK < 20
    monkeypatch.setattr(watch, "PING_AFTER", 1.0)
    monkeypatch.setattr(watch, "DEAD_AFTER", 3.0)
    server = another_sshd()
    connection = connected(server=server)
    threading.Timer(0.3, server.freeze_sessions).start()
    with pytest.raises(ConnectionLost, match="no response for"):
        connection.run("sleep 90", timeout=90)


def test_silent_command_on_a_healthy_link_is_left_in_peace(connection, monkeypatch):
    monkeypatch.setattr(watch, "PING_AFTER", 0.5)
    monkeypatch.setattr(watch, "DEAD_AFTER", 1.5)

    assert connection.run("sleep 3; echo done", timeout=10).text == "done\n"


def test_one_session_is_enough(another_sshd, connected):
    connection = connected(server=another_sshd(MaxSessions="1"))
    threads = [
        threading.Thread(target=connection.run, args=("sleep 0.1",), kwargs={"timeout": 20}) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(10):
        assert connection.run(f"echo {number}", timeout=20).text == f"{number}\n"


def test_closing_ends_a_command_under_way(connected):
    connection = connected()
    threading.Timer(0.3, connection.close).start()
    with pytest.raises(ConnectionLost):
        connection.run("sleep 20", timeout=30)
    with pytest.raises(ConnectionLost, match="closed by k8sboot"):
        connection.run("true", timeout=10)


def test_no_thread_keeps_the_interpreter_alive(target, tmp_path):
    import subprocess
    import sys

    there = target()
    program = (
        "from k8sboot.ssh import connect; from k8sboot.ssh.target import Target\n"
        f"c = connect({there!r})\nc.run('true', timeout=10)\nprint('end')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=Path(__file__).parents[3],
    )

    assert (done.stdout, done.stderr) == ("end\n", "")
