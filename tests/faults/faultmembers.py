"""What a member of a cluster has on its disk, of a cluster that is not there."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path

from faulthosts import FaultyHost

MANIFESTS = "/etc/kubernetes/manifests"


@dataclass(frozen=True)
class Member:
    """What kubeadm leaves on a member of a cluster, as far as k8sboot looks at it."""

    ca: str
    client: str
    server: str

    def settle(self, host: FaultyHost) -> None:
        """The host is this member for the length of the test."""
        data, client = (base64.b64encode(text.encode()).decode() for text in (self.ca, self.client))
        host.write(
            "/etc/kubernetes/kubelet.conf",
            f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {data}
    server: https://{self.server}
  name: default-cluster
contexts:
- context: {{cluster: default-cluster, user: default-auth}}
  name: default-context
current-context: default-context
kind: Config
users:
- name: default-auth
  user:
    client-certificate-data: {client}
""",
            mode=0o600,
        )

    def control(self, host: FaultyHost, *, name: str, pods: str, services: str) -> None:
        """It runs the control plane of a cluster of this name and these networks."""
        self.settle(host)
        flags = f"--cluster-name={name}", f"--cluster-cidr={pods}", f"--service-cluster-ip-range={services}"
        lines = "".join(f"    - {flag}\n" for flag in flags)
        host.write(
            f"{MANIFESTS}/kube-controller-manager.yaml",
            f"spec:\n  containers:\n  - command:\n    - kube-controller-manager\n{lines}",
        )


class Maker:
    """Makes CAs, and members of their clusters."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, str] = {}

    def certificate(self, subject: str) -> str:
        """A certificate, signed by itself."""
        files = [f"{self._folder}/key", f"{self._folder}/crt"]
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", subject]
        subprocess.run([*words, "-keyout", files[0], "-out", files[1]], check=True, capture_output=True)
        return Path(files[1]).read_text()

    def member(self, cluster: str, node: str, server: str) -> Member:
        """A member of the cluster of that CA."""
        ca = self._made.setdefault(cluster, self.certificate("/CN=kubernetes"))
        return Member(ca, self.certificate(f"/O=system:nodes/CN=system:node:{node}"), server)
