"""Spans of source, cue and content that a label was read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import Evidence
from .scorer import ArticleScores, probabilities

#: Tags of the tag head, in order; the first is none. The same as `network.TAGS`, which needs torch.
KINDS = ("none", "source", "cue", "content")
#: A span of a lower mean probability is not shown.
MIN_P = 0.5


def article_evidence(text: str, scores: ArticleScores) -> list[tuple[Evidence, ...]]:
    """The evidence of each sentence, by position.

    A sentence's cues and contents stand in itself; so do its sources, but where none is found there, the one that the
    network points to is given, in whatever sentence it stands.

    Args:
        text: the article's text.
        scores: raw scores of its sentences and tokens.
    """
    encoded = scores.encoded
    if scores.tags.shape[1] == 0:
        return [() for _ in encoded.sentences]
    p = probabilities(scores.tags, 1.0)
    best = p.argmax(-1)
    found: list[tuple[Evidence, ...]] = []
    for i in range(len(encoded.sentences)):
        low, high = int(encoded.bounds[i]), int(encoded.bounds[i + 1])
        spans = _runs(text, scores, best, p, low, high)
        if scores.source[i, 0] >= 0 and scores.source_p[i] >= MIN_P and not any(s.kind == "source" for s in spans):
            spans.append(_pointed_source(text, scores, best, i))
        found.append(tuple(sorted(spans, key=lambda s: (s.start, s.end))))
    return found


def _runs(
    text: str, scores: ArticleScores, best: NDArray[np.int64], p: NDArray[np.float32], low: int, high: int
) -> list[Evidence]:
    """Runs of tokens with one tag, at whole words."""
    spans = []
    start = low
    while start < high:
        stop = start + 1
        while stop < high and best[stop] == best[start]:
            stop += 1
        kind = int(best[start])
        mean = float(p[start:stop, kind].mean())
        if kind and mean >= MIN_P:
            first, last = _whole_words(text, int(scores.encoded.starts[start]), int(scores.encoded.ends[stop - 1]))
            spans.append(Evidence(KINDS[kind], first, last, text[first:last], round(mean, 4)))
        start = stop
    return spans


def _pointed_source(text: str, scores: ArticleScores, best: NDArray[np.int64], sentence: int) -> Evidence:
    """The source that a sentence's pointer names, as far as the tags beside it say that it reaches."""
    first, last = int(scores.source[sentence, 0]), int(scores.source[sentence, 1]) - 1
    source = KINDS.index("source")
    while first > 0 and best[first] == source and best[first - 1] == source:
        first -= 1
    while last + 1 < len(best) and best[last] == source and best[last + 1] == source:
        last += 1
    start, end = _whole_words(text, int(scores.encoded.starts[first]), int(scores.encoded.ends[last]))
    return Evidence("source", start, end, text[start:end], round(float(scores.source_p[sentence]), 4))


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end
