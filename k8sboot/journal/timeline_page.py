"""A run's timeline as one HTML page: no script, nothing from elsewhere, every text of the run escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from k8sboot.journal.critical_path import Waits
from k8sboot.journal.page_tables import escaped, host_table, path_table, phase_table
from k8sboot.journal.render import clock, field
from k8sboot.journal.store import StoredRun
from k8sboot.journal.summary import RunSummary
from k8sboot.journal.tables import command_of, result
from k8sboot.journal.timeline import NOT_STARTED, Bar, Timeline
from k8sboot.journal.timeline_text import MANY, MOMENT, ticks
from k8sboot.text.event_lines import duration

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
SMALLEST = 0.0002
"""The part of the run below which a phase is not drawn."""
LABELLED = 0.006
"""The part of the run from which a bar has its phase's name in it."""
LONGEST_REASON = 300
CLASSES = {
    "failed": " failed",
    "unknown": " unknown",
    NOT_STARTED: " skipped",
    "under way": " open",
    "cut short": " open",
}
KEY = (
    ('<i class="b c"></i>', "critical path: what the run waited for"),
    ('<i class="w"></i>', "waiting for another host"),
    ('<i class="b failed"></i>', "failed"),
    ('<i class="b open"></i>', "not ended"),
)


def page(run: StoredRun, summary: RunSummary, timeline: Timeline, waits: Waits) -> str:
    """The whole page."""
    title = f"{command_of(summary)} of {summary.cluster}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escaped(title)}, {clock(summary.began)}</title>",
            f"<style>\n{_style(timeline)}</style></head>",
            f"<body><main><header><h1>{escaped(title)}</h1>",
            f"{_facts(run, summary, timeline)}</header>",
            *_chart(timeline, waits),
            *path_table(timeline, waits),
            '<div class="two">',
            *host_table(timeline, waits),
            *phase_table(timeline),
            "</div>",
            f"<footer>run {escaped(run.name)}. Phases shorter than {timeline.seconds * SMALLEST:.2g} s are not drawn."
            "</footer></main></body></html>\n",
        ]
    )


def _style(timeline: Timeline) -> str:
    rules = (Path(__file__).parent / "timeline.css").read_text(encoding="utf-8")
    most = max(1, len(timeline.phases) - 1)
    for index in range(len(timeline.phases)):
        hue = 185 + 240 * index / most
        rules += f".p{index} {{ --h: {hue if hue <= 335 else hue + 50:.0f}; }}\n"  # red is for failures
        rules += f"main:has(.k{index}:hover) .row .b:not(.p{index}) {{ opacity: .15; }}\n"
    return rules


def _facts(run: StoredRun, summary: RunSummary, timeline: Timeline) -> str:
    facts = {
        "Result": result(run, summary),
        "Began": clock(summary.began),
        "Took": duration(timeline.seconds),
        "Hosts": str(len(timeline.hosts)),
        "Changes": str(sum(summary.changes.values())),
        "k8sboot": field(summary.about, "version"),
    }
    shown = (f"<div><dt>{name}</dt><dd>{escaped(words)}</dd></div>" for name, words in facts.items() if words)
    return f'<dl class="facts">{"".join(shown)}</dl>'


def _chart(timeline: Timeline, waits: Waits) -> Iterator[str]:
    if not timeline.bars:
        yield "<section><p>No host ran a phase.</p></section>"
        return
    dense = " dense" if len(timeline.hosts) > MANY else ""
    yield f'<section>{_zoom()}<h2>Timeline</h2><div class="chart{dense}"><div class="names">'
    yield from (f'<div title="{escaped(host)}">{escaped(host)}</div>' for host in timeline.hosts)
    yield '</div><div class="scroll"><div class="canvas">'
    for moment, label in ticks(timeline.seconds, 12):
        has_room = moment < timeline.seconds * 0.96
        shown = f"<span>{label}</span>" if has_room or not moment else ""
        yield f'<div class="t" style="left:{_percent(moment, timeline)}">{shown}</div>'
    critical = {id(step.bar) for step in waits.path}
    numbers = {phase: index for index, phase in enumerate(timeline.phases)}
    bars = timeline.by_host
    for host in timeline.hosts:
        drawn = (_bar(bar, timeline, waits, numbers[bar.phase], id(bar) in critical) for bar in bars[host])
        yield f'<div class="row">{"".join(drawn)}</div>'
    yield from _links(timeline, waits)
    yield f"</div></div></div>{_key(timeline, numbers.items())}</section>"


def _zoom() -> str:
    choices = "".join(
        f'<label><input type="radio" name="zoom" id="z{n}"{" checked" if n == 1 else ""}> {n}&times;</label>'
        for n in (1, 2, 4, 8)
    )
    return f'<fieldset class="zoom">Zoom{choices}</fieldset>'


def _bar(bar: Bar, timeline: Timeline, waits: Waits, number: int, is_critical: bool) -> str:
    """A bar, and before it the time that its host waited for another."""
    lasted = bar.end - bar.begin
    part = timeline.share(lasted)
    waited = waits.waited(bar)
    drawn = ""
    if waited >= max(MOMENT, timeline.seconds * SMALLEST):
        span = _span(bar.begin - waited, bar.begin, timeline)
        drawn = f'<i class="w" style="{span}" title="{_wait(bar, waits)}"></i>'
    if part < SMALLEST and bar.result in ("ok", "unknown"):
        return drawn
    classes = f"b p{number}{' c' if is_critical else ''}{CLASSES.get(bar.result, '')}"
    has_label = part >= LABELLED
    classes += "" if has_label else " s"
    label = escaped(bar.phase) if has_label else ""
    span = _span(bar.begin, bar.end, timeline)
    return f'{drawn}<span class="{classes}" style="{span}" title="{_title(bar, is_critical)}">{label}</span>'


def _title(bar: Bar, is_critical: bool) -> str:
    """What a pointer over the bar tells."""
    parts = [
        f"{bar.host} {bar.phase}",
        f"from {bar.begin:.1f} s, {duration(bar.seconds)}",
        f"{bar.changes} changed",
    ]
    if bar.result != "ok" or bar.why:
        parts.append(f"{bar.result}: {bar.why[:LONGEST_REASON]}" if bar.why else bar.result)
    return escaped("; ".join([*parts, *(["on the critical path"] if is_critical else [])]))


def _wait(bar: Bar, waits: Waits) -> str:
    cause = waits.cause(bar)
    told = f"{bar.host} waited {duration(waits.waited(bar))}"
    if cause is None or not bar.was_started:
        return escaped(f"{told}: {bar.why[:LONGEST_REASON]}")
    return escaped(f"{told} for {cause.host} {cause.phase}")


def _links(timeline: Timeline, waits: Waits) -> Iterator[str]:
    """Lines from host to host, where the critical path goes on at another one."""
    place = {host: index for index, host in enumerate(timeline.hosts)}
    for before, step in zip(waits.path, waits.path[1:], strict=False):
        upper, lower = sorted((place[before.bar.host], place[step.bar.host]))
        if upper != lower:
            top = f"calc(26px + var(--row) * {upper} + var(--row) / 2)"
            left = _percent(step.bar.begin, timeline)
            yield f'<i class="l" style="left:{left};top:{top};height:calc(var(--row) * {lower - upper})"></i>'


def _key(timeline: Timeline, numbers: Iterable[tuple[str, int]]) -> str:
    ran = {bar.phase for bar in timeline.bars if bar.end - bar.begin >= timeline.seconds * SMALLEST}
    phases = [
        f'<li class="k{number}"><i class="b p{number}"></i>{escaped(phase)}</li>'
        for phase, number in numbers
        if phase in ran
    ]
    return f'<ul class="key">{"".join(_signs(KEY))}</ul><ul class="key">{"".join(phases)}</ul>'


def _signs(key: Sequence[tuple[str, str]]) -> Iterator[str]:
    return (f"<li>{sign}{words}</li>" for sign, words in key)


def _span(begin: float, end: float, timeline: Timeline) -> str:
    return f"left:{_percent(begin, timeline)};width:{_percent(end - begin, timeline)}"


def _percent(seconds: float, timeline: Timeline) -> str:
    return f"{100 * timeline.share(seconds):.3f}%"
