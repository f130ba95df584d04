"""Whose word a cue introduces: the words of the source in the sentence, and what kind of words they are.

Patterns, no parser: the source stands right before its verb ("Gladkov said", "Gladkov, the governor, said"), or right
after it where the verb follows what was said ('"...", said Gladkov'), or after "according to".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..model.mentions import Mention
from .cues import COLON, Cue

#: Kinds of source, by what it is called by.
ALIAS, NAME, PRONOUN, DEFINITE, INDEFINITE = "alias", "name", "pronoun", "definite", "indefinite"
_PRONOUN = re.compile(r"\b(?:he|she|they|it|who|him|them)\b", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Z][\w’'-]*[a-z][\w’'-]*(?:\s+(?:(?:of|de|van|bin)\s+)?[A-Z][\w’'.-]*)*")
_DEFINITE = re.compile(r"\b(?:the|this|that)\s+(?:[\w’-]+\s+){0,3}?[a-z]+\b", re.IGNORECASE)
_NOUN = re.compile(r"\b[a-z]{4,}\b")
_ADJUNCT = re.compile(
    r"^\s*(?:In|On|At|After|Before|During|From|Near|By|With|Since|For|As|Amid|Following|Later|Earlier|Meanwhile|But|And"
    r"|However|Yet|Still)\b[^,]*,"
)
_BOUNDARY = re.compile(r"[;:”»]\s|[,.?!][\"”’]\s|\s(?:but|while|whereas|although|and then)\s|\s[–—]\s")
_STOP = re.compile(r"[,.;:\"“”«»?!]|\s(?:that|in|on|at|after|as|to|during|when|who|before|late|early)\s")
_SAYING = frozenset({"say", "write", "add"})
_SENTENCE_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the a an in on at after before but and as if when while it he she they we i this that these those there on "
        "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
        "september october november december later earlier meanwhile however yet still telegram twitter facebook",
    )
)


@dataclass(frozen=True, slots=True)
class Source:
    """The words of a source.

    Attributes:
        start: character offset into the sentence.
        end: offset after the last character.
        text: the words.
        kind: ALIAS, NAME, PRONOUN, DEFINITE ("the ministry") or INDEFINITE ("residents").
        speaker: the speaker that an alias names, None for the other kinds.
        names: other names in the same phrase: "Legion spokesman Vadim Orlov" says who Orlov is.
    """

    start: int
    end: int
    text: str
    kind: str
    speaker: str | None = None
    names: tuple[str, ...] = ()


def source_of(text: str, cue: Cue, mentions: Sequence[Mention]) -> Source | None:
    """The source of a cue, None where the sentence names none.

    Args:
        text: the sentence.
        cue: in it.
        mentions: of the scheme's speakers in it.
    """
    after = _after(text, cue)
    if cue.before_name or _is_inverted(text, cue):
        found = _last(text, cue.end, after, mentions, first=True)
        if found is not None or cue.before_name:
            return found
    found = _before(text, cue, mentions)
    # Only a name speaks before a colon: "Other news: ..." is a heading.
    return None if cue.lemma == COLON and found is not None and found.kind not in (ALIAS, NAME) else found


def _is_inverted(text: str, cue: Cue) -> bool:
    """Whether what was said stands before the cue, so that the source follows it.

    Behind a bare comma only verbs without an object are ("The mill is gone, said Gladkov").
    """
    before = text[: cue.start].rstrip()
    if not before.endswith(("”", '"', "’", "»", "?", "!")) and not (before.endswith(",") and cue.lemma in _SAYING):
        return False
    return re.match(r"\s+(?:[A-Z]|the\b|a\b|an\b|his\b|her\b|its\b|one\b)", text[cue.end :]) is not None


def _after(text: str, cue: Cue) -> int:
    """Where the words right after a cue end."""
    stop = _STOP.search(text, cue.end + 1)
    return len(text) if stop is None else stop.start()


def _before(text: str, cue: Cue, mentions: Sequence[Mention]) -> Source | None:
    """The source in the clause before a cue; words between two commas before it describe the source."""
    boundaries = [m.end() for m in _BOUNDARY.finditer(text, 0, cue.start)]
    low = boundaries[-1] if boundaries else 0
    adjunct = _ADJUNCT.match(text[low : cue.start])
    if adjunct is not None and text[low + adjunct.end() : cue.start].strip():
        low += adjunct.end()
    commas = [i for i in range(low, cue.start) if text[i] == ","]
    edges = [low, *(i + 1 for i in commas), cue.start]
    parts = [(a, b) for a, b in pairwise(edges) if text[a:b].strip(" ,")]
    if commas and not text[commas[-1] + 1 : cue.start].strip() and len(parts) > 1:
        described = _last(text, *parts[-2], mentions)
        description = _last(text, *parts[-1], mentions)
        if described is not None and described.kind == NAME and description is not None and description.kind == ALIAS:
            return replace(described, kind=ALIAS, speaker=description.speaker, names=(described.text,))
        if described is not None:
            return described
    for a, b in reversed(parts):
        found = _last(text, a, b, mentions)
        if found is not None:
            return found
    return None


def _last(text: str, low: int, high: int, mentions: Sequence[Mention], *, first: bool = False) -> Source | None:
    """The best candidate between two offsets: an alias, then a pronoun or name, then a noun; of one kind the last."""
    names = [
        Source(m.start(), m.end(), m[0], NAME)
        for m in _NAME.finditer(text, low, high)
        if not all(word.casefold().strip(".,’'") in _SENTENCE_WORDS for word in m[0].split())
    ]
    aliases = [m for m in mentions if m.start >= low and m.end <= high]
    if aliases:
        m = aliases[0] if first else aliases[-1]
        return Source(m.start, m.end, text[m.start : m.end], ALIAS, m.speaker, tuple(name.text for name in names))
    pronouns = [Source(m.start(), m.end(), m[0], PRONOUN) for m in _PRONOUN.finditer(text, low, high)]
    nearest = sorted((*names, *pronouns), key=lambda s: s.start)
    if nearest:
        return nearest[0] if first else nearest[-1]
    definite = _DEFINITE.search(text, low, high)
    if definite is not None:
        return Source(definite.start(), definite.end(), definite[0], DEFINITE)
    nouns = list(_NOUN.finditer(text, low, high))
    if nouns:
        return Source(nouns[-1].start(), nouns[-1].end(), nouns[-1][0], INDEFINITE)
    return None
