"""Several runs of one recipe: folds by article, seeds, and the learning curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.errors import RowError
from ..model.scheme import Scheme
from ..model.windows import WindowBuilder
from .data import Split, article_key, weighted, without_twins
from .examples import TrainingArticle
from .loop import measure, train, window_settings
from .quantise import as_published
from .settings import TrainSettings

#: Shares of the training articles at which the learning curve is measured.
CURVE_SHARES = (0.125, 0.25, 0.5, 1.0)
#: A gain in macro-F1 from the last doubling of labels that is worth a coder's week.
WORTH = 0.01


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: what it learns from, what it is measured on, and its seed."""

    name: str
    train: tuple[TrainingArticle, ...]
    validation: tuple[TrainingArticle, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class TrialScore:
    """What one run reached, on `n_measured` sentences of articles that it did not learn from."""

    trial: str
    n_articles: int
    n_sentences: int
    speaker_f1: float
    stance_f1: float
    both: float
    n_measured: int = 0


def fold_trials(articles: Sequence[TrainingArticle], n_folds: int, settings: TrainSettings) -> list[Trial]:
    """Each article of the study is measured in exactly one fold; articles that only teach are in all of them.

    Raises:
        RowError: fewer articles than folds.
    """
    study = [a for a in articles if not a.voices]
    teaching = [a for a in articles if a.voices]
    keys = list(dict.fromkeys(map(article_key, study)))
    if not 2 <= n_folds <= len(keys):
        raise RowError(
            "cannot make the folds",
            expected=f"2 to {len(keys)} folds: articles are never split",
            found=f"{n_folds} folds",
        )
    order = np.random.default_rng(settings.split_seed).permutation(len(keys))
    trials = []
    for fold in range(n_folds):
        held = {keys[i] for i in order[fold::n_folds]}
        measured = tuple(a for a in study if article_key(a) in held)
        learned = without_twins([a for a in study if article_key(a) not in held], measured)
        trials.append(Trial(f"fold {fold + 1}", (*learned, *teaching), measured, settings.run_seed))
    return trials


def seed_trials(parts: Split, n_seeds: int, settings: TrainSettings) -> list[Trial]:
    """The same split, other seeds.

    Raises:
        RowError: nothing is held out to measure on.
    """
    _check_held_out(parts)
    seeds = range(settings.run_seed, settings.run_seed + n_seeds)
    return [Trial(f"seed {seed}", parts.train, parts.validation, seed) for seed in seeds]


def curve_trials(parts: Split, settings: TrainSettings) -> list[Trial]:
    """Growing shares of the study's training articles, each holding the smaller ones, measured on the same articles.

    Raises:
        RowError: nothing is held out to measure on, or there is one article only to learn from.
    """
    _check_held_out(parts)
    study = [a for a in parts.train if not a.voices]
    teaching = [a for a in parts.train if a.voices]
    order = np.random.default_rng(settings.split_seed).permutation(len(study))
    if len(study) < 2:
        raise RowError(
            "too few articles for a learning curve", expected="at least 2 to learn from", found=str(len(study))
        )
    trials = []
    # Of few articles several shares are the same number.
    for n_kept in dict.fromkeys(max(1, round(share * len(study))) for share in CURVE_SHARES):
        kept = set(order[:n_kept].tolist())
        some = [a for i, a in enumerate(study) if i in kept]
        trials.append(Trial(f"{n_kept} articles", (*some, *teaching), parts.validation, settings.run_seed))
    return trials


def _check_held_out(parts: Split) -> None:
    """Find out before any training that there is nothing to measure it on."""
    if not parts.validation:
        raise RowError(
            "nothing is held out to measure on",
            expected="labelled articles of the study, and a validation_share above 0 (or held_out)",
            hint="set validation_share in the recipe, or use --folds",
        )


def run_trials(
    trials: Sequence[Trial], settings: TrainSettings, scheme: Scheme, say: Callable[[str], None]
) -> Iterator[TrialScore]:
    """Run trials one after another; each starts from the recipe's encoder anew."""
    import torch

    from .folder import load_teachers
    from .run import start

    for trial in trials:
        say(f"{trial.name}: {len(trial.train)} articles to learn from, {len(trial.validation)} to measure on")
        # Choosing the best epoch on the articles that are measured would flatter: all epochs run, and the last counts.
        recipe = settings.model_copy(update={"run_seed": trial.seed})
        torch.manual_seed(trial.seed)
        begin = start(recipe, scheme)
        rows: list[dict[str, Any]] = [a.to_dict() for a in weighted(trial.train, recipe)]
        teachers = load_teachers(recipe, scheme, begin.encoder)
        trained = train(begin.network, begin.encoder, scheme, recipe, rows, (), teachers=teachers, say=say)
        builder = WindowBuilder(begin.encoder.tokenizer, window_settings(recipe), begin.encoder.special)
        network = as_published(trained.network, recipe.bits)
        figures = measure(network, builder, scheme, trial.validation)
        study = [a for a in trial.train if not a.voices]
        n_learned, n_measured = (sum(t.is_known for a in part for t in a.targets) for part in (study, trial.validation))
        score = TrialScore(trial.name, len(study), n_learned, *figures, n_measured)
        say(f"{trial.name}: speaker F1 {score.speaker_f1:.3f}, stance F1 {score.stance_f1:.3f}, both {score.both:.3f}")
        yield score


def spread(scores: Sequence[TrialScore]) -> str:
    """Mean and standard deviation over runs, in words."""
    parts = []
    for name, values in (
        ("speaker macro-F1", [s.speaker_f1 for s in scores]),
        ("stance macro-F1", [s.stance_f1 for s in scores]),
        ("both right", [s.both for s in scores]),
    ):
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        parts.append(f"{name} {np.mean(values):.3f} (standard deviation {deviation:.3f})")
    return ", ".join(parts)


def worth_more(scores: Sequence[TrialScore]) -> str:
    """A plain answer to "is it worth labelling more?", from the last doubling of a learning curve.

    It says so where the change is no larger than what chance does to a share of so many sentences.
    """
    before, after = scores[-2], scores[-1]
    gains = {"speaker": after.speaker_f1 - before.speaker_f1, "stance": after.stance_f1 - before.stance_f1}
    told = ", ".join(f"{head} macro-F1 by {gain:+.3f}" for head, gain in gains.items())
    answer = (
        "labelling as much again is likely to help"
        if max(gains.values()) >= WORTH
        else "more of the same is unlikely to help much; look at the errors instead (`sayso evaluate --errors`)"
    )
    said = f"From {before.n_sentences} to {after.n_sentences} sentences changed {told}: {answer}."
    if after.n_measured:
        chance = 1.96 * math.sqrt(sum(s.both * (1 - s.both) for s in (before, after)) / after.n_measured)
        if max(map(abs, gains.values())) < chance:
            said += (
                f" Measured on {after.n_measured} sentences, chance alone may change a score by {chance:.2f}: "
                "take it as a hint, and hold more out (validation_share) for an answer."
            )
    return said
