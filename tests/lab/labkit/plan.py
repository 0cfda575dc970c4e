"""Which hosts a lab has: names, addresses, logins, and where its files are.

The plan is written down when a lab first comes up; every other command reads it from there.
"""

import dataclasses
import json
import re
import uuid
from pathlib import Path

from labkit import locks, plugins, releases
from labkit.errors import LabError

STATE = Path("/var/lib/k8sboot-lab")
CHECKOUT = Path(__file__).resolve().parents[3]
DEFAULT_NAME = "lab"
MIXED = "mixed"
"""Not a family: both in one lab."""

OF_RUNBOOK, OF_CURRENT = ("debian", "el7", MIXED), ("debian", "el9")
"""The families with the runbook's Kubernetes, and with a current one."""

LOGINS = ("root", "ops", "admin")


@dataclasses.dataclass(frozen=True)
class Host:
    """One machine. Everything about it follows from the lab, its name and its number."""

    lab: str
    subnet: int
    name: str
    role: str
    number: int
    login: str
    family: str
    born_as: str
    """The hostname it boots with: on a fresh machine seldom the one the inventory wants."""

    @property
    def address(self) -> str:
        return f"10.77.{self.subnet}.{self.number}"

    @property
    def gateway(self) -> str:
        return f"10.77.{self.subnet}.1"

    @property
    def machine(self) -> str:
        """The name that is unique on this machine: network namespace, nspawn machine."""
        return f"k8sboot-{self.lab}-{self.name}"

    @property
    def cable(self) -> str:
        """The machine's end of the host's network cable (15 characters at most)."""
        return f"kb{self.subnet}h{self.number}"

    @property
    def mac(self) -> str:
        return f"02:77:00:00:{self.subnet:02x}:{self.number:02x}"

    @property
    def machine_id(self) -> str:
        """Stable across resets, different on every host, as cloned templates ought to be."""
        return uuid.uuid5(uuid.NAMESPACE_DNS, self.machine).hex

    @property
    def cgroup(self) -> str:
        return f"k8sboot-lab/{self.lab}/{self.name}"

    @property
    def directory(self) -> Path:
        return STATE / self.lab / "hosts" / self.name

    @property
    def root(self) -> Path:
        return self.directory / "root"


@dataclasses.dataclass(frozen=True)
class Lab:
    """A bridge with hosts and mirrors on it."""

    name: str
    subnet: int
    checkout: str
    hosts: tuple[Host, ...]
    kubernetes: str = releases.DEFAULT
    """The minor version that its mirrors have."""

    plugin: str = plugins.DEFAULT
    """Of its pod network."""

    @property
    def bridge(self) -> str:
        return f"kb{self.subnet}"

    @property
    def gateway(self) -> str:
        return f"10.77.{self.subnet}.1"

    @property
    def state(self) -> Path:
        return STATE / self.name

    @property
    def handout(self) -> Path:
        """Where users find the inventory and the keys."""
        return handout(self.name, Path(self.checkout))

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise LabError(f"lab {self.name} has no host {name} (it has {known})", 2)

    def save(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        path = self.state / "plan.json"
        path.with_suffix(".new").write_text(json.dumps(dataclasses.asdict(self), indent=1))
        path.with_suffix(".new").rename(path)


def handout(name: str, checkout: Path = CHECKOUT) -> Path:
    """`.lab` in the checkout; another lab's is a directory in there."""
    return checkout / ".lab" if name == DEFAULT_NAME else checkout / ".lab" / name


def names() -> list[str]:
    """The labs that left something on disk."""
    return sorted(path.name for path in STATE.glob("*") if path.is_dir())


def load(name: str) -> Lab | None:
    """The lab as it was written down, or None."""
    try:
        plan = json.loads((STATE / name / "plan.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return Lab(**{**plan, "hosts": tuple(Host(**host) for host in plan["hosts"])})


def existing(name: str) -> Lab:
    """The lab as it was written down; a message where there is none."""
    lab = load(name)
    if lab is None:
        raise LabError(f"there is no lab named {name}: start it with `lab up --name {name}`", 2)
    return lab


def settle(  # noqa: PLR0913 - the options of `lab up`
    name: str,
    hosts: int | None,
    masters: int | None,
    family: str,
    kubernetes: str | None = None,
    plugin: str | None = None,
) -> Lab:
    """The running lab's plan, extended if more hosts are wanted, or a new one, written down."""
    if kubernetes is not None:
        releases.find(kubernetes)
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", name):
        raise LabError(f"a lab's name is 1-16 of a-z, 0-9 and -, a letter first: not {name!r}", 2)
    with locks.held("subnets"):
        before = load(name)
        if before is not None:
            _keep_to(before, kubernetes, plugin)
            _go_together(family, before.kubernetes)
            lab = _extended(before, hosts, masters, family)
        else:
            _go_together(family, kubernetes or releases.DEFAULT)
            bare = _bare(name, kubernetes or releases.DEFAULT, plugin or plugins.DEFAULT)
            lab = _extended(bare, hosts or max(3, (masters or 1)), masters or 1, family)
        lab.save()
    return lab


def _go_together(family: str, kubernetes: str) -> None:
    """The mirrors of the runbook's version have no packages for EL9, those of a current one none for EL7."""
    possible = OF_RUNBOOK if kubernetes == releases.DEFAULT else OF_CURRENT
    if family not in possible:
        known = ", ".join(possible)
        raise LabError(f"a lab with Kubernetes {kubernetes} has hosts of {known}, none of {family}", 2)


def _bare(name: str, kubernetes: str, plugin: str) -> Lab:
    if plugin != plugins.DEFAULT and kubernetes == releases.DEFAULT:
        raise LabError(f"{plugin} is for a current Kubernetes: add --kubernetes MINOR", 2)
    return Lab(name, _free_subnet(name), str(CHECKOUT), (), kubernetes, plugin)


def _keep_to(lab: Lab, kubernetes: str | None, plugin: str | None) -> None:
    if kubernetes not in (None, lab.kubernetes):
        raise LabError(f"lab {lab.name} has Kubernetes {lab.kubernetes}: `lab down` it first", 2)
    if plugin not in (None, lab.plugin):
        raise LabError(f"lab {lab.name} has the pod network {lab.plugin}: `lab down` it first", 2)


def _extended(lab: Lab, hosts: int | None, masters: int | None, family: str) -> Lab:
    if lab.checkout != str(CHECKOUT):
        raise LabError(f"lab {lab.name} belongs to {lab.checkout}: choose another --name", 2)
    have_masters = sum(host.role == "master" for host in lab.hosts)
    masters, hosts = masters or have_masters, hosts or len(lab.hosts)
    nodes, have_nodes = hosts - masters, len(lab.hosts) - have_masters
    if masters < have_masters or nodes < have_nodes:
        raise LabError(f"lab {lab.name} is larger than that: `lab down` it first", 2)
    if not 1 <= masters <= 9 or not 0 <= nodes <= 200:
        raise LabError("a lab has 1-9 masters and 0-200 nodes", 2)
    wanted = [("master", number) for number in range(have_masters + 1, masters + 1)]
    wanted += [("node", number) for number in range(have_nodes + 1, nodes + 1)]
    new = [
        _host(lab, role, number, len(lab.hosts) + place, family)
        for place, (role, number) in enumerate(wanted)
    ]
    both = sorted((*lab.hosts, *new), key=lambda host: host.number)
    return dataclasses.replace(lab, hosts=tuple(both))


def _host(lab: Lab, role: str, number: int, place: int, family: str) -> Host:
    name = f"k8s-{role}{number:02d}"
    return Host(
        lab=lab.name,
        subnet=lab.subnet,
        name=name,
        role=role,
        number=number + (10 if role == "master" else 20),
        login=LOGINS[place % len(LOGINS)],
        family=_family(family, role, number),
        born_as=("debian", "localhost")[place] if place < 2 else name,
    )


def _family(chosen: str, role: str, number: int) -> str:
    """In a mixed lab, masters and the first, third, ... node are CentOS; the other nodes Debian."""
    if chosen != MIXED:
        return chosen
    return "el7" if role == "master" or number % 2 else "debian"


def _free_subnet(name: str) -> int:
    """10.77.0.0/24 is the default lab's own, so that its addresses can be relied upon."""
    if name == DEFAULT_NAME:
        return 0
    taken = {lab.subnet for lab in map(load, names()) if lab}
    for subnet in range(1, 255):
        if subnet not in taken and not Path(f"/sys/class/net/kb{subnet}").exists():
            return subnet
    raise LabError("no subnet of 10.77.0.0/16 is free: `lab down --all`")
