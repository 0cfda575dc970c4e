"""The command line of the lab of virtual machines."""

import argparse
import sys
from collections.abc import Sequence

from labkit import preflight, releases
from labkit.errors import LabError

from vmkit import commands

DEFAULT_NAME = "vm"
ON_HOSTS = {
    "start": (commands.start, "switch machines on, until sshd answers"),
    "kill": (commands.kill, "pull the plug; the disk stays"),
    "reset": (commands.reset, "make bare machines of them again"),
}


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 done, 1 failed, 2 wrong use or wrong machine."""
    words, inside = list(argv), []
    if "--" in words:
        at = words.index("--")
        words, inside = words[:at], words[at + 1 :]
    options = _parser().parse_args(words)
    try:
        preflight.require_root()
        _dispatch(options, inside)
    except LabError as error:
        print(f"lab-vm: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130
    return 0


def _dispatch(options: argparse.Namespace, inside: list[str]) -> None:
    if options.command == "ssh":
        commands.ssh(options.name, options.host, inside)
    elif options.command == "up":
        commands.up(options.name, options.kubernetes)
    elif options.command in ON_HOSTS:
        ON_HOSTS[options.command][0](options.name, options.hosts)
    else:
        {"down": commands.down, "status": commands.status}[options.command](options.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab-vm",
        description="One master and one node with kernels of their own, in qemu (root, Debian 12).",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help_text: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=help_text, description=help_text)
        added.add_argument("--name", default=DEFAULT_NAME, help="which lab (default: %(default)s)")
        return added

    up = add("up", "start the lab, or what is missing of it, and write its inventory")
    up.add_argument(
        "--kubernetes", metavar="MINOR", help=f"as in 1.37 (default: {releases.DEFAULT}): {releases.words()}"
    )
    add("down", "remove every trace of the lab")
    add("status", "show the machines")
    add("ssh", "be root in a machine: lab-vm ssh HOST [-- COMMAND ARGUMENT...]").add_argument("host")
    for name, (_, help_text) in ON_HOSTS.items():
        add(name, help_text).add_argument("hosts", nargs="+", metavar="HOST")
    return parser
