"""A run summarised from its records. Pure; damaged records are tolerated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from k8sboot.journal.fields import names, number, text
from k8sboot.journal.records import Record

INTERRUPTED = "KB-INTERRUPTED"
_OUTPUT = '"event": "Output"'


@dataclass
class PhaseResult:
    """A phase on a host. result: ok, failed, cut short, not started, unknown (in a dry run), or under way."""

    host: str
    phase: str
    result: str = "under way"
    changes: int = 0
    seconds: float = 0.0
    why: str = ""


@dataclass
class RunSummary:
    """A run. began: seconds since the epoch. lasted: seconds. changes: by host, of hosts that have any. errors: those
    of Failed, with host and phase. under_way: changes that have begun and not ended, by host.
    """

    about: Record = field(default_factory=dict)
    command: str = ""
    cluster: str = ""
    hosts: list[str] = field(default_factory=list)
    limit: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    is_dry: bool = False
    began: float = 0.0
    lasted: float = 0.0
    changes: dict[str, int] = field(default_factory=dict)
    results: list[PhaseResult] = field(default_factory=list)
    errors: list[Record] = field(default_factory=list)
    under_way: dict[str, Record] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    has_ended: bool = False
    is_interrupted: bool = False

    @property
    def could_alter(self) -> bool:
        """Whether it has begun, and was no dry run."""
        return bool(self.command) and not self.is_dry

    @property
    def faults(self) -> list[Record]:
        """The errors, without those of an interruption."""
        return [error for error in self.errors if error.get("code") != INTERRUPTED]

    @property
    def failed(self) -> list[str]:
        """The hosts with an error of their own, each once."""
        return list(dict.fromkeys(str(e["host"]) for e in self.faults if e.get("host")))

    @property
    def was_cut(self) -> bool:
        """Killed, interrupted or abandoned: phases without a record may have been due."""
        left = set(self.lost) - set(self.failed)
        return not self.has_ended or self.is_interrupted or bool(left)

    @property
    def unfinished(self) -> list[str]:
        """The hosts that the run did not finish: failed, unreachable, skipped for a failed master, or cut short.

        In a run that was cut short, a host is finished only when it has ended the last phase. When the first master
        fails in a run limited to others, all hosts of the limit are unfinished.
        """
        wanted = [h for h in self.hosts if not self.limit or h in self.limit]
        found = {*self._with_error, *self.lost, *(w.host for w in self.results if w.result == "not started")}
        if found - set(wanted):
            return wanted
        if self.was_cut:
            found |= set(wanted) - {w.host for w in self.results if self._is_last(w)}
        return [h for h in wanted if h in found]

    @property
    def _with_error(self) -> set[str]:
        return {str(error["host"]) for error in self.errors if error.get("host")}

    def _is_last(self, result: PhaseResult) -> bool:
        return result.phase in self.phases[-1:] and result.result in ("ok", "unknown")


def parse(lines: Iterable[str], *, has_output: bool = True) -> Iterator[Record]:
    """The records of a journal; a truncated line is skipped. has_output: those of Output, too."""
    for line in lines:
        if not has_output and _OUTPUT in line[:80]:
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            yield found


def summary_of(records: Iterable[Record]) -> RunSummary:
    """The summary of a run's records."""
    summary = RunSummary()
    for record in records:
        time = number(record, "time")
        summary.began = summary.began or time
        summary.lasted = max(summary.lasted, time - summary.began)
        take = _TAKE.get(record["event"])
        if take:
            take(summary, record)
    return summary


def steps_of(records: Iterable[Record], host: str) -> list[Record]:
    """The records of a host, in order, without the output of jobs; of a change only its end, where it has one."""
    found: list[Record] = []
    for record in records:
        if record.get("host") != host or record["event"] in ("Output", "Working"):
            continue
        if record["event"] == "Changed":
            _drop_begun(found, record)
        found.append(record)
    return found


def _drop_begun(found: list[Record], changed: Record) -> None:
    for index in reversed(range(len(found))):
        if found[index]["event"] == "Changing":
            if found[index].get("what") == changed.get("what"):
                del found[index]
            return


def _journal(summary: RunSummary, record: Record) -> None:
    summary.about = {key: value for key, value in record.items() if key not in ("time", "event")}
    summary.cluster = text(record, "cluster")


def _run_started(summary: RunSummary, record: Record) -> None:
    summary.command, summary.cluster = text(record, "command"), text(record, "cluster")
    summary.hosts, summary.limit = names(record, "hosts"), names(record, "limit")
    summary.phases, summary.is_dry = names(record, "phases"), record.get("is_dry") is True


def _phase_started(summary: RunSummary, record: Record) -> None:
    summary.results.append(PhaseResult(text(record, "host"), text(record, "phase")))


def _phase_ended(summary: RunSummary, record: Record) -> None:
    result = _result_of(summary, record)
    result.result = "ok" if result.result == "under way" else result.result
    result.changes, result.seconds = int(number(record, "changes")), number(record, "seconds")


def _unknown(summary: RunSummary, record: Record) -> None:
    result = _result_of(summary, record)
    result.result, result.why = "unknown", f"known only after {text(record, 'after')}"


def _skipped(summary: RunSummary, record: Record) -> None:
    result = _result_of(summary, record)
    result.result, result.why = "not started", text(record, "why")


def _failed(summary: RunSummary, record: Record) -> None:
    found = record.get("error")
    error = found if isinstance(found, dict) else {}
    host, phase = text(record, "host"), text(record, "phase")
    summary.errors.append({"host": host, "phase": phase, **error})
    summary.under_way.pop(host, None)
    if host:
        result = _result_of(summary, record)
        was_interrupted = error.get("code") == INTERRUPTED
        result.result, result.why = "cut short" if was_interrupted else "failed", text(error, "what")


def _changing(summary: RunSummary, record: Record) -> None:
    summary.under_way[text(record, "host")] = record


def _changed(summary: RunSummary, record: Record) -> None:
    host = text(record, "host")
    summary.changes[host] = summary.changes.get(host, 0) + 1
    summary.under_way.pop(host, None)


def _notice(summary: RunSummary, record: Record) -> None:
    summary.is_interrupted = summary.is_interrupted or record.get("code") == INTERRUPTED


def _run_ended(summary: RunSummary, record: Record) -> None:
    summary.has_ended = True
    summary.lost = list(dict.fromkeys([*summary.lost, *names(record, "failed")]))


def _result_of(summary: RunSummary, record: Record) -> PhaseResult:
    """The result for the record's host and phase, added where there is none yet."""
    host, phase = text(record, "host"), text(record, "phase")
    for result in reversed(summary.results):
        if (result.host, result.phase) == (host, phase):
            return result
    summary.results.append(PhaseResult(host, phase))
    return summary.results[-1]


_TAKE: dict[str, Callable[[RunSummary, Record], None]] = {
    "Journal": _journal,
    "RunStarted": _run_started,
    "PhaseStarted": _phase_started,
    "PhaseEnded": _phase_ended,
    "Unknown": _unknown,
    "Skipped": _skipped,
    "Failed": _failed,
    "Changing": _changing,
    "Changed": _changed,
    "Notice": _notice,
    "RunEnded": _run_ended,
}
