"""The inventory of a run: what its file does not set is as the running cluster has it."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot import ensure
from k8sboot.desired.keeping import keeping
from k8sboot.errors import Bug, K8sbootError
from k8sboot.events import Listener, Notice
from k8sboot.host.machine import Machine
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.inventory.kept import differing_keys
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.commands import running_cluster
from k8sboot.kubernetes.paths import ADMIN_CONF

READS = Reads(files=(ADMIN_CONF,), cluster=(running_cluster(),))


class Keeping:
    """spec: the inventory's, until look() has found a cluster. bug: an error of k8sboot meanwhile."""

    def __init__(self, spec: Spec, tell: Listener) -> None:
        self.spec = spec
        self.bug: Bug | None = None
        self._tell = tell

    def look(self, first_master: Machine) -> None:
        """Ask the cluster once, if there is one; a notice where its API server does not answer."""
        try:
            if not self._has_found_out(Peer(first_master)):
                self._tell_silence(first_master.name)
        except K8sbootError:
            self._tell_silence(first_master.name)
        except Exception as error:
            self.bug = Bug.of(error)

    def _has_found_out(self, master: Peer) -> bool:
        if master.file(ADMIN_CONF) is None:
            return True
        running = ensure.running_cluster_now(master)
        if running:
            kept = keeping(self.spec, running)
            self._tell_kept(master.name, differing_keys(self.spec, kept))
            self.spec = kept
        return running is not None

    def _tell_kept(self, master: str, keys: Mapping[str, object]) -> None:
        if keys:
            found = ", ".join(f"{name}: {value}" for name, value in keys.items())
            text = f"the cluster keeps what the inventory does not set: {found}; to have the defaults, set these keys"
            self._tell(Notice(host=master, code="KB-DEFAULT-KEPT", text=text))

    def _tell_silence(self, master: str) -> None:
        text = "the API server does not answer: keys that the inventory does not set have k8sboot's defaults"
        self._tell(Notice(host=master, code="KB-API-SILENT", text=text))
