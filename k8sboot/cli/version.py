"""k8sboot version."""

from __future__ import annotations

import platform
from importlib import metadata

import click

from k8sboot import __version__
from k8sboot.cli.options import common


@click.command("version")
@common
def command() -> None:
    """Show the version, and those of Python and the libraries."""
    click.echo(f"k8sboot {__version__}")
    click.echo(f"python {platform.python_version()}")
    for name in ("click", "jinja2", "paramiko", "pyyaml", "rich"):
        click.echo(f"{name} {metadata.version(name)}")
