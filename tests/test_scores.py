"""Figures against a worked example, scikit-learn, and a slow bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.evaluation.resample import Resampler, article_sums
from sayso.evaluation.scores import (
    accuracies,
    calibration_bins,
    calibration_error,
    calibration_errors,
    confusion,
    f1_by_label,
    label_scores,
    macro_f1,
    macro_f1s,
    macro_f1s_of_samples,
)

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def test_macro_f1_by_hand() -> None:
    # Eight sentences, labels a = 0, b = 1, c = 2; label d = 3 never occurs.
    #   gold       a a a a b b c c
    #   predicted  a a a b b c b b
    # a: 3 right of 3 predicted and 4 gold: F1 = 2 * 3 / (3 + 4) = 6/7.
    # b: 1 right of 4 predicted and 2 gold: F1 = 2 * 1 / (4 + 2) = 1/3.
    # c: 0 right of 1 predicted and 2 gold: F1 = 0. d is in neither and does not count.
    # Macro-F1 = (6/7 + 1/3 + 0) / 3 = (18/21 + 7/21) / 3 = 25/63. Accuracy = 4/8.
    gold, predicted = np.array([0, 0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 2, 1, 1])
    counts = confusion(gold, predicted, 4)
    assert counts.tolist() == [[3, 1, 0, 0], [0, 1, 1, 0], [0, 2, 0, 0], [0, 0, 0, 0]]
    assert macro_f1(counts) == pytest.approx(25 / 63)
    assert accuracies(counts) == 0.5
    a, b, c = label_scores(counts, "abcd")
    assert (a.precision, a.recall, a.n_gold, a.n_predicted) == (1.0, 0.75, 4, 3)
    assert (b.precision, b.recall) == (0.25, 0.5)
    assert (c.precision, c.recall, c.f1) == (0.0, 0.0, 0.0)
    assert np.isnan(f1_by_label(counts)[3])


def test_interval_by_hand() -> None:
    # Two articles: in the first 3 of 4 labels are right, in the second 1 of 4. A sample draws two of them: both the
    # first (accuracy 6/8), both the second (2/8), or one each (4/8). The first and the second happen in a quarter of
    # the samples each, so the middle 95 % reaches from 0.25 to 0.75.
    tables = np.array([[[3, 1], [0, 0]], [[1, 3], [0, 0]]], float)
    interval = Resampler(2, 1000, 0).interval(tables, accuracies)
    assert (interval.value, interval.low, interval.high) == (0.5, 0.25, 0.75)


def test_a_label_that_a_sample_lacks_stays_in_the_mean() -> None:
    # Eleven articles with 3 of 4 sentences of label 0 and both of label 1 right; in the twelfth stands one sentence of
    # label 2, taken for 0. Label 3 never occurs. Each label's F1 over all: 2 * 33 / (44 + 34) for 0, 2 * 22 / (22 + 33)
    # for 1, 0 for 2. A sample without the twelfth article has label 2 in the mean all the same, with its own F1, 0.
    usual = [[3, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    odd = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    tables = np.array([usual] * 11 + [odd], float)
    whole = tables.sum(0)
    figure = macro_f1s_of_samples(whole)
    assert figure(whole) == pytest.approx((66 / 78 + 44 / 55) / 3)
    assert figure(whole) == pytest.approx(macro_f1(whole))
    without = np.array([usual], float)
    assert figure(without) == pytest.approx((6 / 7 + 4 / 5) / 3)
    assert macro_f1s(without) == pytest.approx((6 / 7 + 4 / 5) / 2)
    interval = Resampler(12, 1000, 0).interval(tables, figure)
    assert interval.low <= interval.value <= interval.high < 0.6


def test_a_label_that_is_never_wrong_costs_no_sample_that_lacks_it() -> None:
    tables = np.array([[[4, 0], [0, 0]]] * 3 + [[[4, 0], [0, 1]]], float)
    interval = Resampler(4, 200, 0).interval(tables, macro_f1s_of_samples(tables.sum(0)))
    assert (interval.value, interval.low, interval.high) == (1.0, 1.0, 1.0)


def test_calibration_error_by_hand() -> None:
    # Bin 0.9-1.0 holds 0.95 (right) and 0.91 (wrong): confidence 0.93, accuracy 0.5, distance 0.43, two of four.
    # Bin 0.5-0.6 holds 0.55 (right): distance 0.45. Probability 1.0 belongs to the last bin, so there are three in
    # it: 0.95, 0.91, 1.0 (right): confidence 2.86/3, accuracy 2/3, distance 0.86/3, weight 3/4.
    # Error = 3/4 * 0.86/3 + 1/4 * 0.45 = 0.215 + 0.1125 = 0.3275.
    p, right = np.array([0.95, 0.91, 0.55, 1.0]), np.array([True, False, True, True])
    assert calibration_error(p, right) == pytest.approx(0.3275)


@settings(deadline=None)
@given(LABELS)
def test_macro_f1_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    gold, predicted = np.array(pairs).T
    expected = metrics.f1_score(gold, predicted, average="macro", zero_division=0)
    assert macro_f1(confusion(gold, predicted, 4)) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(LABELS, min_size=2, max_size=6), st.integers(0, 5))
def test_resampling_is_that_of_the_articles_rows(articles: list[list[tuple[int, int]]], seed: int) -> None:
    """Weighted sums of tables give what drawing the rows themselves would."""
    tables = np.stack([confusion(*np.array(pairs).T, 4) for pairs in articles]).astype(float)
    resampler = Resampler(len(articles), 7, seed)
    draws = resampler.draws(tables, macro_f1s)
    for weights, draw in zip(resampler.weights, draws, strict=True):
        rows = [pair for n, pairs in zip(weights, articles, strict=True) for pair in pairs * int(n)]
        assert draw == pytest.approx(macro_f1(confusion(*np.array(rows).T, 4)))
        assert weights.sum() == len(articles)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.integers(0, 2)), min_size=1, max_size=30))
def test_calibration_bins_add_up_over_articles(rows: list[tuple[float, bool, int]]) -> None:
    p, right, article = (np.array(column) for column in zip(*rows, strict=True))
    bins = calibration_bins(p, right)
    sums = article_sums(bins, article, 3)
    assert sums.sum((0, 1))[0] == len(rows)
    error = calibration_errors(sums.sum(0))
    assert error == pytest.approx(calibration_error(p, right))
    assert 0 <= error <= 1


def test_one_article_has_no_interval() -> None:
    interval = Resampler(1, 100, 0).interval(np.array([[[2, 0], [1, 1]]], float), accuracies)
    assert interval.value == 0.75
    assert math.isnan(interval.low)
    assert interval.to_dict() == {"value": 0.75, "low": None, "high": None}
    assert str(interval) == "0.750"
