"""The questions of phases, asked for real by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from k8sboot.desired.open_ports import PACKET_FILTER, _parse
from k8sboot.desired.resolver import RESOLVERS
from k8sboot.ensure.next_boot import NEXT_BOOT
from k8sboot.host.node_address import MEMBERS_ADDRESS
from k8sboot.inventory.model import ClusterSettings, Spec
from k8sboot.kubernetes import dns
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.phases.kube_proxy import MODE
from k8sboot.phases.os_prep import NETWORK_RAISES_LINKS
from k8sboot.phases.preflight import CNI
from k8sboot.phases.verify import QUERY_ID, dns_question
from k8sboot.runtime.docker_state import _FLAGS, BYSTANDERS, _data
from k8sboot.scripts import render

IN_SHELLS = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(w, id=w[0], marks=pytest.mark.skipif(not shutil.which(w[0]), reason=f"no {w[0]}"))
        for w in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    ],
)
DOCKER = """#!/bin/sh
case "$*" in
  *LiveRestoreEnabled*) echo "$LIVE" ;;
  *DockerRootDir*) echo "$ROOT" ;;
  "ps "*) printf '%s\\n' 'web maintainer=me,io.kubernetes=no' 'k8s_POD_a ' 'b x=1,io.kubernetes.pod.name=b' 'db ' ;;
esac
exit ${STATUS:-0}
"""
HERE = str(Path(__file__))
CLUSTER = ClusterSettings(kubernetes_version="v1.23.17", service_subnet="127.0.0.0/16")
SPEC = Spec(cluster=CLUSTER, masters=(), nodes=())


def ask(
    shell: list[str], script: str, *, path: str = "/usr/sbin:/usr/bin:/sbin:/bin", **env: str
) -> tuple[int, str]:
    done = subprocess.run(
        shell,
        input=script,
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": path, **env},
        check=False,
    )
    return done.returncode, done.stdout


@IN_SHELLS
def test_kube_proxy_is_asked_for_its_mode(shell):
    asked = bytearray()

    def answer(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            while not asked.endswith(b"\r\n\r\n"):
                asked.extend(client.recv(1000))
            client.sendall(b"HTTP/1.0 200 OK\r\n\r\nipvs")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        script = MODE.script.replace(KUBELET_CONF, HERE)
        assert "/10249;" in script
        assert ask(shell, script.replace("/10249;", f"/{server.getsockname()[1]};")) == (0, "ipvs")
        thread.join(10)
    assert asked == b"GET /proxyMode HTTP/1.0\r\n\r\n"


@IN_SHELLS
def test_the_dns_service_gets_the_query_in_one_piece(shell):
    question = dns_question(SPEC)
    seen = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.10", 0))
        server.settimeout(10)

        def answer() -> None:
            data, client = server.recvfrom(2000)
            seen.append(data)
            server.sendto(b"\n\0answer\n", client)

        thread = threading.Thread(target=answer)
        thread.start()
        script = question.script.replace(KUBELET_CONF, HERE)
        assert "/127.0.0.10/53;" in script
        status, out = ask(shell, script.replace("/53;", f"/{server.getsockname()[1]};"))
        thread.join(10)
    assert (status, base64.b64decode(out)) == (0, b"\n\0answer\n")
    assert seen == [dns.a_query("kubernetes.default.svc.cluster.local", QUERY_ID)]
    assert b"\n" in seen[0], "at which a shell's printf would split it"


@IN_SHELLS
@pytest.mark.parametrize("question", [MODE, dns_question(SPEC)], ids=lambda q: q.name)
def test_a_host_outside_a_cluster_is_not_asked(shell, question):
    assert ask(shell, question.script.replace(KUBELET_CONF, "/nowhere")) == (1, "")


@IN_SHELLS
@pytest.mark.parametrize(
    ("links", "raised", "status"),
    [
        ("eth0", {"eth0": 'ONBOOT="yes"\n'}, 0),
        ("eth0 cali12@if3 docker0 flannel.1", {"eth0": "ONBOOT=yes\n"}, 0),
        ("eth0 eth1", {"eth0": "ONBOOT=yes\n"}, 1),
        ("eth0", {"eth0": "ONBOOT=no\n"}, 1),
        ("eth0", {}, 1),
    ],
)
def test_the_old_network_service_counts_where_it_raises_every_link_of_the_host(
    shell, tmp_path, links, raised, status
):
    scripts = tmp_path / "sysconfig/network-scripts"
    for folder in (scripts, tmp_path / "init.d", tmp_path / "rc.d/rc3.d", tmp_path / "bin"):
        folder.mkdir(parents=True)
    (tmp_path / "rc.d/rc3.d/S10network").touch()
    (tmp_path / "init.d/network").touch(mode=0o755)
    for name, text in raised.items():
        (scripts / f"ifcfg-{name}").write_text(text)
    fake = "".join(f"echo '2: {link} inet 192.0.2.1/24'\n" for link in links.split())
    (tmp_path / "bin/fake-ip").write_text(f"#!/bin/sh\n{fake}")
    (tmp_path / "bin/fake-ip").chmod(0o755)
    script = NETWORK_RAISES_LINKS.script.replace("/etc/", f"{tmp_path}/")
    script = script.replace("$(ip ", "$(fake-ip ")  # busybox has an ip of its own
    assert ask(shell, script, path=f"{tmp_path}/bin:/usr/bin:/bin") == (status, "")
    (tmp_path / "rc.d/rc3.d/S10network").unlink()
    assert ask(shell, script, path=f"{tmp_path}/bin:/usr/bin:/bin") == (1, "")


@pytest.fixture
def docker(tmp_path: Path) -> str:
    """A PATH with a Docker that runs."""
    for name, text in {"docker": DOCKER, "systemctl": "#!/bin/sh\nexit ${INACTIVE:-0}\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin"


@IN_SHELLS
def test_containers_that_are_not_kubernetes_are_listed(shell, docker):
    assert ask(shell, BYSTANDERS.script, path=docker, LIVE="false") == (0, "web\ndb\n")
    assert ask(shell, BYSTANDERS.script, path=docker, LIVE="true") == (0, "")
    assert ask(shell, BYSTANDERS.script, path=docker, LIVE="false", INACTIVE="3") == (0, "")
    assert ask(shell, BYSTANDERS.script, path=docker, LIVE="false", STATUS="124") == (124, "")
    assert ask(shell, BYSTANDERS.script, path="/usr/bin:/bin")[1] == ""


@IN_SHELLS
def test_the_data_of_docker_are_counted_where_it_has_them(shell, docker, tmp_path):
    used = tmp_path / "root"
    (used / "volumes" / "mine").mkdir(parents=True)
    (used / "volumes" / "metadata.db").touch()
    images = used / "image" / "overlay2" / "imagedb" / "content" / "sha256"
    images.mkdir(parents=True)
    (images / "abc").touch()
    assert ask(shell, _data("/nowhere").script, path=docker, ROOT=str(used)) == (0, f"{used}\n2\n")
    assert ask(shell, _data(str(used)).script, path=docker, INACTIVE="3") == (0, f"{used}\n2\n")
    assert ask(shell, _data("/nowhere").script, path="/usr/bin:/bin") == (0, "/nowhere\n0\n")


@IN_SHELLS
def test_the_flags_of_the_running_docker_are_its_command_line(shell, docker, tmp_path):
    with subprocess.Popen(["sleep", "9"]) as running:
        (tmp_path / "systemctl").write_text(f"#!/bin/sh\necho MainPID={running.pid}\n")
        assert ask(shell, _FLAGS.script, path=docker) == (0, "sleep\n9\n")
        running.kill()


def at(root: Path, script: str) -> str:
    """The script with the host's directories under root."""
    return re.sub(
        r"(?<![\w/.=])/(etc|run|usr/lib|usr/local/lib|lib|var/lib|usr/bin)/", rf"{root}/\1/", script
    )


def made(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@IN_SHELLS
def test_what_the_next_boot_reads(shell, tmp_path):
    made(
        tmp_path,
        {
            "etc/sysctl.d/99-hard.conf": "# net.a = 0\nnet.ipv4.ip_forward = 0\n",
            "usr/lib/sysctl.d/50-default.conf": "-kernel.sysrq=1\n",
            "etc/sysctl.conf": "",
            "etc/modprobe.d/cis.conf": "blacklist br-netfilter\ninstall ip_vs_rr /bin/true\nblacklist pcspkr\n",
            "run/systemd/generator/swap.target.wants/dev-zram0.swap": "[Swap]\n",
            "run/systemd/generator/swap.target.wants/dev-sda2.swap": "[Unit]\nSourcePath=/etc/fstab\n",
            "usr/bin/cloud-init": "",
            "var/lib/cloud/data/previous-hostname": "ip-10-0-0-2\n",
            "etc/cloud/cloud.cfg": "preserve_hostname: false\n#manage_etc_hosts: true\n",
            "etc/cloud/cloud.cfg.d/90-x.cfg": "manage_etc_hosts: true\n",
            "etc/systemd/system/multi-user.target.wants/tuned.service": "",
            "etc/tuned/tuned-main.conf": "reapply_sysctl = 0\n",
            "etc/systemd/system/basic.target.wants/iptables.service": "",
            "etc/sysconfig/iptables": "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n",
            "etc/systemd/system/sysinit.target.wants/nftables.service": "",
            "etc/nftables.conf": "table inet filter { chain input { type filter hook input priority filter; } }\n",
        },
    )
    (tmp_path / "usr/bin/cloud-init").chmod(0o755)
    status, out = ask(shell, at(tmp_path, NEXT_BOOT.script))
    assert status == 0
    assert sorted(out.replace(str(tmp_path), "").splitlines()) == sorted(
        [
            "file /etc/sysctl.d/99-hard.conf",
            "file /usr/lib/sysctl.d/50-default.conf",
            "file /etc/sysctl.conf",
            "sysctl /etc/sysctl.d/99-hard.conf:net.ipv4.ip_forward = 0",
            "sysctl /usr/lib/sysctl.d/50-default.conf:-kernel.sysrq=1",
            "modprobe /etc/modprobe.d/cis.conf:blacklist br-netfilter",
            "modprobe /etc/modprobe.d/cis.conf:install ip_vs_rr /bin/true",
            "swap /run/systemd/generator/swap.target.wants/dev-zram0.swap",
            "cloud-init ip-10-0-0-2",
            "cloud /etc/cloud/cloud.cfg:preserve_hostname: false",
            "cloud /etc/cloud/cloud.cfg.d/90-x.cfg:manage_etc_hosts: true",
            "tuned /etc/tuned/tuned-main.conf:reapply_sysctl = 0",
            "filter iptables.service /etc/sysconfig/iptables",
        ]
    )


@IN_SHELLS
def test_on_a_machine_with_nothing_of_it_the_next_boot_reads_nothing(shell, tmp_path):
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/swap.target").symlink_to("/dev/null")
    made(tmp_path, {"etc/systemd/system/swap.target.wants/a.swap": "", "etc/cloud/cloud-init.disabled": ""})
    assert ask(shell, at(tmp_path, NEXT_BOOT.script)) == (0, "")


@IN_SHELLS
def test_pod_networks_resolvers_and_a_members_address_are_read(shell, tmp_path):
    made(
        tmp_path,
        {
            "etc/cni/net.d/05-cilium.conflist": "",
            "etc/cni/net.d/10-calico.conflist": "",
            "etc/cni/net.d/calico-kubeconfig": "",
            "etc/resolv.conf": "# nameserver 8.8.8.8\nnameserver\t127.0.0.53\nsearch a\n",
            "var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\nresolvConf: /run/systemd/resolve/resolv.conf\n",
            "etc/kubernetes/kubelet.conf": "",
            "etc/default/kubelet": "# --node-ip=10.0.0.9\nKUBELET_EXTRA_ARGS='--v=2 --node-ip=10.0.0.2 --a=b'\n",
        },
    )
    assert ask(shell, at(tmp_path, CNI.script))[1].split() == ["05-cilium.conflist", "10-calico.conflist"]
    found = ask(shell, at(tmp_path, RESOLVERS.script))[1].replace(str(tmp_path), "").splitlines()
    assert found == [
        "/etc/resolv.conf:nameserver\t127.0.0.53",
        "/var/lib/kubelet/config.yaml:resolvConf: /run/systemd/resolve/resolv.conf",
    ]
    assert ask(shell, at(tmp_path, MEMBERS_ADDRESS.script))[1] == "10.0.0.2\n"
    (tmp_path / "etc/kubernetes/kubelet.conf").unlink()
    assert ask(shell, at(tmp_path, MEMBERS_ADDRESS.script))[1] == ""


@IN_SHELLS
def test_connections_are_tried_all_at_once_and_each_tells_what_became_of_it(shell):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed, socket.socket() as full:
        opened = server.getsockname()[1]
        closed.bind(("127.0.0.1", 0))
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:  # what comes after the first two is dropped
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        ports = (opened, closed.getsockname()[1], full.getsockname()[1])
        targets = " ".join(f"127.0.0.1/{port}" for port in ports)
        _, said = ask(shell, render("connections", TARGETS=targets, WAIT=1, AT_ONCE=2))
        for client in waiting:
            client.close()
    assert {key: tried.result for key, tried in _parse(said).items()} == dict(
        zip(targets.split(), ["open", "closed", "filtered"], strict=True)
    )


@IN_SHELLS
def test_rules_that_reject_what_comes_in_are_read(shell, tmp_path):
    ruleset = """table inet f {
\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t\ttcp dport 22 accept
\t\treject with icmpx admin-prohibited
\t}
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tdrop
\t}
}
"""
    for tool, script in {
        "systemctl": '[ "$*" = "is-active -q firewalld" ]',
        "nft": f"cat {tmp_path}/ruleset",
        "iptables": "echo '-P INPUT DROP'; echo '-A INPUT -i lo -j ACCEPT'",
    }.items():
        (tmp_path / tool).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / tool).chmod(0o755)
    (tmp_path / "ruleset").write_text(ruleset)
    assert ask(shell, PACKET_FILTER.script, path=f"{tmp_path}:/usr/bin:/bin")[1].splitlines() == [
        "unit firewalld",
        "rule inet f: reject with icmpx admin-prohibited",
        "rule iptables: -P INPUT DROP",
    ]
