"""Command lines of kubeadm and kubectl as words. No word is ever a secret: those travel in files.

The caller quotes (shlex.join) and runs them. `ignore`: names of kubeadm's preflight checks to let pass.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.paths import KUBECTL_CACHE

SCRATCH = "/run"
REQUEST_TIMEOUT = 20

Words = tuple[str, ...]


def kubeadm_init(config: str, *, ignore: Iterable[str] = ()) -> Words:
    """Create the control plane; neither the token nor the certificate key is printed."""
    return (
        *("kubeadm", "init", "--config", config),
        *("--upload-certs", "--skip-token-print", "--skip-certificate-key-print"),
        *_ignoring(ignore),
    )


def kubeadm_join(config: str, *, ignore: Iterable[str] = ()) -> Words:
    """Join as the file says: token, CA hash and certificate key are in there."""
    return ("kubeadm", "join", "--config", config, *_ignoring(ignore))


def kubeadm_reset(cri_socket: str) -> Words:
    """Take back what init or join did; CNI files, packet filters and kubeconfigs stay and are not its job."""
    return ("kubeadm", "reset", "--force", "--cri-socket", cri_socket)


def images_of(version: str, repository: str) -> Words:
    """Name every image of a version in a repository, one a line, without a configuration file."""
    return (
        *("kubeadm", "config", "images", "list"),
        *("--kubernetes-version", version, "--image-repository", repository),
    )


def config_migrate(config: str) -> Words:
    """Print the configuration as the newest API has it; fails where a field is unknown."""
    return ("kubeadm", "config", "migrate", "--old-config", config)


def upload_certs() -> Words:
    """Upload the control plane's certificates anew; prints, last, the key that opens them: a secret."""
    return ("kubeadm", "init", "phase", "upload-certs", "--upload-certs", "--kubeconfig", ADMIN_CONF)


def upload_certs_to(path: str) -> Words:
    """The same, with the key into a file that only root reads; nothing secret is printed."""
    pipeline = (
        'umask 077; mkdir -p "${0%/*}"; '
        '"$@" > "$0.all" && tail -n 1 "$0.all" > "$0"; s=$?; rm -f "$0.all"; exit $s'
    )
    return ("/bin/sh", "-c", pipeline, path, *upload_certs())


def token_create(*, ttl: str, description: str) -> Words:
    """Create a bootstrap token that kubeadm draws; prints it, a secret. ttl: Go's form, such as 24h0m0s."""
    return (
        *("kubeadm", "token", "create", "--kubeconfig", ADMIN_CONF),
        *("--ttl", ttl, "--description", description),
    )


def token_delete(token_id: str) -> Words:
    """Revoke a token by its six-letter id, which is not secret."""
    return ("kubeadm", "token", "delete", token_id, "--kubeconfig", ADMIN_CONF)


def token_secrets() -> Words:
    """Ask for the bootstrap tokens' Secrets; the answer holds secrets (see tokens.bootstrap_tokens)."""
    return get("secrets", namespace="kube-system", field_selector="type=bootstrap.kubernetes.io/token")


def kubectl(*words: str, kubeconfig: str = ADMIN_CONF) -> Words:
    """kubectl with the cluster's own administrator, never with whatever ~/.kube/config says.

    Its cache of the API's kinds lies in memory: a command that reads leaves nothing in root's home.
    """
    return ("kubectl", "--kubeconfig", kubeconfig, "--cache-dir", KUBECTL_CACHE, *words)


def get(kind: str, name: str = "", *, namespace: str = "", field_selector: str = "") -> Words:
    """Ask for objects as JSON: one of a name, or all (of a namespace, or of every one where it says "*")."""
    words = [
        "get",
        kind,
        *([name] if name else []),
        "--output",
        "json",
        f"--request-timeout={REQUEST_TIMEOUT}s",
    ]
    if namespace == "*":
        words.append("--all-namespaces")
    elif namespace:
        words += ["--namespace", namespace]
    if field_selector:
        words += ["--field-selector", field_selector]
    return kubectl(*words)


def api_ready() -> Words:
    """Ask the API server whether it is ready; prints ok."""
    return kubectl("get", "--raw", "/readyz", f"--request-timeout={REQUEST_TIMEOUT}s")


def diff(path: str) -> Words:
    """Compare every object of a file with the cluster's: ends with 0 when they are the same, 1 when not.

    kubectl lays both sides out as files, in memory rather than on the host's disk.
    """
    return ("env", f"TMPDIR={SCRATCH}", *kubectl("diff", "-f", path))


def apply(path: str) -> Words:
    """Create or update every object of a file."""
    return kubectl("apply", "--filename", path)


def replace(path: str) -> Words:
    """Put an object in the place of what it was read from; refused by the API server if that changed."""
    return kubectl("replace", "--filename", path)


def rollout_restart(kind: str, name: str, *, namespace: str) -> Words:
    """Replace the pods of a workload, one by one."""
    return kubectl("rollout", "restart", f"{kind}/{name}", "--namespace", namespace)


def drain(node: str, *, kubectl_version: KubernetesVersion, timeout: int) -> Words:
    """Evict a node's pods, at most timeout seconds. The flag for emptyDir was renamed in kubectl 1.20."""
    data = "--delete-emptydir-data" if kubectl_version.minor >= 20 else "--delete-local-data"
    return kubectl("drain", node, "--ignore-daemonsets", data, "--force", f"--timeout={timeout}s")


def delete_node(node: str) -> Words:
    """Take a node out of the cluster; none of that name is as good."""
    return kubectl("delete", "node", node, "--ignore-not-found")


def join_line(endpoint: str, *, token: str, ca_cert_hash: str, certificate_key: str = "") -> str:
    """The line a person types on a new machine: the one text that shows secrets, because it was asked for."""
    line = f"kubeadm join {endpoint} --token {token} --discovery-token-ca-cert-hash {ca_cert_hash}"
    return f"{line} --control-plane --certificate-key {certificate_key}" if certificate_key else line


def _ignoring(checks: Iterable[str]) -> Words:
    names = ",".join(checks)
    return (f"--ignore-preflight-errors={names}",) if names else ()
