"""Disputed sentences as a page to read: grouped by who was mistaken for whom, each in its context."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from ..model.scheme import Scheme
from .disputes import Dispute

_STYLE = """
body { font: 16px/1.5 Georgia, serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2, .where, .said { font-family: system-ui, sans-serif; }
h2 { margin-top: 2.5rem; font-size: 1.1rem; }
article { margin: 1.5rem 0; }
.where { color: #5f6368; font-size: 0.8rem; }
.context { color: #5f6368; white-space: pre-line; }
.said { font-size: 0.85rem; }
.said b { padding: 0 0.3em; border-bottom: 3px solid; }
mark { background: #fff3c4; }
"""


def as_page(found: Sequence[Dispute], coders: Sequence[str], scheme: Scheme | None = None) -> str:
    """A self-contained HTML page.

    Args:
        found: the disputes, those of one kind side by side, as `disputes` gives them.
        coders: their names.
        scheme: gives the speakers' colours.
    """
    colours = {} if scheme is None else {speaker.id: speaker.colour for speaker in scheme.speakers}
    parts = [f"<h1>{len(found)} sentences on which {escape(', '.join(coders))} disagree</h1>"]
    for kinds, members in groupby(found, key=lambda dispute: dispute.kinds):
        group = list(members)
        parts.append(f"<h2>{escape(' or '.join(kinds))}? ({len(group)})</h2>")
        parts += [_dispute(dispute, coders, colours) for dispute in group]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Disputed sentences</title>\n'
        f"<style>{_STYLE}</style>\n{body}\n</html>\n"
    )


def _dispute(dispute: Dispute, coders: Sequence[str], colours: dict[str, str]) -> str:
    row = dispute.row
    said = []
    for name, pair in zip(coders, dispute.said, strict=True):
        if pair is not None:
            colour = colours.get(pair[0], "#5f6368")
            said.append(f'{escape(name)}: <b style="border-color: {colour}">{escape("/".join(pair))}</b>')
    place = ", ".join(str(part) for part in (row.outlet, row.date) if part)
    where = f"article {row.article}, sentence {row.sentence}" + (f" ({place})" if place else "")
    text = escape(row.text) if row.text else "(these files hold no text)"
    return (
        f'<article>\n<p class="where">{escape(where)}</p>\n'
        f'<p><span class="context">{escape(dispute.before)}</span> <mark>{text}</mark> '
        f'<span class="context">{escape(dispute.after)}</span></p>\n'
        f'<p class="said">{" &nbsp; ".join(said)}</p>\n</article>'
    )
