"""Intervals and comparisons: against formulas, against scipy, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

stats = pytest.importorskip("scipy.stats", reason="the framing report needs the frame extra")
pytest.importorskip("polars", reason="the framing report needs the frame extra")

from sayso.framing.layout import Layout  # noqa: E402
from sayso.framing.measures import Scale, Totals  # noqa: E402
from sayso.framing.pairs import cramers_v, differences, false_discovery  # noqa: E402
from sayso.framing.resample import MIN_ARTICLES, bootstrap_sums, estimate, korn_graubard  # noqa: E402
from sayso.framing.simulate import Plan, one  # noqa: E402


def layout_of(group: np.ndarray) -> Layout:
    n = len(group)
    names = tuple(f"g{i}" for i in range(group.max() + 1))
    return Layout(names, group, tuple(map(str, range(n))), np.ones(n, bool), nested=True, n_copies=0)


def totals_of(y: np.ndarray, x: np.ndarray) -> Totals:
    return Totals("speaker", ("a",), y[:, None].astype(float), x[:, None].astype(float), x.astype(float))


def test_bootstrap_agrees_with_the_linearised_variance() -> None:
    # The variance of a ratio of sums over n articles is n / (n - 1) * sum((y - r x)^2) / sum(x)^2 (Taylor series).
    rng = np.random.default_rng(1)
    x = rng.integers(5, 40, 400)
    y = rng.binomial(x, rng.beta(1, 3, 400))
    found = estimate(totals_of(y, x), layout_of(np.zeros(400, int)), Scale(), 4000, 0)
    r = y.sum() / x.sum()
    se = np.sqrt(400 / 399 * ((y - r * x) ** 2).sum()) / x.sum()
    assert found.value[0, 0] == r
    # 4,000 samples give the standard error with a standard deviation of 1.1 %.
    assert found.se[0, 0] == pytest.approx(se, rel=0.05)
    # Whole articles are resampled: taken one by one, sentences would give an interval less than half as wide.
    naive = np.sqrt(r * (1 - r) / x.sum())
    assert found.se[0, 0] > 2 * naive
    assert found.low[0, 0] < r - 1.8 * se
    assert found.high[0, 0] > r + 1.8 * se


def test_bootstrap_sums_are_of_n_rows_drawn_with_replacement() -> None:
    sums = bootstrap_sums(np.column_stack([np.ones(7), np.eye(7)[0]]), 5000, (3, 1))
    assert (sums[:, 0] == 7).all()
    # The count of one row in a bootstrap sample is binomial with mean 1 and variance 6/7.
    assert sums[:, 1].mean() == pytest.approx(1, abs=0.06)
    assert sums[:, 1].var() == pytest.approx(6 / 7, abs=0.08)
    assert (sums == bootstrap_sums(np.column_stack([np.ones(7), np.eye(7)[0]]), 5000, (3, 1))).all()


def test_korn_graubard_is_clopper_pearson_where_the_variance_is_known() -> None:
    low, high = korn_graubard(np.array([3 / 20]), np.array([20.0]), np.array([1e9]))
    exact = stats.binomtest(3, 20).proportion_ci(method="exact")
    assert low[0] == pytest.approx(exact.low, abs=1e-6)
    assert high[0] == pytest.approx(exact.high, abs=1e-6)
    # A variance from 4 degrees of freedom counts for less: (1.96 / 2.776)^2 = 0.4985 of the observations.
    wider = korn_graubard(np.array([3 / 20]), np.array([20.0]), np.array([4.0]))
    assert wider[0][0] < low[0]
    assert wider[1][0] > high[0]


@given(st.integers(0, 40), st.integers(5, 40), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_intervals_hold_their_value_and_keep_to_the_scale(seed: int, n: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, size + 1, n)
    y = rng.binomial(x, rng.beta(0.3, 2))
    found = estimate(totals_of(y, x), layout_of(np.zeros(n, int)), Scale(), 200, seed)
    for value, low, high in zip(found.value[:, 0], found.low[:, 0], found.high[:, 0], strict=True):
        assert 0 <= low <= value + 1e-12
        assert value - 1e-12 <= high <= 1
        assert low < high


def test_a_speaker_who_never_speaks_may_still_exist() -> None:
    x = np.full(10, 20)
    found = estimate(totals_of(np.zeros(10), x), layout_of(np.zeros(10, int)), Scale(), 200, 0)
    assert found.low[0, 0] == 0
    # Ten articles without one: the worst case counts each as one observation, 1 - 0.025^(1/10), times the t factor.
    assert 0.3 < found.high[0, 0] < 0.45


def test_few_articles_get_no_interval() -> None:
    group = np.array([0] * (MIN_ARTICLES - 1) + [1] * 30)
    x = np.full(len(group), 10)
    y = np.arange(len(group)) % 10
    found = estimate(totals_of(y, x), layout_of(group), Scale(), 200, 0)
    assert np.isnan(found.low[0, 0])
    assert np.isfinite(found.low[1:, 0]).all()


def test_differences_are_welch_tests() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 1, 12), rng.normal(1, 2, 9)
    value = np.array([[a.mean()], [b.mean()]])
    se = np.array([[a.std(ddof=1) / 12**0.5], [b.std(ddof=1) / 9**0.5]])
    found = differences(value, se, np.array([[11.0], [8.0]]))
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert found.p[0, 0] == pytest.approx(welch.pvalue)
    ends = welch.confidence_interval()
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((ends.low, ends.high))


def test_false_discoveries_by_hand() -> None:
    # Benjamini and Hochberg with four tests: p times 4 / rank, then never more than the next larger one.
    # 0.01 * 4 = 0.04; 0.02 * 4 / 2 = 0.04; 0.04 * 4 / 3 = 0.0533; 0.5 * 4 / 4 = 0.5. nan was not tested.
    p = np.array([[0.04, np.nan], [0.01, 0.5], [np.nan, 0.02]])
    q = false_discovery(p)
    assert q[0, 0] == pytest.approx(0.16 / 3)
    assert q[1].tolist() == pytest.approx([0.04, 0.5])
    assert q[2, 1] == pytest.approx(0.04)
    assert np.isnan(q[0, 1])


def test_cramers_v() -> None:
    counts = np.array([[10.0, 20, 30], [30, 20, 10], [0, 0, 0]])
    plain, corrected = cramers_v(counts, np.array([60.0, 60, 0]))
    assert plain[0] == pytest.approx(stats.contingency.association(counts[:2].astype(int), method="cramer"))
    # Bergsma's formulas by hand: phi^2 = 20 / 120, less (2 - 1)(3 - 1) / 119, over min(2 - 1/119, 3 - 4/119) - 1.
    assert corrected[0] == pytest.approx(np.sqrt((20 / 120 - 2 / 119) / (1 - 1 / 119)))
    assert np.isnan(plain[1])
    assert corrected[0] < plain[0]


def test_simulated_truth_is_covered() -> None:
    # A glimpse of `python -m sayso.framing.simulate`, whose table is in docs/framing.md.
    results = [one(Plan(4, 40, resamples=200), seed) for seed in range(12)]
    mean = {name: np.mean([r[name] for r in results]) for name in results[0]}
    # 12 corpora x 4 outlets x 6 speakers: the standard error of a coverage of 95 % is about 2 %.
    for name in ("human_covers", "corrected_covers", "corpus_covers", "gold_covers", "difference_covers"):
        assert mean[name] >= 0.9, name
    assert mean["naive_covers"] < mean["corrected_covers"]
    assert mean["corrected_width"] < 0.75 * mean["gold_width"]
    assert mean["human_false"] <= 0.1
    assert mean["corrected_false"] <= 0.1


def test_where_nothing_differs_little_is_found() -> None:
    # Every difference found is false here, so a corpus shows 0 or 1; held at 5 %, more than 4 of 20 corpora would
    # show any with a probability of 0.003.
    results = [one(Plan(3, 30, differ=False, resamples=100), seed) for seed in range(20)]
    for name in ("human_false", "corrected_false"):
        shown = [result[name] for result in results]
        assert set(shown) <= {0.0, 1.0}
        assert sum(shown) <= 4, name
