"""Evidence against gold spans: does the model find who speaks (source), the word that says so (cue), and what is said?

Three ways to match. `token`: words, as the overlap measure of Citron has it (BBC R&D, 2021; its `evaluate` script).
`overlap`: spans, right if they touch a gold span of their kind. `exact`: spans, right if they are one. Gold spans are
cut where sentences end, because evidence never goes beyond a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .judge import Judged
from .resample import Interval, Resampler
from .scores import Floats

KINDS = ("source", "cue", "content")
MATCHES = ("token", "overlap", "exact")
_TOKEN = re.compile(r"\w+|[^\w\s]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Spans of one kind, matched in one way: precision, recall and F1, 0 to 1, and counts of tokens or spans."""

    kind: str
    match: str
    precision: Interval
    recall: Interval
    f1: Interval
    n_gold: int
    n_predicted: int


def span_scores(judged: Sequence[Judged], resampler: Resampler) -> tuple[SpanScore, ...]:
    """Scores of evidence; () where gold has no spans or the model gives no evidence."""
    if any(j.gold.spans is None for j in judged):
        return ()
    if all(row.evidence is None for j in judged for row in j.predicted):
        return ()
    counts = np.stack([_article_counts(j) for j in judged])
    scores = []
    for k, kind in enumerate(KINDS):
        for m, match in enumerate(MATCHES):
            own = counts[:, k, m]
            precision, recall, f1 = resampler.intervals(own, _figures)
            n_predicted, n_gold = int(own[:, 1].sum()), int(own[:, 3].sum())
            scores.append(SpanScore(kind, match, precision, recall, f1, n_gold, n_predicted))
    return tuple(scores)


def _figures(counts: Floats) -> Floats:
    """(n, 4) counts, right predictions, predictions, gold found, gold, to (n, 3) precision, recall, F1."""
    precision = counts[:, 0] / np.maximum(counts[:, 1], 1)
    recall = counts[:, 2] / np.maximum(counts[:, 3], 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return np.stack([precision, recall, f1], axis=1)


def _article_counts(judged: Judged) -> Floats:
    """(n_kinds, n_matches, 4) counts of one article, as `_figures` takes them."""
    text = judged.gold.article.text
    sentences = [(row.start, row.end) for row in judged.gold.rows]
    starts = np.array([m.start() for a, b in sentences for m in _TOKEN.finditer(text, a, b)], np.int64)
    counts = np.zeros((len(KINDS), len(MATCHES), 4))
    spans = judged.gold.spans
    for k, kind in enumerate(KINDS):
        gold = _cut(((a, b) for name, a, b in spans if name == kind) if spans is not None else (), sentences, text)
        evidence = (e for row in judged.predicted for e in ([] if row.evidence is None else row.evidence))
        predicted = {(e.start, e.end) for e in evidence if e.kind == kind}
        in_gold, in_predicted = _mask(gold, len(text)), _mask(predicted, len(text))
        both = float((in_gold[starts] & in_predicted[starts]).sum())
        counts[k, 0] = both, in_predicted[starts].sum(), both, in_gold[starts].sum()
        touching = sum(bool(in_gold[a:b].any()) for a, b in predicted)
        touched = sum(bool(in_predicted[a:b].any()) for a, b in gold)
        counts[k, 1] = touching, len(predicted), touched, len(gold)
        same = len(predicted & gold)
        counts[k, 2] = same, len(predicted), same, len(gold)
    return counts


def _cut(spans: Iterable[Span], sentences: Sequence[Span], text: str) -> set[Span]:
    """Spans cut to the sentences that they lie in, without white space at their ends; what lies in none is left out."""
    pieces = set()
    for start, end in spans:
        for first, last in sentences:
            a, b = max(start, first), min(end, last)
            if a < b and text[a:b].strip():
                piece = text[a:b]
                pieces.add((a + len(piece) - len(piece.lstrip()), b - len(piece) + len(piece.rstrip())))
    return pieces


def _mask(spans: Iterable[Span], n_chars: int) -> NDArray[np.bool_]:
    mask = np.zeros(n_chars, bool)
    for start, end in spans:
        mask[start:end] = True
    return mask
