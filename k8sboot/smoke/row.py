"""A row of the smoke test: something that is looked at until it is as it should be, or its time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from k8sboot.smoke.scene import Scene


@dataclass(frozen=True)
class Found:
    """What a look at a row has found: problem, what is wrong or still missing, or seen, what is as it should be.

    is_final: looking again is in vain. skipped: why there is nothing to look at.
    """

    problem: str = ""
    seen: str = ""
    skipped: str = ""
    is_final: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the row needs no further look."""
        return self.is_final or not self.problem


Look = Callable[[Scene], Found]


def with_every_pod(look: Look) -> Look:
    """A look that needs the Pod of every node: one that is not ready now is a problem, not a node to leave out."""

    @wraps(look)
    def looked(scene: Scene) -> Found:
        missing = [name for name in scene.nodes if name not in scene.echoes]
        return Found(f"the test's Pod is not ready on {', '.join(missing)}") if missing else look(scene)

    return looked


@dataclass(frozen=True)
class Row:
    """name: for --only. title: what must be true. limit: seconds until it has failed.

    needs_pods: it looks at Pods of the smoke test's image.
    """

    name: str
    title: str
    look: Look
    limit: float = 75.0
    needs_pods: bool = True
