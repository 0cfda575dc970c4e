"""The one read-only script that gathers evidence on a host. Every section of it is bounded in time and size.

It changes nothing, and asks nobody but the host itself, the cluster's endpoint and the registries it is given.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

TIMEOUT = 100.0
"""Seconds. What the whole may take before its asker gives up; the script itself stops at 60."""

HEAD = r"""
# k8sboot evidence
export LC_ALL=C
begin=$(date +%s)
section() {
  printf 'section %s .' "$1"
  if [ $(($(date +%s) - begin)) -lt 60 ]; then timeout -k 1 "${3:-8}" /bin/sh -c "$2" 2>&1 </dev/null
  else echo 'left out: the time was up'; fi | tail -c 16000 | base64 | tr -d '\n'
  echo
}
"""


@dataclass(frozen=True)
class Scope:
    """What the script is to look at. endpoint: HOST:PORT of the API. registries: HOST[:PORT] images come from.

    since: seconds back to where logs are read. has_host: also the host itself, not the cluster alone.
    """

    endpoint: str = ""
    registries: Sequence[str] = ()
    since: int = 300
    has_host: bool = True


def script(scope: Scope) -> str:
    """The script for /bin/sh. Exit status 0; each line of its output is a section (see evidence.parse)."""
    host, _, port = scope.endpoint.rpartition(":")
    values = {
        "endpoint": host.strip("[]"),
        "port": port,
        "registries": " ".join(scope.registries),
        "since": f"-{scope.since}s",
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    parts = {**(_HOST if scope.has_host else {}), **_CLUSTER}
    sections = "".join(f"section {name} {shlex.quote(body.strip())}\n" for name, body in parts.items())
    return f"{HEAD}{exports}{_API}{_DOCKER if scope.has_host else ''}{sections}true\n"


KUBECTL = (
    "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/k8sboot/kubectl --request-timeout=5s"
)

_API = f"""
api=
[ ! -f /etc/kubernetes/admin.conf ] || api=$(timeout 8 {KUBECTL} get --raw /readyz 2>&1 | tail -c 300)
export api
"""

# A Docker that hangs would let every section about it wait for its end, and the time for all of them is one minute.
_DOCKER = """
docker=
if command -v docker >/dev/null && systemctl -q is-active docker.service; then
  timeout 8 docker info >/dev/null 2>&1
  [ $? -ne 124 ] || docker=silent
fi
export docker
"""
_ANSWERS = '[ "$docker" != silent ] || exit 0; '

_HOST = {
    "when": "date -u '+%Y-%m-%dT%H:%M:%SZ'; uptime; uname -a",
    "memory": "grep -E '^(Mem|Swap)(Total|Free|Available)' /proc/meminfo",
    "swaps": "cat /proc/swaps",
    "disk": "df -Pk / /var /var/lib/docker /var/lib/kubelet /var/lib/etcd /run 2>/dev/null | sort -u -k6",
    "inodes": "df -Pi / /var /var/lib/docker /var/lib/kubelet /var/lib/etcd /run 2>/dev/null | sort -u -k6",
    "oom": """journalctl -k --since "$since" -o cat --no-pager |
  grep -iE 'out of memory|oom-kill|killed process' | tail -n 10""",
    "ports": "ss -ltnp 2>/dev/null || netstat -ltnp",
    "addresses": "ip -4 -o addr show | awk '{print $2, $4}' | grep -v '^cali'; ip -4 route",
    "resolv": "cat /etc/resolv.conf",
    "hosts": "uname -n; cat /etc/hosts",
    "names": """getent ahostsv4 "$(uname -n)" | head -n 1 || echo "no address: $(uname -n)"
[ -z "$endpoint" ] || getent ahostsv4 "$endpoint" | head -n 1 | grep . || echo "no address: $endpoint\"""",
    "selinux": "getenforce",
    "firewall": "for u in firewalld ufw nftables; do echo $u $(systemctl is-active $u 2>/dev/null); done",
    "modules": r"""for m in br_netfilter overlay ip_vs nf_conntrack; do
  [ -d /sys/module/$m ] && echo $m loaded || echo $m not loaded; done
for k in net/bridge/bridge-nf-call-iptables net/ipv4/ip_forward; do
  echo $k = $(cat /proc/sys/$k 2>/dev/null || echo absent); done""",
    "clock": "chronyc -n tracking 2>/dev/null || timedatectl 2>/dev/null",
    "kubelet-unit": """systemctl show kubelet -p LoadState -p ActiveState -p SubState -p Result -p NRestarts \
-p ExecMainStatus -p UnitFileState""",
    # Of a kubelet that cannot start, its whole usage and every goroutine are in the journal, too; and one that
    # waits for the API server says ten times a second that its node is not there.
    "kubelet-errors": """journalctl -u kubelet --since "$since" -o cat --no-pager |
  grep -E '^[EF][0-9]{4} |^Error|^Failed|unknown flag|^kubelet.service' |
  grep -vE 'node .*not found|:6443/.*connection refused|AWS credentials' | cut -c 1-1500 | tail -n 120""",
    "kubelet-tail": r"""journalctl -u kubelet --since "$since" --no-pager |
  grep -vE 'kubelet\[[0-9]+\]: (goroutine |created by |[a-z.]+/|main\.|  |$)' | cut -c 1-600 | tail -n 30""",
    "kubelet-config": """grep -E '^(cgroupDriver|failSwapOn|staticPodPath|clusterDNS)' /var/lib/kubelet/config.yaml
cat /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet 2>/dev/null""",
    "runtime-unit": """for u in docker containerd; do echo $u
systemctl show $u -p LoadState -p ActiveState -p SubState -p Result -p NRestarts; done""",
    "runtime-errors": """journalctl -u docker -u containerd --since "$since" -o cat --no-pager |
  grep -iE 'level=(error|fatal)|unable to|failed|invalid' | cut -c 1-1000 | tail -n 40""",
    "daemon-json": "cat /etc/docker/daemon.json",
    "docker-info": """[ "$docker" != silent ] || { echo 'docker info has no answer'; exit; }
docker info 2>&1 |
  grep -iE 'server version|driver|cgroup|root dir|error|insecure|mirror|^  *(http|[0-9])' | head -n 40""",
    "containers": f"""{_ANSWERS}if command -v docker >/dev/null; then
  docker ps -a --format '{{{{.Names}}}}|{{{{.Image}}}}|{{{{.Status}}}}' | head -n 80
elif command -v crictl >/dev/null; then crictl ps -a | head -n 80; fi""",
    **{
        f"log-{name}": f"""{_ANSWERS}command -v docker >/dev/null || exit 0
id=$(docker ps -aq --filter name=k8s_{name}_ | head -n 1)
[ -z "$id" ] || docker logs --tail 40 "$id" 2>&1 | cut -c 1-1000"""
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
    },
    "images": f"{_ANSWERS}docker image ls --format '{{{{.Repository}}}}:{{{{.Tag}}}}' | head -n 60",
    "kubernetes-files": """ls -ln --time-style=+%Y-%m-%dT%H:%M:%S /etc/kubernetes /etc/kubernetes/manifests \
/var/lib/etcd /etc/cni/net.d 2>&1; ls /opt/cni/bin 2>/dev/null | tr '\\n' ' '""",
    "certificates": """command -v openssl >/dev/null || exit 0
for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/*.crt \
  /var/lib/kubelet/pki/kubelet-client-current.pem; do
  [ ! -f $f ] || echo $f $(openssl x509 -noout -dates -in $f | tr '\\n' ' '); done""",
    "kubeadm-log": "ls -t /var/lib/k8sboot/jobs/kubeadm-*/log 2>/dev/null | head -n 1 | xargs -r tail -c 8000",
    "endpoint": """[ -n "$endpoint" ] && command -v bash >/dev/null || exit 0
said=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$endpoint/$port"' 2>&1); s=$?
[ $s -eq 0 ] && echo open && exit
[ $s -eq 124 ] && echo timed out || echo "$said\"""",
    "registries": r"""command -v curl >/dev/null || exit 0
for r in $registries; do for p in https http; do
  echo "$p://$r $(curl -sS -m 3 -o /dev/null -w '%{http_code}' $p://$r/v2/ 2>&1 | tr '\n' ' ')"; done; done""",
}

_CLUSTER = {
    "api": '[ -z "$api" ] || echo "$api"',
    **{
        name: f'[ "$api" = ok ] || exit 0; {KUBECTL} {words}'
        for name, words in {
            "nodes": "get nodes -o wide",
            "conditions": """get nodes -o jsonpath='{range .items[*]}{.metadata.name}{range .status.conditions[*]}\
{"|"}{.type}={.status}: {.message}{end}{"\\n"}{end}'""",
            "pods": "get pods -A -o wide",
            "events": "get events -A --sort-by=.lastTimestamp -o custom-columns="
            "T:.type,K:.involvedObject.kind,N:.involvedObject.name,R:.reason,M:.message | grep -v ^Normal "
            "| cut -c 1-1000 | tail -n 40",
            "requests": "get csr",
            # the Secrets' names and expiry alone: what they hold is never asked for
            "tokens": "-n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token "
            "-o custom-columns=N:.metadata.name,E:.data.expiration",
        }.items()
    },
}
