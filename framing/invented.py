"""An invented corpus to try the report on: a harbour strike, told by outlets that source it differently.

Nothing in it happened. The true labels are known, the model's are wrong at rates that differ between outlets, and a
sample of articles is labelled by hand, so that every part of the report has something to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..model.scheme import Scheme

SCHEME = Scheme.from_dict(
    {
        "name": "harbour",
        "title": "The invented harbour strike of Nordhaven",
        "outlet": "outlet",
        "rest": "other",
        "speakers": [
            {"id": "union", "name": "Dockers' union", "colour": "#b23a48", "letter": "U",
             "description": "The union, its officers and striking members."},
            {"id": "company", "name": "Port company", "colour": "#1f6fb2", "letter": "C",
             "description": "The company that runs the port, and its lawyers."},
            {"id": "council", "name": "Town council", "colour": "#2e7d4f", "letter": "T",
             "description": "The mayor, the council and its offices."},
            {"id": "other", "name": "Other voices", "colour": "#8a6d1d", "letter": "V",
             "description": "Residents, experts and everybody else."},
            {"id": "outlet", "name": "The outlet", "colour": "#5b6770", "letter": "O",
             "description": "Narration: nobody but the outlet."},
        ],
    },
    "the invented scheme",
)  # fmt: skip

#: True shares of speakers (in scheme order) in each kind of outlet, and how often each speaker is vouched for.
_SHARES = np.array([[0.24, 0.08, 0.08, 0.12, 0.48], [0.07, 0.26, 0.10, 0.10, 0.47], [0.13, 0.14, 0.12, 0.13, 0.48]])
_VOUCHED = np.array([0.22, 0.12, 0.30, 0.08, 1.0])
_NAMES = ("Nordhaven Echo", "The Tide", "Coast Courier", "Harbour Post", "Pier & Quay", "Evening Buoy", "Salt Review")
_CONCENTRATION = 4.0
_TEXTS = {
    ("union", True): ("The union conceded that {n} crane drivers had gone back to work.",),
    ("union", False): (
        "“We shall stay out for {n} days if we must,” a picket said.",
        "The union said that {n} ships were waiting off the mole.",
    ),
    ("company", True): ("The company acknowledged that it had lost {n} contracts.",),
    ("company", False): (
        "The company claimed that {n} containers had been unloaded overnight.",
        "According to the company, talks could begin in {n} hours.",
    ),
    ("council", True): ("The council ordered {n} streets near the gate to be closed.",),
    ("council", False): ("The mayor said that {n} families had asked the town for help.",),
    ("other", True): ("A harbour pilot recalled {n} strikes like this one.",),
    ("other", False): ("Residents said they had counted {n} lorries turning back.",),
    ("outlet", True): (
        "By noon {n} lorries stood in the rain before the closed gate.",
        "The port handles about {n} ships a week.",
        "It is not clear who called the {n} buses.",
    ),
    ("outlet", False): ("There were {n} reported delays.",),
}


@dataclass(frozen=True, slots=True)
class Invented:
    """The corpus.

    Attributes:
        scheme: its labels.
        rows: the model's rows, with `title`, `cluster` and probabilities.
        truth: the true labels of every sentence.
        gold: true labels of a sample of articles, with `inclusion_p` and `sample_unit`.
    """

    scheme: Scheme
    rows: pl.DataFrame
    truth: pl.DataFrame
    gold: pl.DataFrame


def invented(n_articles: int = 120, n_outlets: int = 4, gold_share: float = 0.25, seed: int = 0) -> Invented:
    """Make up a corpus.

    Args:
        n_articles: in all; about 20 sentences each.
        n_outlets: they take turns in three ways of sourcing.
        gold_share: share of each outlet's articles that is labelled by hand.
        seed: of everything.
    """
    rng = np.random.default_rng(seed)
    outlet = np.arange(n_articles) % n_outlets
    shares = rng.standard_gamma(_SHARES[outlet % len(_SHARES)] * _CONCENTRATION)
    shares /= shares.sum(axis=1, keepdims=True)
    article = np.repeat(np.arange(n_articles), 6 + rng.poisson(rng.gamma(2.0, 7.0, n_articles)))
    speaker = _choose(shares.cumsum(axis=1)[article], rng)
    vouched = rng.random(len(article)) < _VOUCHED[speaker]
    truth = _table(article, outlet, speaker, vouched, rng)
    # As models do, this one misses attributions more often than it makes them up.
    missed = np.where(speaker == SCHEME.speaker_ids.index("outlet"), 0.4, 1.55)
    wrong = rng.random(len(article)) < (0.06 + 0.10 * (outlet % 3) / 2)[article] * missed
    taken_for = rng.choice([1, 3, 4], len(article), p=[0.15, 0.15, 0.7])
    taken_for = np.where(taken_for == speaker, (speaker + 1) % 5, taken_for)
    guess = np.where(wrong, taken_for, speaker)
    swapped = rng.random(len(article)) < 0.08
    sure = rng.beta(9, 1.2, (2, len(article))) * np.where(wrong, 0.8, 1.0)
    rows = _labelled(truth, guess, vouched ^ swapped).with_columns(
        pl.Series("speaker_p", sure[0].clip(0.35, 0.99).round(4)),
        pl.Series("stance_p", sure[1].clip(0.5, 0.99).round(4)),
    )
    return Invented(SCHEME, rows, truth, _sample(truth, gold_share, rng))


def _choose(cumulative: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A column for each row of cumulative shares."""
    chosen = (cumulative < rng.random((len(cumulative), 1))).sum(axis=1)
    return np.asarray(np.minimum(chosen, cumulative.shape[1] - 1), dtype=np.int64)


def _table(
    article: NDArray[np.int64],
    outlet: NDArray[np.int64],
    speaker: NDArray[np.int64],
    vouched: NDArray[np.bool_],
    rng: np.random.Generator,
) -> pl.DataFrame:
    number = rng.integers(2, 60, len(article))
    ids = SCHEME.speaker_ids
    texts = [
        (choices := _TEXTS[ids[s], bool(v)])[n % len(choices)].format(n=n)
        for s, v, n in zip(speaker, vouched, number, strict=True)
    ]
    names = [_NAMES[o % len(_NAMES)] + (f" {o // len(_NAMES) + 1}" if o >= len(_NAMES) else "") for o in outlet]
    dates = [f"2031-{1 + a * 6 // len(outlet):02d}-{1 + a * 11 % 28:02d}" for a in range(len(outlet))]
    # The first article of every sixth group of outlets is a wire story that its neighbour prints too.
    copies = [f"wire-{a // 12}" if a % 12 < 2 else None for a in range(len(outlet))]
    first = np.searchsorted(article, article)
    sentence = np.arange(len(article)) - first
    table = pl.DataFrame(
        {
            "article": article,
            "sentence": sentence,
            "paragraph": sentence // 3,
            "text": texts,
            "truth": speaker,
            "vouched": vouched,
        }
    )
    articles = pl.DataFrame({"outlet": names, "date": dates, "cluster": copies}).with_row_index("article")
    articles = articles.with_columns(
        pl.col("article").cast(pl.Int64), pl.format("Day {} of the strike", pl.col("article") + 1).alias("title")
    )
    table = table.join(articles, on="article", maintain_order="left")
    table = table.with_columns(pl.format("article-{}", pl.col("article").cast(pl.String).str.zfill(6)).alias("article"))
    return _labelled(table.drop("truth", "vouched"), speaker, vouched)


def _labelled(table: pl.DataFrame, speaker: NDArray[np.int64], vouched: NDArray[np.bool_]) -> pl.DataFrame:
    return table.with_columns(
        pl.Series("speaker", np.array(SCHEME.speaker_ids)[speaker].tolist()),
        pl.Series("stance", np.where(vouched, "asserts", "reports").tolist()),
    )


def _sample(truth: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Articles drawn at random within each outlet."""
    drawn = []
    for (_,), rows in (
        truth.select("outlet", "article").unique().sort("article").group_by("outlet", maintain_order=True)
    ):
        n = max(1, round(share * rows.height))
        chosen = rng.choice(rows["article"].to_numpy(), n, replace=False)
        drawn.append(pl.DataFrame({"article": chosen.tolist(), "inclusion_p": n / rows.height}))
    sample = truth.drop("cluster", "title").join(pl.concat(drawn), on="article", how="inner")
    return sample.sort("article", "sentence").with_columns(pl.lit("article").alias("sample_unit"))
