"""The methods section: paragraphs that can be pasted into a paper. Plain text: writers escape it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import polars as pl

from ..model.errors import RowError
from .correction import OWN_SENTENCES, OWN_SPREAD
from .findings import ALL, Findings, GoldFacts
from .resample import MIN_ARTICLES, OWN_EFFECT
from .summary import counted, labelled_by_hand, left_out, percent
from .table import NO_OUTLET


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the report was made from, with its SHA-256."""

    role: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the figures come from.

    Attributes:
        sources: the files read.
        command: the command line.
        model: facts of the model folder's config.json, or nothing.
        learned: a warning that the model learned from the hand-labelled sample, or nothing.
        agreement: what `sayso agree` found, as text, or nothing.
    """

    sources: tuple[Source, ...] = ()
    command: str = ""
    model: str = ""
    learned: str = ""
    agreement: str = ""


def digest(path: Path, role: str) -> Source:
    """A file's name and SHA-256."""
    with path.open("rb") as file:
        return Source(role, path.name, hashlib.file_digest(file, "sha256").hexdigest())


def model_facts(folder: Path) -> str:
    """What a model folder says about itself: encoder, scores, and the digests of its configuration and weights.

    Raises:
        RowError: there is no readable config.json, or it is no model's.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        encoder, weights, digests = config["encoder"]["name"], config["weights"], config["digests"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RowError(
            f"cannot read {path}", expected="the configuration of a model folder", found=str(error)
        ) from None
    files = {"config.json": hashlib.sha256(path.read_bytes()).hexdigest(), **digests}
    listed = ", ".join(f"{name} {sha}" for name, sha in files.items())
    text = f"Model: encoder {encoder}, {weights} weights. {_model_scores(config.get('scores', {}))}"
    trained_on = config.get("training", {}).get("data", {}).get("digest")
    if trained_on is not None:
        text += f" Digest of its training data: {trained_on}."
    return f"{text} Its files, by SHA-256: {listed}."


def _model_scores(scores: dict[str, Any]) -> str:
    """Scores on the validation articles, as the model folder gives them."""
    found = [
        f"{head} accuracy {percent(scores[head]['accuracy'], 1)} and macro-F1 {scores[head]['macro_f1']:.3f}"
        for head in ("speaker", "stance")
        if {"accuracy", "macro_f1"} <= scores.get(head, {}).keys()
    ]
    if not found or "n_sentences" not in scores:
        return "Its folder names no scores."
    articles = counted(scores["n_articles"], "validation article")
    sentences = counted(scores["n_sentences"], "sentence")
    return f"On {sentences} of {articles}: {', '.join(found)}."


def methods(findings: Findings, provenance: Provenance) -> list[str]:
    """The methods section."""
    parts = [_data(findings, provenance), _labels(findings, provenance), _measures(), _intervals(findings)]
    parts += [_comparison(findings), _correction(findings), _software(provenance), _references(findings)]
    parts += [provenance.learned]
    return [part for part in parts if part]


def _data(findings: Findings, provenance: Provenance) -> str:
    rows = findings.rows
    named = rows.filter(pl.col("outlet") != NO_OUTLET)
    n_unnamed = rows["article"].n_unique() - named["article"].n_unique()
    text = (
        f"Data. The corpus holds {counted(rows['article'].n_unique(), 'article')} with "
        f"{counted(rows.height, 'sentence')} ({counted(int(rows['words'].sum()), 'word')})"
        + (f" from {counted(named['outlet'].n_unique(), 'outlet')}" if named.height else "")
        + (f"; {counted(n_unnamed, 'article names', 'articles name')} no outlet." if n_unnamed else ".")
    )
    wire = {
        "once": "Of several copies of one story in one group, one is counted, and one in all groups together: that of "
        "the earliest day, or among several of that day the one with the least SHA-256 of cluster and article id.",
        "apart": "Stories of which there are several copies form a group of their own, each counted once: the copy of "
        "the earliest day, or among several of that day the one with the least SHA-256 of cluster and article id.",
        "all": "Every copy of a story is counted.",
    }
    if findings.wire is not None:
        text += f" {wire[findings.plan.wire]}"
    if provenance.sources:
        text += " Files: " + "; ".join(f"{s.role} {s.name} (SHA-256 {s.sha256})" for s in provenance.sources) + "."
    return text


def _labels(findings: Findings, provenance: Provenance) -> str:
    scheme = findings.scheme
    by_model = findings.predicted or findings.gold is not None or provenance.model
    text = (
        f"Labels. Each sentence was labelled {'by model ' if by_model else ''}with a speaker, on whose word its main "
        f"proposition rests ({', '.join(s.name for s in scheme.speakers)}), and a stance "
        f"({', '.join(s.name for s in scheme.stances)}; "
        f"scheme {scheme.name}). {provenance.model}"
    )
    scores = findings.main.scores
    if findings.gold is not None and scores is not None:
        # No accuracy where the sample leaves out whole groups: `_correction` says so.
        overall = scores.filter((pl.col("group") == ALL) & (pl.col("head") != "both"))
        for row in overall.drop_nulls("accuracy").to_dicts():
            known = row["low"] is not None
            ends = f" (95 % interval {percent(row['low'], 1)} to {percent(row['high'], 1)})" if known else ""
            text += (
                f" Against hand labels, weighted to the corpus, {row['head']} accuracy was "
                f"{percent(row['accuracy'], 1)}{ends} and macro-F1 {row['macro_f1']:.3f}."
            )
    if provenance.agreement:
        text += f" Agreement between coders: {provenance.agreement}"
    return " ".join(text.split())


def _measures() -> str:
    return (
        "Measures. All figures are ratios of sums over articles: shares of sentences and of words by speaker; the "
        "share of a speaker's sentences that the outlet vouches for; articles in which a speaker has no sentence; the "
        "first speaker quoted; the place of a speaker's sentences in the article (0 first, 1 last sentence); the "
        "speaker of the next sentence; sentences in a row by one speaker; the lean (a - b) / (a + b) between two "
        "speakers' sentences a and b."
    )


def _intervals(findings: Findings) -> str:
    effects = findings.main.estimates.filter((pl.col("measure") == "speaker") & (pl.col("group") == ALL))
    effect = effects["design_effect"].drop_nulls()
    size = f" (design effect up to {cast(float, effect.max()):.1f} here)" if len(effect) else ""
    return (
        f"Intervals. Sentences of one article are not independent{size}, so variances were estimated by resampling "
        f"whole articles: those of a group for its figures, all of them for the figures of all groups together "
        f"({findings.plan.resamples:,} bootstrap samples, seed {findings.plan.seed}). "
        f"95 % intervals of shares are Clopper-Pearson intervals for the effective number of sentences (Korn and "
        f"Graubard 1998), groups of fewer than {OWN_EFFECT} articles sharing one design effect for each label; other "
        f"measures have expanded percentile intervals (Hesterberg 2015). Groups of fewer than {MIN_ARTICLES} articles "
        "get none. In simulations with few articles, intervals of sentences in a row, first places and the lean "
        "covered the truth in 80 to 94 % of cases instead of 95 %."
    )


def _comparison(findings: Findings) -> str:
    compared = [view for view in findings.views if view.tested]
    if not compared:
        return ""
    text = (
        f"Comparison. By {' and by '.join(view.by for view in compared)}, all pairs of groups of at least "
        f"{MIN_ARTICLES} articles were compared by Welch's t test on the difference, with standard errors by "
        "article; within each measure the false-discovery rate over all pairs and labels was controlled at 5 % "
        "(Benjamini and Hochberg 1995). "
    )
    if any("corrected_q" in view.differences.columns for view in compared):
        text += (
            f"Differences corrected for the model's errors were tested in the same way, those of groups with at least "
            f"{MIN_ARTICLES} hand-labelled articles. "
        )
    return text + (
        "Effect sizes are risk differences and, for the mix of speakers as a whole, Cramer's V, plain and less its "
        "bias (Bergsma 2013) with the effective number of sentences; V takes the labels as true."
    )


def _correction(findings: Findings) -> str:
    gold = findings.gold
    if gold is None:
        return (
            "Model errors. No hand-labelled sample was available: estimates were not corrected for the model's "
            "errors, and intervals do not include them."
        )
    if not any(view.corrected for view in findings.views):
        return _uncorrected(findings, gold)
    design = (
        f"{gold.assumed} was assumed, for all tables alike"
        if gold.assumed
        else f"{gold.unit}s were drawn with known probabilities"
    )
    few = f"{OWN_SPREAD} hand-labelled articles"
    if gold.unit == "sentence":
        few += f" or {OWN_SENTENCES} hand-labelled sentences"
    text = (
        f"Model errors. {labelled_by_hand(gold)}; {design}. Corrected estimates add to the model's totals the "
        "weighted difference between human and model labels in the sample (difference estimator; prediction-powered "
        "inference, Angelopoulos et al. 2023; "
        "design-based supervised learning, Egami et al. 2023), with variances by article. Intervals of shares are "
        "Clopper-Pearson intervals for the number of observations that would have this variance (Korn and Graubard "
        "1998); other measures and differences have t intervals. Groups with "
        f"fewer than {few} are given at least the spread of errors found within all "
        "groups. For shares the model's totals and its sampled errors are weighted by what they are worth, 0 (the hand "
        "labels alone) to 1, as found from the sample (power tuning; Angelopoulos, Duchi and Zrnic 2023; column "
        f"model_weight), in groups of few hand-labelled {gold.unit}s from all groups together."
    )
    if gold.left_out:
        text += f" {left_out(gold)}"
    if gold.unit == "sentence":
        text += " Measures of whole articles cannot be corrected by a sample of sentences and were not."
    for view in findings.views:
        if not view.nested:
            text += f" Figures by {view.by}, which differs within an article, cannot be corrected and were not."
    if gold.n_unmatched:
        text += f" {counted(gold.n_unmatched, 'hand-labelled sentence')} had no counterpart among the rows counted."
    if gold.n_partial:
        articles = counted(gold.n_partial, "article" if gold.stated else "more article")
        text += f" {articles} had hand labels for some sentences only and took no part in measures of whole articles"
        text += "." if gold.stated else ", nor in any other, as the file does not say that sentences were drawn."
    return text


def _uncorrected(findings: Findings, gold: GoldFacts) -> str:
    """Why a sample that there is corrects nothing."""
    why = (
        "too few to estimate the spread of the model's errors"
        if any(view.nested for view in findings.views)
        else "which cannot correct figures by a column that differs within an article"
    )
    return (
        f"Model errors. {labelled_by_hand(gold)}, {why}: estimates were not corrected for the model's errors, and "
        "intervals do not include them."
    )


def _software(provenance: Provenance) -> str:
    versions = []
    for package in ("sayso", "polars", "numpy", "scipy"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    text = f"Software. {', '.join(versions)}."
    return text + (f" Command: {provenance.command}" if provenance.command else "")


def _references(findings: Findings) -> str:
    always = [
        "Benjamini, Hochberg (1995), J. R. Stat. Soc. B 57:289.",
        "Bergsma (2013), J. Korean Stat. Soc. 42:323.",
        "Hesterberg (2015), Am. Stat. 69:371.",
        "Korn, Graubard (1998), Surv. Methodol. 24:193.",
    ]
    corrected = [
        "Angelopoulos, Bates, Fannjiang, Jordan, Zrnic (2023), Prediction-powered inference, Science 382:669.",
        "Angelopoulos, Duchi, Zrnic (2023), PPI++: efficient prediction-powered inference, arXiv:2311.01453.",
        "Egami, Hinck, Stewart, Wei (2023), Using imperfect surrogates for downstream inference: design-based "
        "supervised learning for social science applications of large language models, NeurIPS 36.",
    ]
    used = any(view.corrected for view in findings.views)
    return "References. " + " ".join(sorted(always + (corrected if used else [])))
