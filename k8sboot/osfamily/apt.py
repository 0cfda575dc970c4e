"""apt-get's command line, for packages and for kernels."""

from __future__ import annotations

APT_GET = (
    "env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", "LC_ALL=C.UTF-8",
    "apt-get", "-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Options::=--force-confold",
)  # fmt: skip
"""Asks no questions, keeps an operator's configuration files, and waits for dpkg's lock (seconds).

needrestart, where it is installed, lists services to restart and restarts none: it would restart the container runtime
of all machines at once.
"""

RETRIES = ("-o", "Acquire::Retries=3")
"""Options for downloads."""

IN_MEMORY = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
"""apt builds its caches in memory: as files, even a query would rewrite them."""
