"""The few elements of SVG that the pictures are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

FONT = "system-ui, sans-serif"
INK, PALE, GRID = "#1f2937", "#6b7280", "#e5e7eb"


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole picture on white ground."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="{FONT}" font-size="12" role="img" aria-label={quoteattr(title)}>\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", color: str = INK, style: str = "") -> str:
    """Words at a place. anchor: start, middle or end."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"{style}>{escape(words)}</text>'
    )


def line(one: tuple[float, float], other: tuple[float, float], color: str = GRID) -> str:
    """A straight line."""
    return f'<line x1="{one[0]:.1f}" y1="{one[1]:.1f}" x2="{other[0]:.1f}" y2="{other[1]:.1f}" stroke="{color}"/>'


def path(points: Sequence[tuple[float, float]], color: str) -> str:
    """A line through points."""
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{through}" fill="none" stroke="{color}" stroke-width="2"/>'


def dot(x: float, y: float, color: str, title: str) -> str:
    """A point, whose title a browser shows."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"><title>{escape(title)}</title></circle>'


def box(place: tuple[float, float, float, float], color: str, title: str, *, edge: str = "none") -> str:
    """A filled rectangle: x, y, width, height."""
    x, y, width, height = place
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" fill="{color}" '
        f'stroke="{edge}"><title>{escape(title)}</title></rect>'
    )
