"""The command line of somebody who waits at most $PATIENCE seconds: `python impatient.py ARGUMENT...`.

Every named wait and every job's deadline is cut down to that; all else is as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from k8sboot.cli.main import main
from k8sboot.host.host import Host

PATIENCE = float(os.environ["PATIENCE"])


def shortened(method: Callable[..., Any]) -> Callable[..., Any]:
    """The same with a deadline that comes sooner."""

    def called(*words: Any, **settings: Any) -> Any:
        if method.__name__ == "wait" or settings.get("job"):
            settings["timeout"] = min(settings["timeout"], PATIENCE)
        return method(*words, **settings)

    return called


if __name__ == "__main__":
    for name in ("wait", "change"):
        setattr(Host, name, shortened(getattr(Host, name)))
    main()
