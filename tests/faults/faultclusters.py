"""Whole clusters: what one must be like, whatever befell the runs that made it."""

from __future__ import annotations

from collections.abc import Iterable

from faultdeeds import records
from faulthosts import FaultyHost, until
from faultruns import Controller, Ran, Running
from on_lab import HOSTS, Lab
from summaries import changed

UP = ("up", "--yes")
LONG = 1500

# A file by path, rights and content; of what holds keys, tokens, times or the network that the order of joining gave
# a node, only path and rights.
_LIKENESS = r"""
find /etc /root/.kube /usr/local -xdev ! -type d ! -path '*/apt/*lists*' ! -name '*-' ! -name '.pwd.lock' \
  ! -path '/root/.kube/cache/*' ! -name ld.so.cache -printf '%p %m %U:%G %l\n' 2>/dev/null
find /etc -xdev -type f ! -path '/etc/kubernetes/pki/*' ! -path '/etc/kubernetes/*.conf' ! -name '*-' \
  ! -path '/etc/ssl/*' ! -path /etc/docker/key.json \
  ! -name calico-kubeconfig ! -path '/etc/cni/net.d/calico-tls/*' ! -name 'shadow' \
  ! -name ld.so.cache ! -name versionlock.list ! -name 10-calico.conflist -exec sha256sum {} +
grep -h '^[^#]' /etc/yum/pluginconf.d/versionlock.list 2>/dev/null
dpkg-query -W -f 'package ${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null || rpm -qa
systemctl list-unit-files --state=enabled,masked --no-legend --plain | awk '{print "unit", $1, $2}'
for u in docker containerd kubelet chrony chronyd; do echo "$u $(systemctl is-active $u 2>/dev/null)"; done
uname -n; swapon --show --noheadings; readlink -f /etc/localtime
ls -d /var/lib/k8sboot/kubeadm-unfinished /run/k8sboot/join.yaml /run/k8sboot/certificate-key 2>/dev/null
systemctl list-units --no-legend --plain 'k8sboot-*'
find / -xdev -name '.k8sboot.??????' 2>/dev/null
true
"""


def likeness(hosts: Iterable[FaultyHost]) -> set[str]:
    """What two clusters on the same hosts have in common: files but for keys, tokens and times, packages, units."""
    return {f"{host.name} {line}" for host in hosts for line in host.sh(_LIKENESS).splitlines()}


def is_whole(controller: Controller, hosts: Iterable[FaultyHost], undisturbed: set[str]) -> None:
    """Three Ready nodes, nothing left to do, no token left, and each host is as an undisturbed run makes it."""
    lab: Lab = controller.lab
    lab.wait_for_ready(HOSTS)
    ran = controller.run(*UP, within=LONG)
    assert changed(ran.stderr) == 0
    assert "k8sboot: join" not in controller.run("token", "list").stdout
    differing = sorted(likeness(hosts) ^ undisturbed)
    assert not differing, "\n".join(differing)


def began(run: Running, host: str, what: str) -> bool:
    """A change of that name has begun on the host."""
    return any(
        kind == "started" and name == host and told.startswith(what) for kind, name, told in records(run)
    )


def until_it_begins(run: Running, host: str, what: str, *, within: float = 900) -> None:
    """Wait for the beginning of a change; fails when the run ends without."""

    def begins() -> bool:
        assert not run.has_ended(), run.stderr
        return began(run, host, what)

    until(begins, f"{what!r} on {host}", within=within)


def finished(run: Running, *, codes: tuple[int, ...], within: float = LONG) -> Ran:
    """The end of a run that may leave with one of these codes."""
    until(run.has_ended, f"the end of k8sboot\n{run.stderr}", within=within)
    assert run.process.returncode in codes, run.stderr
    return run.end(expect=run.process.returncode)
