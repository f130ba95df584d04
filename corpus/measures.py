"""What an article is like, in numbers that need no study's labels: length, quotation, vocabulary, turns of speech."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..train.polnear import OUTLET
from .copying import words
from .table import Kind
from .views import UNNAMED, View

NAN = float("nan")
#: From this share of its characters on, a sentence counts as quoted.
QUOTED_SHARE = 0.5
#: Distances from a quotation to who says it are counted up to here; none in reach counts as this far.
FARTHEST = 5
#: Words in the window of the moving type-token ratio; shorter articles have none.
TTR_WINDOW = 250

_REGULAR_CUES = (
    "accuse acknowledge add allege announce answer argue ask believe call cite claim conclude concede confirm declare"
    " demand deny describe estimate explain insist maintain note point post promise quote recall reply report respond"
    " reveal stress suggest tweet urge vow warn"
)
_IRREGULAR_CUES = {
    "say": "said says saying",
    "tell": "told tells telling",
    "write": "wrote written writes writing",
    "think": "thought thinks thinking",
    "admit": "admitted admits admitting",
    "according": "",
}


def _regular(verb: str) -> list[str]:
    if verb.endswith("y"):
        return [f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"]
    stem = verb.removesuffix("e")
    return [f"{verb}es" if verb.endswith("s") else f"{verb}s", f"{stem}ed", f"{stem}ing"]


#: Word form to lemma, of verbs that introduce somebody's words, and "according".
CUES = {form: verb for verb in _REGULAR_CUES.split() for form in (verb, *_regular(verb))}
CUES |= {form: verb for verb, forms in _IRREGULAR_CUES.items() for form in (verb, *forms.split())}

_CONTRACTION = re.compile(
    r"(?:n[’']t|\w[’'](?:re|ve|ll|d|m)|\b(?:it|that|there|here|he|she|what|who|let)[’']s)\b", re.IGNORECASE
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
_NUMBER = re.compile(r"\b\d[\d.,:]*")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of an article: its name, its kind, and how it is taken (NaN where an article has none)."""

    name: str
    kind: Kind
    take: Callable[[View], float]


def _lengths(view: View) -> list[int]:
    return [len(words(sentence.text)) for sentence in view.sentences]


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else NAN


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else NAN


def _per_hundred(view: View, count_in: Callable[[str], int]) -> float:
    n_words = sum(_lengths(view))
    return 100 * sum(count_in(s.text) for s in view.sentences) / n_words if n_words else NAN


def _sentences_per_paragraph(view: View) -> float:
    return _mean(list(Counter(sentence.paragraph for sentence in view.sentences).values()))


def _quoted_characters(view: View) -> float:
    n_quoted = sum(int(view.quoted[s.start : s.end].sum()) for s in view.sentences)
    return n_quoted / sum(len(s.text) for s in view.sentences)


def _partly_quoted(view: View) -> float:
    return _share([0 < view.quoted_share(s) < QUOTED_SHARE for s in view.sentences])


def _cue_flags(view: View) -> list[bool]:
    """Of each sentence: whether a verb of speech stands in it outside quotation marks."""
    return [any(word in CUES for word in words(view.outside(sentence))) for sentence in view.sentences]


def quotation_distances(view: View) -> list[int]:
    """Of each quoted sentence: how many sentences off the nearest verb of speech stands, 0 (its own) to FARTHEST.

    It stands for the distance between a speaker and a quotation, and can be taken where the labels name no source:
    the verb outside the quotation marks has the speaker as its subject.
    """
    cues = _cue_flags(view)
    distances = []
    for i, sentence in enumerate(view.sentences):
        if view.quoted_share(sentence) < QUOTED_SHARE:
            continue
        near = [abs(i - j) for j in range(max(0, i - FARTHEST), i + FARTHEST + 1) if j < len(cues) and cues[j]]
        distances.append(min([*near, FARTHEST]))
    return distances


def _cueless(view: View) -> float:
    """Share of the attributed sentences without a verb of speech outside quotation marks: the source is elsewhere."""
    return _share(
        [
            not cue
            for cue, speaker in zip(_cue_flags(view), view.speakers, strict=True)
            if speaker is not None and speaker != OUTLET
        ]
    )


def _attributed(view: View) -> float:
    return _share([speaker != OUTLET for speaker in view.speakers if speaker is not None])


def _after(view: View, before_is_outlet: bool) -> float:
    """Share of attributed sentences among those that follow the outlet, or a source."""
    return _share(
        [
            after != OUTLET
            for before, after in pairwise(view.speakers)
            if before is not None and after is not None and (before == OUTLET) == before_is_outlet
        ]
    )


def _goes_on(view: View) -> float:
    """Share of the same source, of attributed sentences that follow an attributed one, both sources known."""
    unknown = (None, UNNAMED, OUTLET)
    return _share([a == b for a, b in pairwise(view.speakers) if a not in unknown and b not in unknown])


def _moving_ttr(view: View) -> float:
    """Moving-average type-token ratio (Covington and McFall, 2010), which does not depend on an article's length."""
    tokens = [word for sentence in view.sentences for word in words(sentence.text)]
    if len(tokens) < TTR_WINDOW:
        return NAN
    counts = Counter(tokens[:TTR_WINDOW])
    types = [len(counts)]
    for gone, come in zip(tokens, tokens[TTR_WINDOW:], strict=False):
        counts[come] += 1
        counts[gone] -= 1
        if counts[gone] == 0:
            del counts[gone]
        types.append(len(counts))
    return float(np.mean(types)) / TTR_WINDOW


def _say_share(view: View) -> float:
    lemmas = [CUES[word] for s in view.sentences for word in words(view.outside(s)) if word in CUES]
    return _share([lemma == "say" for lemma in lemmas])


MEASURES = (
    Measure("sentences an article", "number", lambda v: float(len(v.sentences))),
    Measure("sentences a paragraph", "number", _sentences_per_paragraph),
    Measure("words a sentence", "number", lambda v: _mean(_lengths(v))),
    Measure("their standard deviation", "number", lambda v: float(np.std(_lengths(v)))),
    Measure("sentences of 30 words or more", "share", lambda v: _share([n >= 30 for n in _lengths(v)])),
    Measure("sentences of 8 words or fewer", "share", lambda v: _share([n <= 8 for n in _lengths(v)])),
    Measure("characters inside quotation marks", "share", _quoted_characters),
    Measure("sentences quoted in part", "share", _partly_quoted),
    Measure("sentences from a quotation to its verb", "number", lambda v: _mean(quotation_distances(v))),
    Measure("quotations with the verb elsewhere", "share", lambda v: _share([d > 0 for d in quotation_distances(v)])),
    Measure("attributed sentences without a verb of speech", "share", _cueless),
    Measure("verbs of speech that are say", "share", _say_share),
    Measure("attributed sentences", "share", _attributed),
    Measure("attributed, after the outlet", "share", lambda v: _after(v, before_is_outlet=True)),
    Measure("attributed, after a source", "share", lambda v: _after(v, before_is_outlet=False)),
    Measure("the same source goes on", "share", _goes_on),
    Measure("different words in 250", "share", _moving_ttr),
    Measure("letters a word", "number", lambda v: _mean([len(w) for s in v.sentences for w in words(s.text)])),
    Measure("names per 100 words", "number", lambda v: _per_hundred(v, lambda t: len(_NAME.findall(t)))),
    Measure("numbers per 100 words", "number", lambda v: _per_hundred(v, lambda t: len(_NUMBER.findall(t)))),
    Measure("commas per 100 words", "number", lambda v: _per_hundred(v, lambda t: t.count(","))),
    Measure("contractions per 100 words", "number", lambda v: _per_hundred(v, lambda t: len(_CONTRACTION.findall(t)))),
)
