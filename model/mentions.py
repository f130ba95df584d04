"""Mentions of a scheme's speakers in a text, found by their aliases.

A mention is a mark that the encoder reads beside the words; it never decides a label.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .scheme import Speaker

# A word, or a number, with inner apostrophes and full stops left out: "Russia's" is matched by "Russia".
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Mention:
    """Characters `start` to `end` of the text name the speaker with this id."""

    start: int
    end: int
    speaker: str


class AliasMatcher:
    """Finds the aliases of speakers in a text, longest first, in time linear in the text.

    Case is ignored, except that an alias of two or three capitals ("RVC") matches only capitals. Words are compared
    whole; what stands between them (spaces, hyphens, full stops) is not.
    """

    def __init__(self, speakers: Iterable[Speaker]) -> None:
        self._by_first_word: dict[str, list[tuple[tuple[str, ...], str, bool]]] = {}
        for speaker in speakers:
            for alias in speaker.aliases:
                # Cut first, as the text is: casefolding "İ" adds a mark that is no letter.
                words = tuple(word.casefold() for word in _WORD.findall(alias))
                if not words:
                    continue
                capitals = len(alias) <= 3 and alias.isupper()
                self._by_first_word.setdefault(words[0], []).append((words, speaker.id, capitals))
        for candidates in self._by_first_word.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, text: str) -> list[Mention]:
        """Mentions in order, none overlapping another."""
        if not self._by_first_word:
            return []
        spans = [match.span() for match in _WORD.finditer(text)]
        words = [text[start:end].casefold() for start, end in spans]
        mentions: list[Mention] = []
        at = 0
        while at < len(words):
            length = 1
            for candidate, speaker, capitals in self._by_first_word.get(words[at], ()):
                stop = at + len(candidate)
                if tuple(words[at:stop]) != candidate:
                    continue
                start, end = spans[at][0], spans[stop - 1][1]
                if capitals and not text[start:end].isupper():
                    continue
                mentions.append(Mention(start, end, speaker))
                length = len(candidate)
                break
            at += length
        return mentions
