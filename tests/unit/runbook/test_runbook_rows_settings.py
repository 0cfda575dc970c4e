"""Rows 10 to 18 of the source runbook's mistakes: settings. Each test is of the right behaviour."""

from __future__ import annotations

import json
import shlex

from fake_boot import NEW, OLD, Boot, wanted
from runs import raise_errors, run

from k8sboot import ensure
from k8sboot.ensure.boot import CONTAINER
from k8sboot.host.cgroups import CGROUPS
from k8sboot.host.reads import Reads, union
from k8sboot.kubernetes.kernel import OPTIONAL_MODULES, REQUIRED_MODULES, SYSCTLS
from k8sboot.osfamily.grub import Grub
from k8sboot.paths import NTPDATE_CRON, RESTART_DIR
from k8sboot.phases.os_prep import service_limits
from k8sboot.runbook import UP


def index(events, begins):
    """Where something first happens on a host."""
    return next(i for i, what in enumerate(events) if what.startswith(begins))


def test_runbook_10_clocks_are_kept_by_chrony_and_stepped_only_at_its_start(finished):
    host = finished.hosts["n1"]
    assert host.units["chronyd.service"].active == "active"
    assert "makestep 1.0 3\n" in host.text("/etc/chrony.conf")
    assert NTPDATE_CRON not in host.files
    assert index(host.events, "write /etc/chrony.conf") < index(host.events, "kubeadm join")


def test_runbook_10_ntpdate_where_asked_for_sets_the_clock_once_and_then_slews(centos):
    bare = centos(time_sync="ntpdate")
    raise_errors(run(bare, UP))
    host = bare.hosts["n1"]
    assert "ntpdate -u ntp.aliyun.com" in host.events
    job = host.text(NTPDATE_CRON).splitlines()[-1]
    assert job.split()[:8] == ["*/5", "*", "*", "*", "*", "root", "ntpdate", "-u"]
    assert "-b" not in job.split()
    assert raise_errors(run(bare, UP)).changes == {}


def test_runbook_11_the_time_zone_is_what_the_inventory_spells(centos):
    bare = centos(timezone="Asia/Shanghai")
    raise_errors(run(bare, UP))
    for host in bare.hosts.values():
        assert "timedatectl set-timezone Asia/Shanghai" in host.commands
        assert not [path for path in host.files if "tiomezone" in path]


def test_runbook_12_roots_key_goes_to_the_others_only_where_asked_for(finished, centos):
    assert not [
        path for host in finished.hosts.values() for path in host.files if path.startswith("/root/.ssh")
    ]
    bare = centos(distribute_key=True)
    bare.hosts["n2"].put("/root/.ssh/authorized_keys", "ssh-rsa BBBB mine\n", mode=0o600)
    raise_errors(run(bare, UP))
    made = next(shlex.split(line) for line in bare.hosts["m1"].commands if line.startswith("ssh-keygen"))
    assert made[made.index("-N") + 1] == "", "nobody is asked for a passphrase"
    assert made[made.index("-f") + 1].startswith("/"), "wherever one stands"
    public = bare.hosts["m1"].text("/root/.ssh/id_ed25519.pub")
    for name in ("n1", "n2"):
        assert public in bare.hosts[name].text("/root/.ssh/authorized_keys")
        assert bare.hosts[name].files["/root/.ssh/authorized_keys"].mode == 0o600
    assert bare.hosts["n2"].text("/root/.ssh/authorized_keys").startswith("ssh-rsa BBBB mine\n")
    assert "/root/.ssh/id_ed25519" not in bare.hosts["n1"].files
    assert raise_errors(run(bare, UP)).changes == {}


def test_runbook_13_limits_are_valid_and_reach_root_and_services(finished):
    host, services = finished.hosts["n1"], service_limits(finished.spec)
    lines = host.text("/etc/security/limits.d/90-k8sboot.conf").splitlines()
    limits = {tuple(line.split()[:3]): line.split()[3] for line in lines if not line.startswith("#")}
    assert {who for who, _, _ in limits} == {"*", "root"}
    for (who, kind, item), value in limits.items():
        if kind == "soft" and value != "unlimited":
            assert int(value) <= int(limits[who, "hard", item])
    for path in (*services.values(), "/etc/systemd/system/docker.service.d/k8sboot-limits.conf"):
        assert "LimitNOFILE=655360\n" in host.text(path)
    assert set(services) == {"containerd.service", "kubelet.service"}


def test_runbook_14_modules_that_exist_are_loaded_before_the_sysctls_that_need_them(centos):
    bare = centos()
    host = bare.hosts["n1"]
    host.modules["ipt_rpfilter"] = "missing"
    told = raise_errors(run(bare, UP))
    listed = host.text("/etc/modules-load.d/k8sboot.conf").splitlines()[1:]
    assert len(listed) == len(set(listed))
    assert {"br_netfilter", "overlay", "ip_vs", "ip_vs_rr", "ip_vs_sh", "nf_conntrack_ipv4"} <= set(listed)
    assert "ipt_rpfilter" not in listed
    assert "KB-KERNEL-MODULE-SKIPPED" in told.codes
    assert {host.modules[name] for name in listed} == {"loaded"}
    assert index(host.events, "modprobe -- br_netfilter") < index(
        host.events, "sysctl -q -w net.bridge.bridge"
    )
    assert "ipt_set" not in (*REQUIRED_MODULES, *OPTIONAL_MODULES)


def test_runbook_14_a_required_module_that_is_missing_is_an_error(centos):
    bare = centos()
    bare.hosts["n1"].modules["ip_vs_sh"] = "missing"
    told = run(bare, UP)
    assert told.errors["n1"] == "KB-KERNEL-MODULE"
    assert "ip_vs_sh" in told.report.errors["n1"].what


def test_runbook_15_sysctls_that_exist_are_in_force_and_none_does_harm(finished, centos):
    host = finished.hosts["n1"]
    lines = [line for line in host.text("/etc/sysctl.d/90-k8sboot.conf").splitlines() if "=" in line]
    keys = [line.split(" = ")[0] for line in lines]
    assert len(keys) == len(set(keys))
    harmful = ("tcp_timestamps", "route_localnet", "ip_conntrack_max", "nf_conntrack_max")
    assert not [key for key in SYSCTLS if key.endswith(harmful)]
    assert {"kernel.panic", "kernel.panic_on_oops", "fs.inotify.max_user_instances"} <= set(keys)
    assert int(SYSCTLS["fs.inotify.max_user_watches"]) > 89100
    for key, value in SYSCTLS.items():
        assert key not in host.sysctls or host.sysctls[key] == value
    bare = centos()
    told = run(bare, UP)
    assert "KB-SYSCTL-SKIPPED" in told.codes, "fs.may_detach_mounts is absent from this kernel"
    stubborn = centos()
    stubborn.hosts["n1"].answers["sysctl"] = ""
    assert run(stubborn, UP).errors["n1"] == "KB-NOT-AS-WANTED"


def test_runbook_16_docker_is_configured_before_its_first_start(finished):
    host = finished.hosts["n1"]
    assert index(host.events, "write /etc/docker/daemon.json") < index(
        host.events, "systemctl restart docker.service"
    )
    assert host.units["docker.service"].restarts == 1
    said = json.loads(host.text("/etc/docker/daemon.json"))
    assert said["exec-opts"] == ["native.cgroupdriver=systemd"]
    assert said["log-opts"] == {"max-size": "100m", "max-file": "3"}


def test_runbook_17_a_newer_kernel_needs_a_reason_and_a_digest(codes):
    needless = "os: {kernel: {packages: [{url: 'http://x/k.rpm', sha256: " + "0" * 64 + "}]}}\n"
    assert codes("os: {kernel: {minimum: '5.4', packages: [{url: 'http://x/k.rpm'}]}}\n") == [
        "KB-MISSING-KEY"
    ]
    assert codes(needless), "packages without a minimum that asks for them"
    assert [p.at_once for p in UP if p.name == "kernel-upgrade-masters"] == [1]


def test_runbook_17_a_newer_kernel_is_booted_once_before_it_is_the_default(bench):
    boot = Boot()
    it = bench(files=boot.files(), facts={"kernel": OLD}, answers=boot.answers())
    it.reads = union((Grub.reads, Reads(questions=(CONTAINER, CGROUPS))))
    it.do(ensure.newer_kernel, wanted())
    assert boot.log == [f"install {NEW}, {OLD} boots", f"boot {NEW}"]
    assert it.connection.facts["kernel"] == NEW, "waited for, and looked at"
    assert it.do(ensure.newer_kernel, wanted()) == []


def test_runbook_18_kubelets_cgroup_driver_is_in_its_configuration_and_the_same_as_dockers(finished, codes):
    for host in finished.hosts.values():
        assert "cgroup-driver" not in host.text("/etc/sysconfig/kubelet")
    documents = finished.hosts["m1"].text("/etc/kubernetes/k8sboot/kubeadm-config.yaml").split("---\n")
    assert "cgroupDriver: systemd" in next(d for d in documents if "kind: KubeletConfiguration" in d)
    assert codes("kubeadm: {kubeletConfiguration: {cgroupDriver: cgroupfs}}\n") == ["KB-CGROUP-DRIVER"]
    finished.hosts["n1"].put("/var/lib/kubelet/config.yaml", "cgroupDriver: cgroupfs\n")
    told = run(finished, UP)
    assert told.errors == {"n1": "KB-CGROUP-MISMATCH"}
    assert (
        "kubelet has the cgroup driver cgroupfs in /var/lib/kubelet/config.yaml"
        in told.report.errors["n1"].why
    )
    assert "systemctl restart kubelet" in told.report.errors["n1"].fix


def test_runbook_18_kubelet_is_started_by_kubeadm_alone(finished):
    events = finished.hosts["n1"].events
    join = index(events, "kubeadm join")
    assert index(events, "systemctl enable kubelet.service") < join
    assert not [e for e in events[:join] if "start" in e and "kubelet.service" in e and RESTART_DIR not in e]
