"""The command line of the lab."""

import argparse
import os
import sys
from collections.abc import Sequence

from labkit import commands, families, plan, plugins, preflight, releases
from labkit.errors import LabError
from labkit.plan import DEFAULT_NAME

HOST_COMMANDS = {
    "reset": (commands.reset, "make hosts bare machines again, in seconds"),
    "kill": (commands.kill, "pull a host's plug; its disk stays"),
    "start": (commands.start, "switch hosts on, until sshd answers"),
    "cut": (commands.cut, "take a host off the network"),
    "mend": (commands.mend, "put a host back on the network"),
}


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 done, 1 failed, 2 wrong use or wrong machine."""
    words, command = _split(list(argv))
    options = _parser().parse_args(words)
    try:
        preflight.require_root()
        _dispatch(options, command)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130
    return 0


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Keep what follows `--` out of argparse's hands: it is the host's, exactly as it is."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _dispatch(options: argparse.Namespace, command: list[str]) -> None:
    name = options.name
    if options.command == "up":
        commands.up(
            name,
            hosts=options.hosts,
            masters=options.masters,
            family=options.family,
            kubernetes=options.kubernetes,
            plugin=options.plugin,
            with_mirrors=not options.no_mirrors,
        )
    elif options.command == "down":
        commands.down(None if options.all else name)
    elif options.command == "status":
        commands.status(name, as_json=options.json)
    elif options.command == "ssh":
        commands.ssh(name, options.host, command)
    else:
        HOST_COMMANDS[options.command][0](name, options.hosts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab",
        description="Real hosts to bootstrap, on this machine (root, Debian 12).",
        epilog="$K8SBOOT_LAB names the lab where --name does not. Try: lab up; lab ssh k8s-master01",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help_text: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=help_text, description=help_text)
        added.add_argument(
            "--name",
            default=os.environ.get("K8SBOOT_LAB") or DEFAULT_NAME,
            help="which lab (default: %(default)s)",
        )
        return added

    up = add("up", "start the lab, or what is missing of it, and write its inventory")
    up.add_argument("--hosts", type=int, help="masters and nodes together (default: 3)")
    up.add_argument("--masters", type=int, help="how many of them are masters (default: 1)")
    up.add_argument("--family", choices=[*families.names(), plan.MIXED], default="debian")
    up.add_argument(
        "--kubernetes", metavar="MINOR", help=f"as in 1.37 (default: {releases.DEFAULT}): {releases.words()}"
    )
    up.add_argument(
        "--plugin", choices=plugins.NAMES, help=f"the pod network (default: {plugins.DEFAULT}'s stand-in)"
    )
    up.add_argument("--no-mirrors", action="store_true", help="hosts only: nothing to install from")
    down = add("down", "remove every trace of the lab, also after a crash")
    down.add_argument("--all", action="store_true", help="every lab there is")
    add("status", "show the hosts").add_argument("--json", action="store_true")
    ssh = add("ssh", "be root in a host: lab ssh HOST [-- COMMAND ARGUMENT...]")
    ssh.add_argument("host")
    for name, (_, help_text) in HOST_COMMANDS.items():
        add(name, help_text).add_argument("hosts", nargs="+", metavar="HOST")
    return parser
