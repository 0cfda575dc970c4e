"""k8sboot completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from k8sboot.cli.options import common


@click.command("completion")
@common
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, *, shell: str) -> None:
    """Print the script that completes commands, phases and host names in a shell.

    bash: eval "$(k8sboot completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc, after compinit.
    fish: k8sboot completion fish > ~/.config/fish/completions/k8sboot.fish
    """
    script = get_completion_class(shell)
    if script is not None:
        click.echo(script(context.find_root().command, {}, "k8sboot", "_K8SBOOT_COMPLETE").source())
