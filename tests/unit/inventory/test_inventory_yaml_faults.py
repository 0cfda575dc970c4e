"""Files that are no inventory, and YAML that people and attackers write. Never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice

import pytest

from k8sboot.errors import InventoryError
from k8sboot.inventory.load import load
from k8sboot.inventory.nodes import Listing, Node, Table
from k8sboot.inventory.problems import Problems
from k8sboot.inventory.source import SourceFile
from k8sboot.inventory.yaml_tree import parse


def the_only(problems):
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (b"", "KB-EMPTY", 0, 0),
        (b"# only a comment\n", "KB-EMPTY", 0, 0),
        (b"\xff\xfem\x00a\x00", "KB-ENCODING", 0, 0),
        ("masters:\n".encode("utf-16-le"), "KB-ENCODING", 0, 0),
        (b"a: 1\nb: \xe4\xbd\n", "KB-ENCODING", 2, 4),
        (b"a: \x1b[2J\n", "KB-SYNTAX", 1, 4),
        ("a: \u2028\n".encode(), "KB-SYNTAX", 1, 4),
        (b"cluster:\n\tname: x\n", "KB-SYNTAX", 2, 1),
        (b"cluster: {name: x\n", "KB-SYNTAX", 2, 1),
        (b"cluster:\n  name: a: b\n", "KB-SYNTAX", 2, 10),
        (b"- a\n- b\n", "KB-KIND", 1, 1),
        (b"just words\n", "KB-KIND", 1, 1),
        (b"a: 1\n---\nb: 2\n", "KB-SYNTAX", 2, 1),
        (b"a: " + b"[" * 5000, "KB-DEPTH", 1, 53),
        (b"a: " + b"{b: " * 5000, "KB-DEPTH", 1, 200),
        (b"x" * (1024 * 1024 + 1), "KB-FILE", 0, 0),
    ],
)
def test_what_is_no_inventory_is_one_problem_with_its_place(problems, text, code, line, column):
    found = the_only(problems(text, hosts=False))
    assert (found.code, found.line, found.column) == (code, line, column)
    assert found.suggestion


def test_tabs_are_told_as_tabs(problems):
    assert "spaces" in the_only(problems("cluster:\n\tname: x\n", hosts=False)).suggestion


def test_an_unquoted_colon_is_told_to_be_quoted(problems):
    assert "quote" in the_only(problems("cluster:\n  name: a: b\n", hosts=False)).suggestion


def test_unquoted_variables_in_braces_are_told_to_be_quoted(problems):
    assert "quote" in the_only(problems("os: {sysctl: {a.b: ${X}}}\n", hosts=False)).suggestion


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "named"),
    [
        ("cluster: {name: a}\ncluster: {name: b}\n", "KB-DUPLICATE-KEY", 2, 1, "line 1"),
        ("cluster: {podsubnet: 10.0.0.0/16}\n", "KB-UNKNOWN-KEY", 1, 11, "did you mean `podSubnet`?"),
        ("cluster: {pod_subnet: 10.0.0.0/16}\n", "KB-UNKNOWN-KEY", 1, 11, "did you mean `podSubnet`?"),
        ("cluster: {PODSUBNET: 10.0.0.0/16}\n", "KB-UNKNOWN-KEY", 1, 11, "did you mean `podSubnet`?"),
        ("kubernetesVersion: v1.23.17\n", "KB-UNKNOWN-KEY", 1, 1, "belongs to `cluster`"),
        ("os: {zzz: 1}\n", "KB-UNKNOWN-KEY", 1, 6, "valid keys: timezone"),
        ("cluster: !!python/object/apply:os.system [x]\n", "KB-TAG", 1, 10, "!!python/object"),
        ("cluster: {name: !!str x}\n", "KB-TAG", 1, 17, "!!str"),
        ("cluster: &a {name: x}\n", "KB-ALIAS", 1, 10, "&a"),
        ("kubeadm: {initConfiguration: {<<: {a: 1}}}\n", "KB-ALIAS", 1, 31, "<<"),
        ("cluster: {? [a] : b}\n", "KB-KIND", 1, 13, "key"),
        ("cluster: [a]\n", "KB-KIND", 1, 10, "`cluster` must be a mapping, not a list"),
        ("cluster: {name: [a]}\n", "KB-KIND", 1, 17, "`cluster.name` must be text, not a list"),
        ("cluster: {certSANs: a.example}\n", "KB-KIND", 1, 21, "[a.example]"),
        ("cluster: {certSANs: [~]}\n", "KB-KIND", 1, 22, "an empty value"),
        ("masters: [k8s]\n", "KB-KIND", 1, 11, "write {name:"),
        ("masters: [~]\n", "KB-KIND", 1, 11, "`masters[0]` must be a mapping, not an empty value"),
        ("masters: [{name: a}]\n", "KB-MISSING-KEY", 1, 11, "`address` is missing in `masters[0]`"),
        ("os: {repositories: {docker: {key: 'http://x/k'}}}\n", "KB-MISSING-KEY", 1, 29, "`url`"),
        ("os: {repositories: {docker: ~}}\n", "KB-MISSING-KEY", 1, 29, "`url`"),
        ("calico: {enabled: yes}\n", "KB-VALUE", 1, 19, "did you mean `true`?"),
        ("calico: {enabled: off}\n", "KB-VALUE", 1, 19, "did you mean `false`?"),
        ("ssh: {port: 22:22}\n", "KB-VALUE", 1, 13, "1 to 65535"),
        ("ssh: {port: 0}\n", "KB-VALUE", 1, 13, "1 to 65535"),
        ("ssh: {port: 65536}\n", "KB-VALUE", 1, 13, "1 to 65535"),
        ("ssh: {port: 0o26}\n", "KB-VALUE", 1, 13, "0o26"),
        ("ssh: {port: 022}\n", "KB-VALUE", 1, 13, "022"),
        ("kubeProxy: {mode: ipv}\n", "KB-VALUE", 1, 19, "did you mean `ipvs`?"),
        ("kubeProxy: {scheduler: fastest}\n", "KB-VALUE", 1, 24, "must be rr, wrr"),
        ("runtime: {name: containers}\n", "KB-VALUE", 1, 17, "did you mean `containerd`?"),
        ("cluster: {name: ''}\n", "KB-VALUE", 1, 17, "remove the key"),
        ("os: {sysctl: {a.b: \"x\\ny\"}}\n", "KB-VALUE", 1, 20, "one line"),
        ("cluster: {name: \"a\\e[2J\"}\n", "KB-VALUE", 1, 17, "one line"),
        ("cluster: {name: a\ufdd0}\n", "KB-VALUE", 1, 17, "noncharacters"),
        ("cluster: {name: '${NOPE}'}\n", "KB-ENV", 1, 17, "NOPE is not set"),
        ("kubeadm: {initConfiguration: {a: '${NOPE}'}}\n", "KB-ENV", 1, 34, "NOPE is not set"),
        ("cluster: {name: '${9}'}\n", "KB-ENV", 1, 17, "$$"),
        ("ssh: {identityFile: missing}\n", "KB-NO-FILE", 1, 21, "no such file"),
        ("ssh: {identityFile: " + "x" * 4000 + "}\n", "KB-NO-FILE", 1, 21, "no such file"),
    ],
)  # fmt: skip
def test_a_fault_in_it_is_told_with_place_and_way_out(problems, text, code, line, column, named):
    found = next(each for each in problems(text) if not each.is_warning)
    assert (found.code, found.line, found.column) == (code, line, column)
    assert named in f"{found.message} {found.suggestion}"
    assert found.source == text.splitlines()[line - 1]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(problems):
    found = problems(
        "cluster: {name: A_b, x: 1, kubernetesVersion: 1.23}\nos: {timezone: Mars}\n"
        "masters: [{name: m, address: 10.0.0.1}, {name: m, address: '-x'}]\n"
    )
    errors = [(each.code, each.line) for each in found if not each.is_warning]
    assert errors == [
        ("KB-NAME", 1), ("KB-UNKNOWN-KEY", 1), ("KB-VERSION", 1), ("KB-VALUE", 2),
        ("KB-DUPLICATE-HOST", 3), ("KB-ADDRESS", 3),
    ]  # fmt: skip


def test_a_refused_value_is_not_linted_as_if_it_were_the_default(problems):
    found = problems("cluster: {podSubnet: 10.96.0.0}\nmasters: [{name: m, address: 172.16.0.9}]\n")
    assert [each.code for each in found if not each.is_warning] == ["KB-NET-FORM"]


def test_an_alias_bomb_is_no_larger_than_it_is_written(problems):
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 16))
    assert {each.code for each in problems(bomb)} >= {"KB-ALIAS"}
    source = SourceFile("x", bomb, b"", tuple(bomb.split("\n")))
    nodes = islice(nodes_of(parse(source, Problems(source))), 10_000)
    assert (
        sum(1 for _ in nodes) == 1 + 3 + 15 * 11
    )  # the file; a0, its list and x; a key, its list and 9 aliases


def nodes_of(node: Node) -> Iterator[Node]:
    yield node
    children = node.items if isinstance(node, Listing) else ()
    for child in chain(*node.entries) if isinstance(node, Table) else children:
        yield from nodes_of(child)


@pytest.mark.parametrize("count", [500, *(pytest.param(n, marks=pytest.mark.slow) for n in (5_000, 50_000))])
def test_more_problems_than_anybody_mends_are_cut_off(problems, count):
    found = problems("".join(f"k{n}: 1\n" for n in range(count)))
    assert len(found) < 210
    assert found[-1].code == "KB-TOO-MANY"


NESTED = pytest.param("[", marks=pytest.mark.slow)  # whatever its length, too deep for the quick parser
PIECES = ["x", "pas", "password: ", NESTED, "- ", "a: ", " ", "#", "a, ", "'", "\n", "&a *a ", "${X}"]


@pytest.mark.parametrize(
    "length", [2_500, *(pytest.param(n, marks=pytest.mark.slow) for n in (10_000, 50_000))]
)
@pytest.mark.parametrize("piece", PIECES)
def test_a_long_run_of_one_thing_takes_work_and_words_in_proportion(problems, piece, length):
    once = "x: [" + piece * (length // len(piece))
    assert calls(lambda: problems(once + piece * (length // len(piece)), hosts=False)) < 1000 + 3 * calls(
        lambda: problems(once, hosts=False)
    )
    found = problems("x: [" + piece * (4 * length // len(piece)), hosts=False)
    assert found
    assert all(len(each.source) <= 4096 for each in found)


def test_the_work_grows_with_the_hosts_and_not_with_their_square(inventory):
    def load_with(hosts: int) -> None:
        nodes = "".join(f"  - {{name: n{n}, address: 10.1.{n // 250}.{n % 250}}}\n" for n in range(1, hosts))
        loaded = inventory(f"masters: [{{name: m1, address: 10.2.0.1}}]\nnodes:\n{nodes}")
        assert len(loaded.spec.hosts) == hosts

    load_with(2)  # what is computed once
    assert calls(lambda: load_with(200)) < 2.2 * calls(lambda: load_with(100))


def calls(work: Callable[[], object]) -> int:
    """How many functions written in Python work calls: a measure of it that no other process disturbs."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("make", ["missing", "folder", "loop", "nul"])
def test_a_path_that_cannot_be_read_is_a_problem(tmp_path, make):
    path = tmp_path / "x"
    if make == "folder":
        path.mkdir()
    elif make == "loop":
        path.symlink_to(path)
    with pytest.raises(InventoryError) as caught:
        load("\0" if make == "nul" else str(path))
    assert the_only(caught.value.problems).code == "KB-FILE"


@pytest.mark.parametrize(
    "text",
    [
        "ssh: {password: hunter2, x: 1}\n",
        "ssh:\n  pasword: hunter2\n",
        "ssh:\n  password: 'hunter2\n",
        "ssh:\n  password: |\n    hunter2\n  x: 1\n",
        "ssh:\n  password:\n    hunter2: [\n",
        "ssh:\n  password:\n    - hunter2\n",
        "ssh:\n  password:\n    hunter2\n",
        "ssh: {password: [hunter2]}\n",
        "ssh: {password: {hunter2: x}}\n",
        "ssh: {sudoPassword: {hunter2}}\n",
        "ssh: {password: {env: X}, sudoPassword: hunter2, x: 1}\n",
        "kubeadm: {initConfiguration: {certificateKey: hunter2, x: '${NOPE}'}}\n",
    ],
)
def test_no_problem_shows_a_secret(problems, text):
    found = problems(text, hosts=False)
    assert found
    assert "hunter2" not in repr(
        [(each.source, each.message) for each in found if "KB-SECRET" not in each.code]
    )
    assert "hunter2" not in repr([each.source for each in found])


@pytest.mark.parametrize(
    "said", ["{env: NOPE}", "{file: missing}", "'${NOPE}'", "{prompt: true}", "  {env: NOPE}"]
)
def test_where_a_secret_comes_from_is_shown(problems, said):
    text = f"ssh: {{password: {said}}}"
    assert problems(f"{text}\n")[0].source == text


def test_where_a_secret_comes_from_is_shown_on_lines_of_its_own(problems):
    assert problems("ssh:\n  password:\n    env: NOPE\n")[0].source == "    env: NOPE"


def test_a_variables_value_is_never_shown(problems):
    found = problems("ssh: {port: '${PW}'}\ncluster: {name: '${PW}'}\n", environ={"PW": "Hunter_2"})
    assert len(found) == 2
    assert "unter" not in repr(found)
