"""Quotation marks: which character opens, which closes, and what stands inside them.

Double marks and single marks are read apart, and a character is inside a quotation if either reading says so: nested
quotations then need no stack, and a stray mark of one kind cannot upset the other. Only marks are visited, each once,
so the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .paragraphs import paragraph_spans

_DOUBLE = re.compile(r"[\"“”„‟«»＂「」『』]|``|''")
_SINGLE = re.compile(r"(?<!')'(?!')|[‘’‚‛‹›]")
_OPENS = frozenset("“„‟«「『‘‚‛‹")
_CLOSES = frozenset("”»」』›")
_OPENING_BRACKETS = frozenset("([{<-–—/")
#: Words that begin with an apostrophe: 'em, '90s, 'til.
_CLIPPED = re.compile(r"(?:\d\ds?|em|til|tis|twas|twere|cause|cos|bout|n|round|neath|ere|gainst)\b", re.IGNORECASE)
_SENTENCE_END = frozenset(".,!?;:…")


@dataclass(frozen=True, slots=True)
class Mark:
    """A quotation mark that opens or closes a quotation.

    Attributes:
        start: character offset of the mark.
        end: offset after it (a mark may be two characters: `` or '').
        opens: True if it opens, False if it closes.
    """

    start: int
    end: int
    opens: bool


@dataclass(frozen=True, slots=True)
class Quotations:
    """The quotation marks of a text and the spans between them.

    Attributes:
        marks: opening and closing marks, by offset; apostrophes and strays are not among them.
        spans: character spans inside quotations, marks included, by offset; spans of single and double marks overlap.
    """

    marks: tuple[Mark, ...]
    spans: tuple[tuple[int, int], ...]


def quotation_state(text: str) -> npt.NDArray[np.uint8]:
    """Whether each character stands inside quotation marks.

    The marks themselves count as inside. A quotation that is still open at the end of its paragraph ends there; if
    the next paragraph opens with a mark again (or closes one that it never opened), that paragraph is inside too.

    Returns:
        Array of shape `(n_chars,)`: 1 inside, 0 outside.
    """
    return fill_spans(len(text), find_quotations(text, paragraph_spans(text)).spans)


def fill_spans(n_chars: int, spans: Sequence[tuple[int, int]]) -> npt.NDArray[np.uint8]:
    """Array of shape `(n_chars,)`: 1 inside one of the spans, 0 elsewhere."""
    state = np.zeros(n_chars, dtype=np.uint8)
    for start, end in spans:
        state[start:end] = 1
    return state


def find_quotations(text: str, paragraphs: Sequence[tuple[int, int]]) -> Quotations:
    """Read the quotation marks of a text, paragraph by paragraph.

    Args:
        text: the article.
        paragraphs: spans of its paragraphs, in order.
    """
    marks: list[Mark] = []
    spans: list[tuple[int, int]] = []
    for pattern, roles_of in ((_DOUBLE, _double_roles), (_SINGLE, _single_roles)):
        carried = False
        for start, end in paragraphs:
            roles = roles_of(text, start, end, [m.span() for m in pattern.finditer(text, start, end)], carried)
            carried = _pair(roles, start, end, carried, spans)
            marks += roles
    return Quotations(tuple(sorted(marks, key=lambda m: m.start)), tuple(sorted(spans)))


def _pair(roles: list[Mark], start: int, end: int, carried: bool, spans: list[tuple[int, int]]) -> bool:
    """Add one paragraph's quoted spans; returns whether a quotation is still open at its end."""
    inside_from = start if carried and roles and not roles[0].opens else None
    for mark in roles:
        if mark.opens:
            inside_from = mark.start if inside_from is None else inside_from
        elif inside_from is not None:
            spans.append((inside_from, mark.end))
            inside_from = None
    if inside_from is not None:
        spans.append((inside_from, end))
    return inside_from is not None


def _double_roles(text: str, start: int, end: int, found: list[tuple[int, int]], carried: bool) -> list[Mark]:
    """Roles of a paragraph's double marks; a straight mark's role is read from what stands beside it."""
    roles: list[Mark] = []
    inside, low_open = carried, False
    for at, after in found:
        mark = text[at]
        if mark == "“" and low_open:
            opens = False
        elif mark in _OPENS:
            opens = True
        elif mark in _CLOSES:
            opens = False
        elif after - at == 2:
            opens = mark == "`"
        else:
            role = _straight_role(text, at, start, end)
            opens = not inside if role is None else role
        if carried and not roles and opens:
            inside = False  # the paragraph opens the quotation again
        if not opens and not inside:
            continue  # a stray: inches, seconds, or a mark whose partner was lost
        low_open = opens and mark == "„"
        inside = opens
        roles.append(Mark(at, after, opens))
    return roles


def _straight_role(text: str, at: int, start: int, end: int) -> bool | None:
    """Whether a straight mark opens (True) or closes (False), by its neighbours; None if they do not say."""
    before = text[at - 1] if at > start else " "
    after = text[at + 1] if at + 1 < end else " "
    free_before = before.isspace() or before in _OPENING_BRACKETS
    free_after = after.isspace() or after in ")]}.,;:!?-–—/"
    if free_before == free_after:
        return None
    return free_before


def _single_roles(text: str, start: int, end: int, found: list[tuple[int, int]], carried: bool) -> list[Mark]:
    """Roles of a paragraph's single marks; apostrophes get none."""
    candidates = [(at, _single_candidate(text, at, start, end)) for at, _ in found]
    # Offset of the next sure closer after each mark, if no opener comes first: then an unsure one is a possessive.
    sure_next = [False] * len(candidates)
    sure = False
    for i in range(len(candidates) - 1, -1, -1):
        sure_next[i] = sure
        kind = candidates[i][1]
        if kind in {"open", "close"}:
            sure = kind == "close"
    roles: list[Mark] = []
    inside = carried
    for i, (at, kind) in enumerate(candidates):
        if kind == "open" and not (inside and roles):
            inside = True
            roles.append(Mark(at, at + 1, True))
        elif inside and (kind == "close" or (kind == "maybe" and not sure_next[i])):
            inside = False
            roles.append(Mark(at, at + 1, False))
    if roles and roles[-1].opens and roles[-1].start > start:
        roles.pop()  # never closed: an apostrophe, or a clipped word that the list lacks
    return roles


def _single_candidate(text: str, at: int, start: int, end: int) -> str:
    """`open`, `close`, `maybe` (a closer or a plural possessive) or `none` (an apostrophe)."""
    mark = text[at]
    before = text[at - 1] if at > start else " "
    after = text[at + 1] if at + 1 < end else " "
    if mark in "‚‹":
        return "open"
    if mark == "›":
        return "close"
    free_before = before.isspace() or before in _OPENING_BRACKETS or before in '"“”‘'
    if mark in "‘‛" or (mark == "'" and free_before):
        if after.isspace() or not free_before or _CLIPPED.match(text, at + 1, end):
            return "none"
        return "open"
    if after.isalnum() or free_before:
        return "none"
    if before in _SENTENCE_END or not (before in "sS" and after.isspace()):
        return "close"
    return "maybe"
