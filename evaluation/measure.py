"""A model scored on gold articles.

Three heads are scored: `speaker`, `stance`, and `attributed`, which asks of the speaker only whether it is the outlet.
The third one needs no scheme of parties, so that models may be compared on gold of other studies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from .figures import CalibrationBin, Evaluation, GroupScores, HeadScores, LabelFigures
from .gold import GoldArticle
from .inclusion import Inclusion, inclusion
from .judge import Judged, Predictor, judge
from .resample import Interval, Resampler, article_sums
from .risk import risk_coverage
from .scores import (
    N_BINS,
    Floats,
    Ints,
    accuracies,
    calibration_bins,
    calibration_errors,
    f1_by_label,
    macro_f1s_of_samples,
    precision_by_label,
    recall_by_label,
    shares,
)
from .spans import span_scores

#: Labels of the head `attributed`.
OUTLET, SOURCE = "outlet", "source"


def evaluate(labeller: Predictor, gold: Sequence[GoldArticle], n_resamples: int = 1000, seed: int = 0) -> Evaluation:
    """Label the sentences of gold articles and score the labels.

    Args:
        labeller: the model.
        gold: at least one article.
        n_resamples: samples of articles behind the intervals.
        seed: of the samples.
    """
    return score(judge(labeller, gold), labeller.scheme, n_resamples, seed)


def score(judged: Sequence[Judged], scheme: Scheme, n_resamples: int = 1000, seed: int = 0) -> Evaluation:
    """Score labels; arguments as in `evaluate`."""
    resampler = Resampler(len(judged), n_resamples, seed)
    heads = tuple(_head(judged, scheme, head, resampler) for head in heads_of(judged))
    return Evaluation(
        n_articles=len(judged),
        n_sentences=sum(len(j.predicted) for j in judged),
        heads=heads,
        both_right=both_right(judged, resampler),
        groups=(
            *_groups(judged, scheme, "outlet", n_resamples, seed),
            *_groups(judged, scheme, "gold", n_resamples, seed),
        ),
        inclusion=_inclusion(judged, scheme, resampler),
        risk_coverage=risk_coverage(judged),
        spans=span_scores(judged, resampler),
        n_resamples=n_resamples,
        seed=seed,
    )


def heads_of(judged: Sequence[Judged]) -> tuple[str, ...]:
    """The heads that this gold can score."""
    return (
        ("speaker", "stance", "attributed") if all(j.gold.knows_speakers for j in judged) else ("stance", "attributed")
    )


def labels_of(scheme: Scheme, head: str) -> tuple[str, ...]:
    """A head's labels, in order."""
    return {"speaker": scheme.speaker_ids, "stance": scheme.stance_ids, "attributed": (OUTLET, SOURCE)}[head]


def label_of(row: LabelledSentence, head: str, scheme: Scheme) -> str:
    """What a row says in a head's terms."""
    if head == "attributed":
        return OUTLET if row.speaker == scheme.outlet else SOURCE
    return row.speaker if head == "speaker" else row.stance


def confusions(judged: Sequence[Judged], scheme: Scheme, head: str) -> Floats:
    """Each article's confusion counts, (n_articles, n_labels, n_labels): gold by row, prediction by column."""
    gold, predicted, article = _numbers(judged, scheme, head)
    n = len(labels_of(scheme, head))
    cells = np.bincount((article * n + gold) * n + predicted, minlength=len(judged) * n * n)
    return cells.reshape(len(judged), n, n).astype(np.float64)


def _numbers(judged: Sequence[Judged], scheme: Scheme, head: str) -> tuple[Ints, Ints, Ints]:
    """Gold label, predicted label and article of every sentence, as numbers, (n_sentences,) each."""
    number = {label: i for i, label in enumerate(labels_of(scheme, head))}
    triples = [
        (number[label_of(gold, head, scheme)], number[label_of(row, head, scheme)], i)
        for i, j in enumerate(judged)
        for gold, row in zip(j.gold.rows, j.predicted, strict=True)
    ]
    gold, predicted, article = np.array(triples, np.int64).reshape(-1, 3).T
    return gold, predicted, article


def both_right(judged: Sequence[Judged], resampler: Resampler) -> Interval | None:
    """Share of sentences with both labels right; None where gold names no speakers."""
    if not all(j.gold.knows_speakers for j in judged):
        return None
    return resampler.interval(both_counts(judged), shares)


def both_counts(judged: Sequence[Judged]) -> Floats:
    """(n_articles, 2): sentences of each article with both labels right, and all of them."""
    return np.array(
        [
            [
                sum(
                    (g.speaker, g.stance) == (p.speaker, p.stance)
                    for g, p in zip(j.gold.rows, j.predicted, strict=True)
                ),
                len(j.predicted),
            ]
            for j in judged
        ],
        np.float64,
    ).reshape(-1, 2)


def _inclusion(judged: Sequence[Judged], scheme: Scheme, resampler: Resampler) -> Inclusion | None:
    numbers = {head: _numbers(judged, scheme, head) for head in heads_of(judged)}
    right = {head: (gold == predicted).astype(np.float64) for head, (gold, predicted, _) in numbers.items()}
    if "speaker" in right:
        right["both"] = right["speaker"] * right["stance"]
    return inclusion([row for j in judged for row in j.gold.rows], right, numbers["stance"][2], resampler)


def _head(judged: Sequence[Judged], scheme: Scheme, head: str, resampler: Resampler) -> HeadScores:
    labels = labels_of(scheme, head)
    tables = confusions(judged, scheme, head)
    total = tables.sum(0).astype(np.int64)
    calibration, bins = _calibration(judged, scheme, head, resampler)
    return HeadScores(
        head=head,
        labels=labels,
        macro_f1=_macro_f1(tables, resampler),
        accuracy=resampler.interval(tables, accuracies),
        by_label=_by_label(labels, total, tables, resampler),
        confusion=tuple(tuple(int(n) for n in row) for row in total),
        calibration_error=calibration,
        bins=bins,
    )


def _macro_f1(tables: Floats, resampler: Resampler) -> Interval:
    return resampler.interval(tables, macro_f1s_of_samples(tables.sum(0)))


def _by_label(labels: Sequence[str], total: Ints, tables: Floats, resampler: Resampler) -> tuple[LabelFigures, ...]:
    # In a sample that lacks the label nothing is measured. Over all articles 0 is said, as scikit-learn does.
    precision = [_or_zero(share) for share in resampler.intervals(tables, precision_by_label)]
    recall = [_or_zero(share) for share in resampler.intervals(tables, recall_by_label)]
    f1 = resampler.intervals(tables, f1_by_label)
    return tuple(
        LabelFigures(label, precision[i], recall[i], f1[i], int(total[i].sum()), int(total[:, i].sum()))
        for i, label in enumerate(labels)
        if total[i].sum() + total[:, i].sum() > 0
    )


def _or_zero(share: Interval) -> Interval:
    return Interval(0.0, math.nan, math.nan) if math.isnan(share.value) else share


def _calibration(
    judged: Sequence[Judged], scheme: Scheme, head: str, resampler: Resampler
) -> tuple[Interval | None, tuple[CalibrationBin, ...]]:
    p = _probabilities(judged, head)
    if p is None:
        return None, ()
    gold, predicted, article = _numbers(judged, scheme, head)
    sums = article_sums(calibration_bins(p, gold == predicted), article, len(judged))
    bins = []
    for i, (n, confidence, right) in enumerate(sums.sum(0)):
        bins.append(CalibrationBin(i / N_BINS, (i + 1) / N_BINS, int(n), confidence / max(n, 1), right / max(n, 1)))
    return resampler.interval(sums, calibration_errors), tuple(bins)


def _probabilities(judged: Sequence[Judged], head: str) -> NDArray[np.float64] | None:
    """(n_sentences,) probability of the label given; None where a row has none, or the head has none of its own."""
    if head == "attributed":
        return None
    rows = [row for j in judged for row in j.predicted]
    found = [row.speaker_p if head == "speaker" else row.stance_p for row in rows]
    known = [p for p in found if p is not None]
    return np.array(known) if len(known) == len(rows) else None


def _groups(judged: Sequence[Judged], scheme: Scheme, kind: str, n_resamples: int, seed: int) -> list[GroupScores]:
    members: dict[str, list[Judged]] = {}
    for j in judged:
        outlet = "(no outlet named)" if j.gold.article.outlet is None else j.gold.article.outlet
        members.setdefault(outlet if kind == "outlet" else j.gold.gold, []).append(j)
    if len(members) < 2:
        return []
    found = []
    for name, group in members.items():
        resampler = Resampler(len(group), n_resamples, seed)
        figures = {head: _macro_f1(confusions(group, scheme, head), resampler) for head in heads_of(group)}
        both = both_right(group, resampler)
        if both is not None:
            figures["both"] = both
        found.append(GroupScores(kind, name, len(group), sum(len(j.predicted) for j in group), figures))
    return sorted(found, key=lambda g: -g.n_sentences)
