#!/usr/bin/env python3
"""Build Kubernetes' own end-to-end tests into the mirrors' cache; the last line names the directory.

python3 tests/lab/mirrors/suite.py [--kubernetes MINOR] [--cache DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from makers import testsuite, upstream
from makers.cache import Cache, default_root
from makers.testimages import TAGS


def main() -> None:
    """Parse the command line and build."""
    newest = max(TAGS, key=lambda minor: int(minor.partition(".")[2]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kubernetes", choices=TAGS, default=newest, metavar="MINOR")
    parser.add_argument("--cache", type=Path, default=default_root(), metavar="DIR")
    arguments = parser.parse_args()
    cache = Cache(arguments.cache, f"{arguments.kubernetes}-suite")  # no lab waits for this
    with cache.locked():
        print(testsuite.make(cache, upstream.kubernetes(upstream.RELEASES[arguments.kubernetes])))


if __name__ == "__main__":
    main()
