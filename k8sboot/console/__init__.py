"""The display of a run: lines, a live region at the bottom of a terminal, the recap, and errors."""

from k8sboot.console.failures import Logs, print_errors, print_next
from k8sboot.console.lines import ConsoleListener
from k8sboot.console.plan import show_plan

__all__ = ["ConsoleListener", "Logs", "print_errors", "print_next", "show_plan"]
