from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

pytest.importorskip("torch", reason="training tests need the train extra")

from sayso.model.errors import RowError
from sayso.model.records import Sentence
from sayso.train.data import Split
from sayso.train.examples import Target, TrainingArticle, Voice
from sayso.train.settings import TrainSettings
from sayso.train.trials import TrialScore, curve_trials, fold_trials, seed_trials, spread, worth_more

SETTINGS = TrainSettings(scheme="belgorod", encoder="minilm")


def _article(name: str, voices: tuple[Voice, ...] = ()) -> TrainingArticle:
    text = f"Article {name}."
    return TrainingArticle(
        name, "rows", text, (Sentence(0, 0, 0, len(text), text),), (Target(("outlet",), "asserts"),), voices
    )


ARTICLES = [*(_article(f"a{i}") for i in range(11)), _article("teaches", (Voice("other", ("Others",)),))]


def test_folds_measure_every_article_once() -> None:
    trials = fold_trials(ARTICLES, 3, SETTINGS)
    measured = [a.id for t in trials for a in t.validation]
    assert sorted(measured) == sorted(a.id for a in ARTICLES[:11])
    for trial in trials:
        assert not {a.id for a in trial.train} & {a.id for a in trial.validation}
        assert "teaches" in {a.id for a in trial.train}


def test_too_many_folds_are_refused() -> None:
    with pytest.raises(RowError, match="2 to 11 folds"):
        fold_trials(ARTICLES, 12, SETTINGS)


def test_the_curve_grows_and_is_measured_on_the_same() -> None:
    parts = Split(tuple(ARTICLES[:8]), tuple(ARTICLES[8:11]), ())
    trials = curve_trials(parts, SETTINGS)
    sets = [{a.id for a in t.train} for t in trials]
    assert [len(s) for s in sets] == [1, 2, 4, 8]
    assert all(small < large for small, large in pairwise(sets))
    assert len({t.validation for t in trials}) == 1


def test_seeds_share_their_split() -> None:
    trials = seed_trials(Split(tuple(ARTICLES[:8]), tuple(ARTICLES[8:]), ()), 3, SETTINGS)
    assert [t.seed for t in trials] == [0, 1, 2]
    assert len({t.train for t in trials}) == 1


def test_an_article_of_two_files_is_in_one_fold() -> None:
    files = [replace(a, origin=f"rows:{name}", text=f"{name} {a.text}") for name in "xy" for a in ARTICLES[:6]]
    for trial in fold_trials(files, 3, SETTINGS):
        assert len(trial.validation) == 4
        assert not {a.id for a in trial.train} & {a.id for a in trial.validation}


def test_nothing_to_measure_on_is_told_before_training() -> None:
    parts = Split(tuple(ARTICLES), (), ())
    for trials in (lambda: curve_trials(parts, SETTINGS), lambda: seed_trials(parts, 2, SETTINGS)):
        with pytest.raises(RowError, match="nothing is held out to measure on"):
            trials()


def test_the_answer_follows_from_the_last_doubling() -> None:
    def score(n: int, f1: float) -> TrialScore:
        return TrialScore("x", n, n * 10, f1, 0.9, 0.8)

    assert "likely to help" in worth_more([score(1, 0.1), score(50, 0.60), score(100, 0.65)])
    assert "unlikely" in worth_more([score(1, 0.1), score(50, 0.600), score(100, 0.604)])
    # Two runs at 0.6 and 0.7: mean 0.65, deviation of the sample 0.0707.
    assert "speaker macro-F1 0.650 (standard deviation 0.071)" in spread([score(1, 0.6), score(1, 0.7)])


def test_a_curve_of_few_articles_measures_each_number_once() -> None:
    trials = curve_trials(Split(tuple(ARTICLES[:3]), tuple(ARTICLES[8:11]), ()), SETTINGS)
    assert [len(t.train) for t in trials] == [1, 2, 3]
    with pytest.raises(RowError, match="too few articles for a learning curve"):
        curve_trials(Split(tuple(ARTICLES[:1]), tuple(ARTICLES[8:11]), ()), SETTINGS)


def test_a_change_that_chance_may_make_is_called_a_hint() -> None:
    # Two shares of 0.8 of 100 sentences differ by chance by 1.96 times the root of 2 * 0.8 * 0.2 / 100: 0.11.
    few = [TrialScore("x", n, n * 10, f1, 0.9, 0.8, 100) for n, f1 in ((50, 0.60), (100, 0.65))]
    assert "likely to help. Measured on 100 sentences, chance alone may change a score by 0.11" in worth_more(few)
    many = [replace(score, n_measured=2000) for score in few]
    assert worth_more(many).endswith("likely to help.")
