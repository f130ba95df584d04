"""Text of unknown origin on a terminal: nothing in it may move the cursor, ring, or turn the writing direction."""

from __future__ import annotations

import unicodedata

#: Characters that change the direction of what follows them: they could make a label stand beside another sentence.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str) -> str:
    """The text with line breaks and tabs as spaces and other control characters replaced, one for one."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _TURNS or character in "\u2028\u2029" or unicodedata.category(character) in {"Cc", "Cs"}:
        return " " if character.isspace() else "\ufffd"
    return character
