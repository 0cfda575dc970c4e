"""The lab's inventory, fitted to processors that are emulated: what only costs time there is left out or made rare."""

import hashlib
import re
from pathlib import Path

from labkit import inventory, mirrors, plugins, releases
from labkit.plan import Lab

PERIOD = re.compile(r"^( +)periodSeconds: 10\n(?! +(?:timeoutSeconds|initialDelaySeconds))", re.MULTILINE)
MANIFEST = re.compile(r"manifest: \S+\n  sha256: \S+")

# Both go on with the section metricsServer, the last of the inventory.
OF_RUNBOOK = """\
  enabled: false        # its probes miss their second here, so it would be restarted again and again
kubeProxy:
  mode: ipvs            # a kernel of its own, with modules
kubeadm:
  clusterConfiguration:
    featureGates: {PublicKeysECDSA: true}     # quicker to make and to sign with
    apiServer:
      timeoutForControlPlane: 12m0s           # the four minutes that kubeadm gives it are short here
      extraArgs:
        etcd-count-metric-poll-period: "0"    # nobody looks at these counts, sixty questions a minute
    controllerManager:
      extraArgs:
        leader-elect: "false"                 # one master has no rival; a lease late by seconds would restart it
        # those that ask the API server again and again, for what no test here needs
        controllers: "*,bootstrapsigner,tokencleaner,-garbagecollector,-resourcequota,-horizontalpodautoscaling"
    scheduler: {extraArgs: {leader-elect: "false"}}
  kubeProxyConfiguration:
    iptables: {syncPeriod: 10m0s}
    ipvs: {syncPeriod: 10m0s}
"""

OF_CURRENT = """\
  enabled: false        # as with the runbook's version
kubeProxy:
  mode: nftables        # a kernel of its own, with modules
kubeadm:
  clusterConfiguration:
    encryptionAlgorithm: ECDSA-P256           # quicker to make and to sign with
    apiServer:
      extraArgs:        # nobody looks at these figures
        etcd-count-metric-poll-period: "0"
        etcd-db-metric-poll-interval: "0"
    controllerManager:
      extraArgs:
        leader-elect: "false"                 # one master has no rival; a lease late by seconds would restart it
        # those that ask the API server again and again, for what no test here needs
        controllers: "*,bootstrap-signer-controller,token-cleaner-controller,-garbage-collector-controller,\
-resourcequota-controller,-horizontal-pod-autoscaler-controller"
    scheduler: {extraArgs: {leader-elect: "false"}}
  initConfiguration:    # the four minutes that kubeadm gives each are short here
    timeouts: {controlPlaneComponentHealthCheck: 12m0s, kubeletHealthCheck: 8m0s}
  joinConfiguration:
    timeouts: {kubeletHealthCheck: 8m0s, tlsBootstrap: 12m0s}
  kubeProxyConfiguration:
    iptables: {syncPeriod: 10m0s}
    ipvs: {syncPeriod: 10m0s}
    nftables: {syncPeriod: 10m0s}
"""


def write(lab: Lab) -> Path:
    """Write the inventory, and beside it Calico's manifest with slower probes."""
    manifest = _with_patient_probes(mirrors.fetch(lab, plugins.MANIFESTS[lab.plugin]).decode()).encode()
    beside = lab.handout / "calico.yaml"
    beside.write_bytes(manifest)
    settings = OF_RUNBOOK if lab.kubernetes == releases.DEFAULT else OF_CURRENT
    path = inventory.write(lab, with_mirrors=True, proxy=settings, cgroup_v1=False)
    digest = hashlib.sha256(manifest).hexdigest()
    path.write_text(MANIFEST.sub(f"manifest: {beside}\n  sha256: {digest}", path.read_text()))
    return path


def _with_patient_probes(manifest: str) -> str:
    """Once a minute, and never with the second that a probe gets by default.

    Each probe of Calico's is a program that Docker starts in the container: every ten seconds they would take up half
    of an emulated processor, and a busy one needs seven seconds for it (timed with docker exec).
    """
    patient = PERIOD.sub(r"\1periodSeconds: 10\n\1timeoutSeconds: 10\n", manifest)
    return patient.replace("periodSeconds: 10\n", "periodSeconds: 60\n").replace(
        "timeoutSeconds: 10\n", "timeoutSeconds: 50\n"
    )
