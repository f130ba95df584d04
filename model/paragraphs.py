"""Paragraphs of an article: where a line break ends one, and where it only wraps a long line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

#: Every break that `str.splitlines` knows: a paragraph of web text is a line.
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
#: Mail and plain-text archives wrap between 50 and 100 columns; lines of web text follow no width.
_WRAP_MIN, _WRAP_MAX = 50, 100
#: An item of a list, a turn of a transcript: they begin a paragraph.
_ITEM = re.compile(r"[•·▪◦‣*]\s|[A-Z][A-Z .'’-]{0,30}:\s")


@dataclass(frozen=True, slots=True)
class _Line:
    """One line that is not blank.

    Attributes:
        start: offset of its first character that is not white space.
        end: offset after its last one.
        indent: white space before it.
    """

    start: int
    end: int
    indent: int

    @property
    def n_columns(self) -> int:
        return self.indent + self.end - self.start


def paragraph_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the paragraphs, in order, without white space at their ends.

    A line break ends a paragraph, as in text that a browser or a scraper wrote, except inside a block of lines that
    were wrapped to a width (see `_is_wrapped` and `_wrap_width`). Lines of white space only belong to no paragraph.

    Returns:
        `(start, end)` pairs, none empty; every character outside them is white space.
    """
    blocks = _blocks(text)
    width = _wrap_width(text, blocks)
    paragraphs: list[tuple[int, int]] = []
    for block in blocks:
        if len(block) > 1 and _is_wrapped(text, block):
            paragraphs.append((block[0].start, block[-1].end))
        else:
            paragraphs += _joined(text, block, width)
    return paragraphs


def _blocks(text: str) -> list[list[_Line]]:
    """Lines without a blank one between them."""
    blocks: list[list[_Line]] = [[]]
    start = 0
    for end, next_start in chain((m.span() for m in _LINE_BREAK.finditer(text)), [(len(text), len(text))]):
        line = text[start:end]
        body = line.lstrip()
        indent = len(line) - len(body)
        if body:
            blocks[-1].append(_Line(start + indent, start + indent + len(body.rstrip()), indent))
        elif blocks[-1]:
            blocks.append([])
        start = next_start
    return blocks if blocks[-1] else blocks[:-1]


def _is_wrapped(text: str, block: Sequence[_Line]) -> bool:
    """Whether a block of lines is one paragraph, wrapped to a width.

    No line but the last could have held the next line's first word as well, and at least one is followed by a line
    that goes on in lower case in the middle of a sentence. Lists, live-blog entries and dialogue fail one of these.
    """
    width = max(line.end - line.start for line in block)
    if not _WRAP_MIN <= width <= _WRAP_MAX:
        return False
    goes_on = False
    for line, after in pairwise(block):
        if line.end - line.start + 1 + len(_first_word(text, after)) <= width:
            return False
        goes_on = goes_on or _goes_on(text, line, after)
    return goes_on


def _wrap_width(text: str, blocks: Sequence[Sequence[_Line]]) -> int:
    """The width that the whole text was wrapped to; 0 if it was not.

    It was, if most lines that are full (had no room for the next line's first word) stop in the middle of a sentence
    that goes on in lower case: then paragraphs without a blank line between them, and those whose lines happen to
    begin with capitals, were wrapped, too. Where lines are paragraphs, hardly any line stops so.
    """
    pairs = [pair for block in blocks for pair in pairwise(block)]
    broken = [line.n_columns for line, after in pairs if _goes_on(text, line, after)]
    width = max(broken, default=0)
    if not _WRAP_MIN <= width <= _WRAP_MAX:
        return 0
    n_full = sum(_goes_over(text, line, after, width) for line, after in pairs)
    return width if 2 * len(broken) >= n_full else 0


def _joined(text: str, block: Sequence[_Line], width: int) -> Iterator[tuple[int, int]]:
    """Paragraphs of a block: full lines with the line after them, if the text was wrapped; else one each."""
    start = block[0].start
    for line, after in pairwise(block):
        if not (width and _goes_over(text, line, after, width)):
            yield start, line.end
            start = after.start
    yield start, block[-1].end


def _goes_over(text: str, line: _Line, after: _Line, width: int) -> bool:
    """Whether a line of a wrapped text goes on in the next one; indented, or an item, that would begin a paragraph."""
    if after.indent > line.indent or line.n_columns > _WRAP_MAX or _ITEM.match(text, after.start, after.end):
        return False
    return line.n_columns + 1 + len(_first_word(text, after)) > width


def _goes_on(text: str, line: _Line, after: _Line) -> bool:
    """Whether a line stops in the middle of a sentence that the next one goes on with in lower case."""
    return text[line.end - 1] not in ".!?:" and text[after.start].islower()


def _first_word(text: str, line: _Line) -> str:
    return text[line.start : line.end].split(maxsplit=1)[0]
