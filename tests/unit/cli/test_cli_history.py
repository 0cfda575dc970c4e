"""`k8sboot history`, and `up --failed`, which lives by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from k8sboot.journal import folders

NO_LUCK = (1, "", "no luck\n")


def fail_on_n1(k8sboot):
    k8sboot.cluster.hosts["n1"].answers["kubeadm join"] = NO_LUCK
    k8sboot.said = k8sboot("up --yes")
    assert k8sboot.said.code == 1
    del k8sboot.cluster.hosts["n1"].answers["kubeadm join"]
    k8sboot.asked.clear()
    return k8sboot


@pytest.fixture
def failed(on_cluster):
    """The command line after an `up` that failed on n1, the one host that was not in the cluster yet."""
    del on_cluster.cluster.hosts["n1"].files["/etc/kubernetes/kubelet.conf"]
    on_cluster.cluster.members.remove("n1")
    return fail_on_n1(on_cluster)


@pytest.fixture
def failed_from_bare(k8sboot):
    """The command line after the first `up` of all, which failed on n1."""
    return fail_on_n1(k8sboot)


def names() -> list[str]:
    return [run.name for cluster in folders.clusters() for run in folders.runs_of(cluster)]


def test_runs_are_listed_newest_last_with_how_they_ended(failed, inventory):
    failed("up --failed --yes")
    failed("phase hosts --dry-run")
    inventory.unlink()
    said = failed("history")
    assert (said.code, said.err) == (0, "")
    head, *rows = said.out.splitlines()
    assert head.split() == ["RUN", "WHEN", "CLUSTER", "COMMAND", "TOOK", "HOSTS", "CHANGES", "RESULT"]
    assert [row.split()[0] for row in rows] == sorted(names())
    assert rows[0].endswith("failed on n1")
    assert rows[1].endswith("ok")
    assert " phase --dry-run " in rows[2]


def test_without_a_run_stdout_stays_empty(k8sboot):
    said = k8sboot("history")
    assert (said.code, said.out, said.err) == (0, "", "no run is stored on this machine\n")
    assert json.loads(k8sboot("history -o json").out) == []


def test_runs_of_one_cluster(failed, inventory):
    inventory.write_text(inventory.read_text().replace("cluster: {", "cluster: {name: other, "))
    failed("phase hosts --dry-run")
    assert len(failed("history").out.splitlines()) == 3
    assert [r["cluster"] for r in json.loads(failed("history --cluster other -o json").out)] == ["other"]
    assert "no run of absent" in failed("history --cluster absent").err


def test_a_run_is_shown_with_its_phases_and_errors(failed):
    said = failed("history latest")
    assert said.code == 0
    assert f"run {names()[0]}: up of kubernetes, failed on n1\n" in said.out
    assert "k8sboot up --yes\n" in said.out
    assert "sha256 " in said.out
    rows = [line.split()[:3] for line in said.out.splitlines()]
    assert ["n1", "join-nodes", "failed"] in rows
    assert ["n2", "join-nodes", "ok"] in rows
    hosts = [row[0] for row in rows if row[0:1] and row[0] in ("m1", "n1", "n2")]
    assert hosts[:-1] == sorted(hosts[:-1]), "host by host; the last one is the error"
    assert "n1 join-nodes: kubeadm join: failed [KB-COMMAND]" in said.out
    assert "    why: `kubeadm join --config" in said.out
    assert "    | no luck" in said.out


def test_what_ran_on_a_host_is_told_in_order(failed_from_bare):
    said = failed_from_bare("history latest --host n1")
    lines = said.out.splitlines()
    places = [
        next(i for i, line in enumerate(lines) if words in line)
        for words in ("connected: Debian", "+ write /etc/hosts (", "+192.0.2.3 n2", "+ set the host name to n1 (",
                      "    $ hostnamectl set-hostname n1", "x join-nodes: kubeadm join: failed", "| no luck")
    ]  # fmt: skip
    assert places == sorted(places)
    assert not [line for line in lines if "> write" in line], "a change is told once"
    assert lines[-1].endswith(f"{names()[0]}/hosts/n1.log")


def test_a_host_that_was_not_there_is_a_usage_error(failed):
    said = failed("history latest --host n9")
    assert (said.code, said.out) == (2, "")
    assert "its hosts are m1, n1, n2" in said.err
    assert "latest --host n1" in failed("history --host n1").err


def test_a_run_is_named_by_a_beginning_that_only_it_has(failed):
    failed("phase hosts --dry-run")
    first, second = names()
    assert f"run {first}: " in failed(f"history {first}").out
    short = next(first[:n] for n in range(1, 30) if first[:n] != second[:n])
    assert f"run {first}: " in failed(f"history {short}").out
    ambiguous = failed("history 2")
    assert ambiguous.code == 2
    assert first in ambiguous.err
    assert second in ambiguous.err
    assert failed("history zzz").code == 2


def test_machines_read_json(failed):
    (listed,) = json.loads(failed("history -o json").out)
    assert (listed["command"], listed["failed"], listed["unfinished"]) == ("up", ["n1"], ["n1"])
    shown = json.loads(failed("history latest -o json").out)
    assert [(e["host"], e["code"]) for e in shown["errors"]] == [("n1", "KB-COMMAND")]
    assert {"host": "n2", "phase": "join-nodes", "result": "ok"}.items() <= next(
        p for p in shown["phases"] if (p["host"], p["phase"]) == ("n2", "join-nodes")
    ).items()
    steps = json.loads(failed("history latest --host n1 -o json").out)["steps"]
    assert {step["host"] for step in steps} == {"n1"}
    assert steps[-1]["event"] == "Failed"


def test_the_timeline_of_a_run_and_what_it_waited_for(k8sboot):
    said = k8sboot("up --to hosts --yes --timings")
    assert said.events[1]["barriers"][1] == {
        "phase": "hosts",
        "after": ["preflight"],
        "at_once": 0,
        "has_turn": False,
    }
    assert said.events[1]["forks"] == 50
    assert "\ncritical path: what the run waited for, " in said.err
    shown = k8sboot("history latest --timeline")
    assert shown.out.splitlines()[0] == f"run {names()[0]}: up of kubernetes, ok"
    assert [line.split()[0] for line in shown.out.splitlines()[3:6]] == ["m1", "n1", "n2"]
    assert shown.out.endswith(said.err.partition("\ncritical")[2]), "both tell the same"
    page = Path("up.html")
    page.write_text("older")
    saved = k8sboot("history latest --html up.html")
    assert (saved.code, saved.out, saved.err) == (0, "", "saved to up.html\n")
    assert page.stat().st_mode & 0o777 == 0o600
    assert "<title>up of kubernetes, " in page.read_text()
    told = json.loads(k8sboot("history latest --timeline -o json").out)
    assert {bar["phase"] for bar in told["timeline"]["bars"]} == {"connect", "checks", "preflight", "hosts"}
    assert told["timeline"]["criticalPath"][-1]["phase"] == "hosts"


def test_a_timeline_is_of_one_run(k8sboot):
    assert "history latest --timeline" in k8sboot("history --timeline").err
    assert "history latest --html up.html" in k8sboot("history --html up.html").err
    assert "contradict each other" in k8sboot("history latest --timeline --host n1").err
    for place in (".", "absent/up.html", "/dev/stdout"):
        said = k8sboot(f"history latest --html {place}")
        assert (said.code, f"cannot write to --html {place}" in said.err) == (2, True)
    k8sboot.dead.add("m1")
    k8sboot("token list")
    assert k8sboot("history latest --timeline").out.endswith("no host ran a phase\n")


def test_a_token_command_is_a_run_and_tells_no_secret(on_cluster):
    on_cluster("token new")
    said = on_cluster("history latest")
    assert "token new of kubernetes, ok" in said.out
    assert "changes    1\n" in said.out
    on_cluster.dead.add("m1")
    on_cluster("token list")
    assert "token list of kubernetes, failed on m1" in on_cluster("history latest").out


def test_a_run_that_failed_says_how_to_go_on(failed):
    run = names()[0]
    assert f"  host log: {failed._state}/k8sboot/kubernetes/{run}/hosts/n1.log\n" in failed.said.err
    assert failed.said.err.endswith("  next: k8sboot up --failed\n")


def test_the_next_command_names_the_inventory_that_was_named(k8sboot, inventory):
    inventory.rename(inventory.with_name("my inventory.yaml"))
    k8sboot.dead.add("n1")
    said = k8sboot("up --yes", "-i", "my inventory.yaml")
    assert said.err.endswith("  next: k8sboot up --failed -i 'my inventory.yaml'\n")


@pytest.mark.parametrize("line", ["up --yes", "up --yes --limit n1", "up --dry-run", "reset --yes"])
def test_where_no_host_went_on_there_is_nothing_to_suggest(k8sboot, line):
    k8sboot.dead.add("m1")
    if line.startswith("reset"):
        k8sboot.dead.add("n1")
    assert "--failed" not in k8sboot(line).err


def test_failed_repeats_on_the_hosts_that_failed_and_says_which(failed):
    said = failed("up --yes --failed")
    assert said.code == 0, said.err
    assert f"continuing run {names()[0]} on n1\n" in said.err
    assert sorted(failed.asked) == ["m1", "n1"], "the first master answers for the cluster"
    assert sorted(failed.cluster.members) == ["m1", "n1", "n2"]
    assert said.events[1]["limit"] == ["n1"]


def test_failed_after_a_run_that_went_well_connects_to_nobody(failed):
    failed("up --yes --failed")
    failed.asked.clear()
    said = failed("up --failed")
    assert said.code == 0
    assert f"nothing to repeat: run {names()[1]} finished all hosts\n" in said.err
    assert failed.asked == []


def test_a_dry_run_and_other_commands_do_not_count(failed):
    failed("up --dry-run")
    failed("token list")
    failed("reset --yes --limit n2 --dry-run")
    assert "on n1\n" in failed("up --yes --failed").err


def test_hosts_skipped_for_a_failed_master_are_repeated_with_it(k8sboot):
    k8sboot.cluster.hosts["m1"].answers["kubeadm init"] = NO_LUCK
    assert k8sboot("up --yes").code == 1
    del k8sboot.cluster.hosts["m1"].answers["kubeadm init"]
    said = k8sboot("up --yes --failed")
    assert "on m1, n1, n2\n" in said.err
    assert said.code == 0
    assert len(k8sboot.cluster.members) == 3


def test_a_host_that_left_the_inventory_is_left_out(failed, inventory):
    text = inventory.read_text()
    inventory.write_text(text.replace("{name: n1, address: 192.0.2.2}, ", ""))
    said = failed("up --failed")
    assert "no longer in the inventory: n1\n" in said.err
    assert said.code == 0
    assert failed.asked == []


def test_failed_and_limit_contradict_each_other(failed):
    said = failed("up --failed --limit n1")
    assert said.code == 2
    assert "contradict" in said.err
    assert failed.asked == []


def test_failed_without_an_earlier_run_is_told(k8sboot):
    said = k8sboot("up --failed")
    assert said.code == 2
    assert "no run of kubernetes is stored on this machine" in said.err
    assert k8sboot.asked == []


def test_failed_does_not_get_in_the_way_of_a_run_at_work(failed):
    run = next(folders.clusters()) / names()[0]
    handle = folders.open_private(run / folders.JOURNAL)
    folders.lock(handle)
    assert failed("history").out.rstrip().endswith("running")
    said = failed("up --failed")
    assert said.code == 4
    assert "still active" in said.err
    assert failed.asked == []


def test_a_run_that_was_killed_is_cut_short_and_all_it_did_not_finish_is_repeated(failed_from_bare):
    journal = next(folders.clusters()) / names()[0] / folders.JOURNAL
    lines = journal.read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if '"Changing"' in line and '"host": "n2"' in line)
    journal.write_text("".join(lines[: first + 1]) + lines[first + 1][:30])
    assert failed_from_bare("history").out.rstrip().endswith("cut short")
    assert "n2: write /etc/hosts: begun, result unknown" in failed_from_bare("history latest").out
    assert "begun, result" in failed_from_bare("history latest --host n2").out
    assert "on m1, n1, n2\n" in failed_from_bare("up --yes --failed").err
