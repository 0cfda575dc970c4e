"""Commands that work on hosts: what they say where, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest
from inventories import spec
from made_certificates import certificate, day
from summaries import changed

from k8sboot.cli.reset import refuse_headless
from k8sboot.errors import UsageError
from k8sboot.kubernetes.paths import CA_CERT


def test_up_makes_a_cluster_and_the_next_up_changes_nothing(k8sboot):
    said = k8sboot("up --yes")
    assert said.code == 0, said.err
    assert said.out == ""
    assert sorted(k8sboot.cluster.members) == ["m1", "n1", "n2"]
    again = k8sboot("up --yes")
    assert again.code == 0
    assert changed(again.err) == 0
    assert again.events[-1]["event"] == "RunEnded"
    assert again.events[-1]["changes"] == {"m1": 0, "n1": 0, "n2": 0}


def test_lines_are_plain_where_there_is_no_terminal(k8sboot):
    said = k8sboot("up --yes -vv")
    assert "\x1b" not in said.err
    assert said.err.splitlines()[0].count(":") >= 2, "with times"


def test_a_dry_run_alters_nothing_asks_nothing_and_shows_the_difference(k8sboot):
    said = k8sboot("up --dry-run")
    assert said.code == 0, said.err
    assert all(not host.mutations for host in k8sboot.cluster.hosts.values())
    assert "+192.0.2.3 n2" in said.err
    assert "would change" in said.err
    assert "kubeadm init" in said.err


def test_a_quiet_run_says_how_it_ended(k8sboot):
    said = k8sboot("-q phase hosts")
    assert said.code == 0
    assert len(said.err.splitlines()) <= 1


@pytest.mark.parametrize(
    ("dead", "fails", "code"),
    [((), "", 0), (("n1",), "", 3), ((), "n1", 1), (("n2",), "n1", 1), (("m1",), "", 3)],
    ids=["fine", "a node is dead", "a step fails", "both", "the first master is dead"],
)
def test_the_exit_code_says_what_kind_of_trouble_it_was(k8sboot, dead, fails, code):
    k8sboot.dead.update(dead)
    if fails:
        k8sboot.cluster.hosts[fails].answers["kubeadm join"] = (1, "", "no luck\n")
    said = k8sboot("up --yes")
    assert said.code == code, said.err
    if dead:
        assert "switch it on" in said.err
    if fails:
        assert "no luck" in said.err
    if dead or fails:
        assert "run.jsonl" in said.err, "the error tells where the log lies"


def test_an_error_says_what_why_and_what_to_do(k8sboot):
    k8sboot.cluster.hosts["m1"].facts["cpus"] = "1"
    said = k8sboot("up --yes")
    assert said.code == 1
    assert "error[KB-PREFLIGHT] m1: not fit for Kubernetes: 1 processor" in said.err
    assert "why: " in said.err
    assert "fix: " in said.err


def test_reset_with_yes_asks_nothing(on_cluster):
    assert on_cluster("reset --yes").code == 0
    assert on_cluster.cluster.members == []


@pytest.mark.parametrize("limit", [{"m1"}, {"m1", "m2", "n1"}])
def test_the_first_master_is_not_reset_while_other_masters_stay(limit):
    with pytest.raises(UsageError, match="m1: it is the first master, and other masters stay"):
        refuse_headless(spec(masters=3), frozenset(limit))


@pytest.mark.parametrize("limit", [None, {"m1", "m2", "m3"}, {"m2", "m3"}, {"n1"}])
def test_all_masters_or_others_than_the_first_may_go(limit):
    refuse_headless(spec(masters=3), limit and frozenset(limit))


def test_reset_in_a_dry_run_needs_no_yes(on_cluster):
    assert on_cluster("reset --dry-run").code == 0
    assert len(on_cluster.cluster.members) == 3


def test_limit_takes_lists_and_repetitions(on_cluster):
    assert on_cluster("reset --yes --limit n1 -l n2").code == 0
    assert on_cluster.cluster.members == ["m1"]
    assert on_cluster("up --yes --limit n1,n2").code == 0
    assert len(on_cluster.cluster.members) == 3


def test_the_join_line_is_alone_on_stdout(on_cluster):
    said = on_cluster("token new --ttl 30m")
    assert said.code == 0, said.err
    token = next(iter(on_cluster.cluster.tokens.values()))
    secret = f"{token['token-id']}.{token['token-secret']}"
    assert said.out.startswith(
        f"kubeadm join 192.0.2.1:6443 --token {secret} --discovery-token-ca-cert-hash sha256:"
    )
    assert said.out.count("\n") == 1
    assert secret not in said.err + said.log
    assert on_cluster.asked == ["m1"]


@pytest.mark.parametrize("line", ["token new", "token list", "token revoke abcdef"])
def test_tokens_of_a_year_old_cluster_are_refused_at_the_first_look(on_cluster, line):
    gone = certificate(day("2025-11-03"))
    lines = "".join(f"{each}\n" for each in gone.splitlines()[1:-1])
    master = on_cluster.cluster.hosts["m1"]
    master.answers["certificates"] = f"== /etc/kubernetes/pki/apiserver.crt\n{lines}"
    master.clear()
    said = on_cluster(line)
    assert said.code == 1
    assert "KB-CERTIFICATE-EXPIRED" in said.err
    assert "2025-11-03" in said.err
    assert master.runs == ["probe"]


def test_the_join_line_of_a_master_has_a_key_that_is_shown_nowhere_else(on_cluster):
    said = on_cluster("token -vv new --control-plane")
    assert said.out.rstrip().endswith(f"--control-plane --certificate-key {'c' * 64}")
    assert "c" * 64 not in said.err + said.log


@pytest.mark.parametrize("ttl", ["0", "0s", "1d", "h", "-5m", "5 m", "", "1h\n"])
def test_a_life_time_that_is_none_makes_no_token(on_cluster, ttl):
    said = on_cluster("token new", f"--ttl={ttl}")
    assert said.code == 2
    assert "is not a valid token lifetime" in said.err
    assert on_cluster.cluster.tokens == {}


def test_tokens_are_listed_without_their_secrets_and_revoked_by_id(on_cluster):
    on_cluster("token new")
    on_cluster("token new")
    said = on_cluster("token list")
    assert [line.split()[0] for line in said.out.splitlines()] == ["ID", "abc000", "abc001"]
    assert "0000000000000000" not in said.out + said.err + said.log
    wrong = on_cluster("token revoke abc000 zzzzzz")
    assert wrong.code == 2
    assert "zzzzzz" in wrong.err
    assert len(on_cluster.cluster.tokens) == 2, "none is revoked when one is wrong"
    assert on_cluster("token revoke abc000.0000000000000000").code == 0
    assert list(on_cluster.cluster.tokens) == ["abc001"]


def test_a_token_without_a_cluster_says_what_is_missing(k8sboot):
    said = k8sboot("token new")
    assert said.code == 1
    assert said.out == ""
    assert "does not have a cluster's CA yet" in said.err


def test_a_token_of_an_unreachable_master_ends_with_3(k8sboot):
    k8sboot.dead.add("m1")
    assert k8sboot("token list").code == 3


def test_a_ca_that_is_none_is_told_and_not_shown(on_cluster):
    on_cluster.cluster.hosts["m1"].put(CA_CERT, "hunter2 is no certificate")
    said = on_cluster("token new")
    assert said.code == 1
    assert "hunter2" not in said.err + said.out + said.log


def test_a_failure_is_told_with_its_cause_its_cure_and_where_the_evidence_lies(k8sboot):
    host = k8sboot.cluster.hosts["m1"]
    host.answers["kubeadm init"] = (1, "timed out waiting for the condition\n", "")
    host.evidence = {
        "kubelet-errors": "F1 server.go] running with swap on is not supported canary-1 with space"
    }
    said = k8sboot("up")
    assert said.code == 1
    assert (
        "error[KB-SWAP] m1: kubeadm init: failed\n  why: kubelet does not start because swap is on\n"
        in said.err
    )
    assert "  more: k8sboot explain KB-SWAP\n" in said.err
    (path,) = [line.split()[-1] for line in said.err.splitlines() if line.startswith("  evidence: ")]
    text = Path(path).read_text()
    assert "running with swap on is not supported ***" in text
    assert "canary" not in text
