"""Boilerplate: text on a page that is no sentence of the article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .records import Sentence

_PATTERNS = re.compile(
    r"""(?:
    (?:read|see)\ more\b.{0,120}
    | source:\ read\ full\ article
    | most\ read\ (?:in|on)\b.{0,40}
    | (?:©|\(c\)|copyright)\s*(?:\d{4}|by)?.{0,60}
    | leave\ a\ (?:reply|comment)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def boilerplate_sentences(sentences: Sequence[Sentence]) -> frozenset[int]:
    """Numbers of the sentences that are boilerplate."""
    return frozenset(
        s.sentence for s in sentences if _PATTERNS.fullmatch(s.text) or not any(c.isalnum() for c in s.text)
    )
