"""Whatever a host prints, k8sboot has a value or a tidy error."""

from __future__ import annotations

import base64
from contextlib import suppress

import strategies as some
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.diagnosis.catalogue import ABOUT_BOTH, ABOUT_IMAGES, ABOUT_NODES, ABOUT_PACKAGES
from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.evidence import parse as evidence_of
from k8sboot.diagnosis.finding import Seen
from k8sboot.ensure.restore import notes
from k8sboot.ensure.restore.verdicts import without_ours
from k8sboot.ensure.security import with_mode
from k8sboot.ensure.system import with_swap
from k8sboot.errors import K8sbootError
from k8sboot.host import lease, once, probe_output, proxy_fault, script
from k8sboot.kubernetes import alternative_names, certificates, kubelet_flags, mounts, pki
from k8sboot.membership import reading
from k8sboot.osfamily import apt_sources, deb_versions, grub_menu, kernels, rpm_versions, yum_transactions
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.job_scripts import parse_end
from k8sboot.ssh.jobs import Lines
from k8sboot.ssh.script import MarkedStream, Markers
from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe, visible
from k8sboot.text.unified import unified

VALUES = ["1\n2 3 4\nx", "root", "²", "[Unit]", "a" * 99]
ENCODED = [base64.b64encode(each.encode()).decode() for each in VALUES]
PROBE = [
    *(
        f"\nw {kind}\n"
        for kind in ("files", "states", "digests", "contents", "values", "modules", "dpkg", "rpm")
    ),
    *(f"\nw {kind}\n" for kind in ("units", "answer q", "status 0", "uname", "hardware", "links", "disk")),
    "file",
    "absent",
    "other",
    "closed",
    "Id=x",
    "/etc/x",
    "644",
    "5 644 0:0 root:root /etc/x\n",
    "ActiveState=active",
    "eA==",
    *(f".{e}" for e in ENCODED),
    *(f"\nw fact {name}\n" for name in ("time", "cpus", "lock", "addresses", "jobs")),
]
FACTS = [
    f"\nw fact {name}\n{each}" for name in ("time", "cpus", "lock", "addresses", "jobs") for each in VALUES
]


@given(some.lines(PROBE) | some.twisted(["".join(FACTS)], PROBE))
def test_probe(text):
    seen = probe_output.parse(f"w{text}".encode("utf-8", "surrogatepass"))
    assert seen.host_facts.cpus >= 0
    assert seen.host_facts.time >= 0
    lease.holder(seen.facts.get("lock", ""))
    str([seen.units, seen.due_restarts, seen.text("/etc/x")])


MEMBERSHIP = [
    "text",
    "there",
    "older",
    "unfinished",
    "end",
    *reading.TEXTS,
    *reading.PARTS,
    "server: https://192.0.2.1:6443",
    "certificate-authority-data: LS0t",
    "-----BEGIN CERTIFICATE-----",
    "-----END CERTIFICATE-----",
    "MIIB",
    "absent: /x",
    "- name: system:node:n1",
    "--node-ip=192.0.2.1",
    "- --cluster-cidr=10.0.0.0/8",
    "clusterDomain: cluster.local",
]


@given(some.lines(MEMBERSHIP))
def test_membership(text):
    found = reading.parse(text)
    assert len(found.node_name) <= reading.LONGEST
    str([found.is_member, found.remains, found.identity, found.has_void_mark])


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@given(st.binary(max_size=80) | some.lines(["boot", "never", "ended", "running", "gone", "-"]).map(as_bytes))
def test_scripts(data):
    with suppress(ValueError):
        once.parse_outcome(data)
    with suppress(ValueError):
        parse_end(data)
    script.which(["a", "b"], Completed(1, b"k8sboot-failed-" + data, data))
    lease.refusal(data.decode("utf-8", "replace"), "h")


@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([b"<begin>", b"<end>", b"1\n", b"-1\n"]), max_size=12)
)
def test_streams(chunks):
    stream, heard = MarkedStream(Markers(b"<begin>", b"<end>"), limit=64), []
    lines = Lines(heard.append)
    for chunk in chunks:
        stream.feed(chunk)
        lines.feed(chunk)
    lines.feed(b"", final=True)
    assert not stream.ended or isinstance(stream.exit_status, int)
    assert len(stream.value()) < 1000
    stream.heard_before()


@given(some.lines(["state", "file", "complete", "unit", "sysctl", "yes", "/etc/x", ".eA==", "absent"]))
def test_notes(text):
    str([(each.states, each.files, each.is_empty) for each in [notes.parse(text)]])


PEM = "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n-----END CERTIFICATE-----\n"


@given(
    st.binary(max_size=120),
    some.twisted([PEM, f"== /etc/kubernetes/pki/ca.crt\n{PEM}", "== /x\ndata LS0t\n"]),
)
def test_certificates(der, text):
    pem = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n"
    for each in (pem, text):
        certificates.ends(each)
        with suppress(K8sbootError):
            pki.ca_cert_hash(each)
        with suppress(K8sbootError):
            alternative_names.alternative_names(each)
    certificates.ends(f"== /x\n{pem}")


SYSTEM = [
    "menuentry 'a' {",
    'submenu "b" {',
    "}",
    'set default="0"',
    'set default="${saved_entry}"',
    "1>2",
    "--id x",
    "linux /boot/vmlinuz-5.10",
    "Inst a [1] (2",
    "Remv a [1]",
    "Removing:",
    " a x86_64 1-1 base 1 k",
    "replacing",
    "a.b",
    "file /etc/apt/x.list",
    "| deb [signed-by=/k] http://x y z",
    "| URIs: http://x",
    "| Suites: s",
    "file /x.sources",
    "| ",
    "E: The repository 'http://x y'",
    "failure: a from base: why",
    "Cannot retrieve x for repository: base/7",
    "SELINUX=enforcing",
    "/dev/sda2 none swap sw 0 0",
    "KUBELET_EXTRA_ARGS=--a=b",
    "# k8sboot x begin",
    "# k8sboot x end",
    "UUID=x",
    "docker-ce.x86_64",
    "3:20.10.24-3.el7",
    "docker-ce-stable",
    "/boot/vmlinuz-5.10.0",
    "\\040",
    "nfs",
]


@given(some.lines(SYSTEM), some.texts)
def test_system(text, word):
    grub_menu.entry_of(text, word)
    grub_menu.default_release(text, word)
    grub_menu.default_is_saved(text)
    str([yum_transactions.outcome(text), yum_transactions.failed_repository(text)])
    yum_transactions.others(text)
    entries = [*apt_sources.parse(text)]
    apt_sources.unread(text, entries)
    rpm_versions.offered(text, "x86_64")
    kernels._IMAGE.findall(text)
    mounts.parse(text)
    with suppress(ValueError):
        kubelet_flags.kubelet_flags(text)
    kubelet_flags.with_flags(text, "KUBELET_EXTRA_ARGS=x\n")
    with_mode(text, "permissive")
    with_swap(text)
    without_ours("/etc/fstab", text, original=text, copy="")
    unified(text, word, ("a", "b"))
    proxy_fault.proxy_fault(["http://proxy.example:3128"], text)


@given(some.texts, some.texts, some.texts)
def test_versions(one, two, three):
    for compare in (rpm_versions.compare, deb_versions.compare):
        assert compare(one, one) == 0
        assert compare(one, two) == -compare(two, one)


SECTIONS = [
    "docker info has no answer",
    "ActiveState=failed",
    "out of memory: killed process 1 (x)",
    "MemTotal: 1 kB",
    "n1|Ready=False: network plugin cni",
    "kube-system a 0/1 CrashLoopBackOff 1 x n1 <none> <none>",
    "[ERROR Port-6443]",
    "listen tcp :6443: bind: address already in use",
    "x509: certificate has expired",
    "no space left on device",
    "/dev/sda1 100 99 1 99% /",
    "could not get lock /x. it is held by process 1",
    "error: x",
    "-99999.5",
    "404  Not Found",
    'failed to pull image "a/b:c": why',
    "Unable to connect to the server: x",
    "toomanyrequests",
    "LISTEN 1/x",
]
NAMES = [
    "output",
    "docker-info",
    "docker",
    "kubelet-unit",
    "kubelet-errors",
    "oom",
    "memory",
    "conditions",
    "pods",
    "ports",
    "clock-offset",
    "swaps",
    "disk",
    "inodes",
    "kubernetes-files",
    "events",
    "log-etcd",
    "requests",
    "api",
    "proxies",
]


@given(
    st.dictionaries(st.sampled_from(NAMES), some.lines(SECTIONS), max_size=6),
    some.lines(["section", "a", ".eA=="]),
)
def test_diagnosis(sections, text):
    evidence_of(text)
    seen = Seen(HostEvidence(sections))
    for catalogue in (ABOUT_BOTH, ABOUT_IMAGES, ABOUT_NODES, ABOUT_PACKAGES):
        found = catalogue.examine([seen])
        str([(each.code, each.cause, each.cure) for each in found])


@given(st.lists(some.texts, max_size=4), st.lists(some.texts, max_size=12).map("".join))
def test_masking(secrets, text):
    masked = Redactor(secrets)(text)
    safe(masked)
    visible(masked)
    Redactor(secrets)(masked)
