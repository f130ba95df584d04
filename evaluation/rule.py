"""The baseline without a model: cue verbs, names and quotation marks.

What a careful programmer can do in a day with a list of cue verbs (`cues`), patterns for where a source stands
(`sources`), the scheme's aliases, and a memory of who spoke last. A model has to be far beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..model.mentions import AliasMatcher, Mention
from ..model.records import Article, LabelledSentence, Sentence
from ..model.scheme import Scheme
from ..model.sentences import quotation_state
from .baselines import plain_row
from .cues import Cue, find_cues, is_hedged
from .sources import ALIAS, DEFINITE, NAME, PRONOUN, Source, source_of

#: Share of a sentence's letters inside quotation marks from which on it is a quotation.
QUOTED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """What the patterns see in one sentence.

    Attributes:
        text: the sentence.
        quoted_share: share of its letters and digits inside quotation marks, 0 to 1.
        cues: cues outside quotation marks, in order.
        sources: the source of each cue, None where the sentence names none.
        hedged: whether a bare hedge hides a source.
        mentions: speakers that it names, in order.
    """

    text: str
    quoted_share: float
    cues: tuple[Cue, ...]
    sources: tuple[Source | None, ...]
    hedged: bool
    mentions: tuple[str, ...]

    @property
    def is_quotation(self) -> bool:
        """Whether most of it stands inside quotation marks."""
        return self.quoted_share >= QUOTED_SHARE


def read_sentences(article: Article, sentences: Sequence[Sentence], matcher: AliasMatcher) -> list[Reading]:
    """Read the sentences of an article by the patterns."""
    quoted = quotation_state(article.text)
    mentions = matcher.find(article.text)
    return [_reading(s, quoted[s.start : s.end], mentions) for s in sentences]


def _reading(sentence: Sentence, quoted: NDArray[np.uint8], mentions: Sequence[Mention]) -> Reading:
    inside = [
        Mention(m.start - sentence.start, m.end - sentence.start, m.speaker)
        for m in mentions
        if m.start >= sentence.start and m.end <= sentence.end
    ]
    letters = np.fromiter((c.isalnum() for c in sentence.text), bool, len(sentence.text))
    share = float(quoted[letters].mean()) if letters.any() else 0.0
    cues = find_cues(sentence.text, quoted)
    outside = [m for m in inside if not quoted[m.start]]
    return Reading(
        text=sentence.text,
        quoted_share=share,
        cues=tuple(cues),
        sources=tuple(source_of(sentence.text, cue, outside) for cue in cues),
        hedged=is_hedged(sentence.text),
        mentions=tuple(m.speaker for m in outside),
    )


@dataclass(slots=True)
class _Memory:
    """Who spoke last, and who is who, as far as the article has said."""

    last: str | None = None
    known: dict[str, str] = field(default_factory=dict)


class CueRule:
    """Labels sentences by rule; it has no probabilities.

    Args:
        scheme: names speakers by their aliases. A source that has none is the scheme's rest.
    """

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self._matcher = AliasMatcher(scheme.speakers)
        others = [s for s in scheme.speaker_ids if s != scheme.outlet]
        self._rest = scheme.rest if scheme.rest is not None else others[-1]
        self._passed_on = next(s for s in scheme.stance_ids if s != scheme.vouched)

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label sentences of an article."""
        readings = read_sentences(article, sentences, self._matcher)
        memory = _Memory()
        rows = []
        for i, (sentence, reading) in enumerate(zip(sentences, readings, strict=True)):
            speaker, stance = self._labels(i, sentences, readings, memory)
            rows.append(plain_row(article, sentence, speaker, stance))
            if speaker != self.scheme.outlet:
                memory.last = speaker
            elif reading.mentions:
                memory.last = reading.mentions[0]
        return tuple(rows)

    def _labels(
        self, i: int, sentences: Sequence[Sentence], readings: Sequence[Reading], memory: _Memory
    ) -> tuple[str, str]:
        reading = readings[i]
        found = self._credited(reading, memory)
        if reading.is_quotation:
            if found is not None:
                return found[0], self._passed_on
            return self._untagged(i, sentences, readings, memory), self._passed_on
        if found is not None:
            return found[0], self.scheme.vouched if found[1].factive else self._passed_on
        if reading.hedged:
            return self._rest, self._passed_on
        return self.scheme.outlet, self.scheme.vouched

    def _credited(self, reading: Reading, memory: _Memory) -> tuple[str, Cue] | None:
        """The speaker of the sentence's first sourced cue, which is mostly the main clause's, and the cue."""
        for cue, source in zip(reading.cues, reading.sources, strict=True):
            if source is not None:
                return self._speaker(source, memory), cue
        return None

    def _speaker(self, source: Source, memory: _Memory) -> str:
        surname = source.text.split()[-1].strip(".,").removesuffix("’s").removesuffix("'s")
        if source.kind == ALIAS and source.speaker is not None:
            for name in source.names:
                memory.known[name.split()[-1].strip(".,")] = source.speaker
            return source.speaker
        if source.kind == NAME:
            return memory.known.get(surname, self._rest)
        if source.kind in (PRONOUN, DEFINITE) and memory.last is not None:
            return memory.last
        return self._rest

    def _untagged(self, i: int, sentences: Sequence[Sentence], readings: Sequence[Reading], memory: _Memory) -> str:
        """The speaker of a quotation without a cue: who is named right after it, else who spoke last."""
        opens = i == 0 or sentences[i - 1].paragraph != sentences[i].paragraph
        follows = i + 1 < len(sentences) and sentences[i + 1].paragraph == sentences[i].paragraph
        if (opens or memory.last is None) and follows:
            found = self._credited(readings[i + 1], memory)
            if found is not None:
                return found[0]
        return self._rest if memory.last is None else memory.last
