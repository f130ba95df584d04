"""Paragraphs of an article: where a line break ends one, and where it only wraps a long line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

#: Every break that `str.splitlines` knows: a paragraph of web text is a line.
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
#: Mail and plain-text archives wrap between 50 and 100 columns; lines of web text follow no width.
_WRAP_MIN, _WRAP_MAX = 50, 100


def paragraph_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the paragraphs, in order, without white space at their ends.

    A line break ends a paragraph, as in text that a browser or a scraper wrote, except inside a block of lines that
    were wrapped to a width (see `_is_wrapped`). Lines of white space only belong to no paragraph.

    Returns:
        `(start, end)` pairs, none empty; every character outside them is white space.
    """
    paragraphs: list[tuple[int, int]] = []
    block: list[tuple[int, int]] = []
    start = 0
    for line_break in _LINE_BREAK.finditer(text):
        block = _take_line(text, start, line_break.start(), block, paragraphs)
        start = line_break.end()
    block = _take_line(text, start, len(text), block, paragraphs)
    _close_block(text, block, paragraphs)
    return paragraphs


def _take_line(
    text: str, start: int, end: int, block: list[tuple[int, int]], paragraphs: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Add a line to its block; a blank one closes the block. Returns the block that is open now."""
    line = text[start:end]
    body = line.lstrip()
    if not body:
        _close_block(text, block, paragraphs)
        return []
    start += len(line) - len(body)
    block.append((start, start + len(body.rstrip())))
    return block


def _close_block(text: str, block: list[tuple[int, int]], paragraphs: list[tuple[int, int]]) -> None:
    """Lines without a blank one between them are one paragraph if they were wrapped, else one each."""
    if len(block) > 1 and _is_wrapped(text, block):
        paragraphs.append((block[0][0], block[-1][1]))
    else:
        paragraphs += block


def _is_wrapped(text: str, block: Sequence[tuple[int, int]]) -> bool:
    """Whether a block of lines is one paragraph, wrapped to a width.

    No line but the last could have held the next line's first word as well, and at least one is followed by a line
    that goes on in lower case in the middle of a sentence. Lists, live-blog entries and dialogue fail one of these.
    """
    width = max(end - start for start, end in block)
    if not _WRAP_MIN <= width <= _WRAP_MAX:
        return False
    goes_on = False
    for (start, end), (next_start, next_end) in pairwise(block):
        first_word = text[next_start:next_end].split(maxsplit=1)[0]
        if end - start + 1 + len(first_word) <= width:
            return False
        goes_on = goes_on or (text[end - 1] not in ".!?:" and first_word[0].islower())
    return goes_on
