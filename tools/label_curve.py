"""What labels are worth in a study that nothing was trained on: PolNeAR under the scheme us2016.

    sayso convert POLNEAR/train train.jsonl -s us2016 --annotator first
    sayso convert POLNEAR/dev dev.jsonl -s us2016 --annotator first
    python tools/label_curve.py train.jsonl dev.jsonl [--sizes 50 100 300 1000] [--encoders shipped minilm]
                                [--seeds 1] [--measured-on 0] [--json FILE]

For each number of labelled sentences, cut from whole articles in random order, a model is trained by
configs/default.yaml from each encoder, and TF-IDF with logistic regression beside them; all are measured on the same
articles of dev. Small numbers take more passes over the data, so that every run takes some steps: 30 passes over 50
sentences, 13 over 300, the recipe's own from 1,000 on. Nothing is chosen on dev: the last pass counts. Needs the extra
`train`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sayso.evaluation.baselines import TfIdf
from sayso.evaluation.gold import GoldArticle, gold_articles
from sayso.evaluation.scores import confusion, macro_f1
from sayso.model.records import LabelledSentence
from sayso.model.rowfiles import read_rows
from sayso.model.scheme import Scheme
from sayso.train.examples import from_rows
from sayso.train.settings import TrainSettings
from sayso.train.trials import Trial, run_trials

#: Sentences that all passes together read, at least, and passes at most.
_MIN_READ, _MAX_EPOCHS = 4000, 30


@dataclass(frozen=True, slots=True)
class Point:
    """One measured run; the figures are macro-F1 and the share of sentences with both labels right, 0 to 1."""

    system: str
    n_sentences: int
    seed: int
    speaker_f1: float
    stance_f1: float
    both: float
    seconds: float


def main() -> None:
    """Measure and print, a line as soon as it is known."""
    options = _options()
    scheme = Scheme.load(options.scheme)
    pool, dev = list(read_rows(options.train)), list(read_rows(options.dev))
    dev = _cut(dev, options.measured_on, 0) if options.measured_on else dev
    points = []
    print(f"{'system':22s} {'labels':>6s} {'seed':>4s}  speaker stance  both  seconds")
    for point in _points(pool, dev, scheme, options):
        points.append(asdict(point))
        p = point
        figures = f"{p.speaker_f1:7.3f} {p.stance_f1:6.3f} {p.both:5.3f}  {p.seconds:7.0f}"
        print(f"{p.system:22s} {p.n_sentences:6d} {p.seed:4d}  {figures}", flush=True)
        if options.json is not None:
            options.json.write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("train", type=Path, help="rows to learn from")
    parser.add_argument("dev", type=Path, help="rows to measure on")
    parser.add_argument("--scheme", default="us2016")
    parser.add_argument("--config", type=Path, default=Path("configs/default.yaml"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 300, 1000])
    parser.add_argument("--encoders", nargs="*", default=["shipped", "minilm"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--measured-on", type=int, default=0, help="sentences of dev; 0 for all")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _points(
    pool: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], scheme: Scheme, options: argparse.Namespace
) -> Iterator[Point]:
    measured_on = tuple(from_rows(dev, "dev"))
    for seed in range(options.seeds):
        for size in options.sizes:
            rows = _cut(pool, size, seed)
            began = time.monotonic()
            figures = _tfidf(gold_articles(rows, "train"), gold_articles(dev, "dev"), scheme, seed)
            yield Point("TF-IDF", size, seed, *figures, time.monotonic() - began)
            for encoder in options.encoders:
                began = time.monotonic()
                recipe = _recipe(options.config, options.scheme, encoder, size)
                trial = Trial(f"{encoder} {size}", tuple(from_rows(rows, "train")), measured_on, seed)
                (score,) = run_trials([trial], recipe, scheme, lambda line: print(line, file=sys.stderr, flush=True))
                figures = score.speaker_f1, score.stance_f1, score.both
                yield Point(encoder, size, seed, *figures, time.monotonic() - began)


def _recipe(config: Path, scheme: str, encoder: str, size: int) -> TrainSettings:
    recipe = TrainSettings.load(config)
    epochs = max(recipe.epochs, min(_MAX_EPOCHS, round(_MIN_READ / size)))
    changes = {"scheme": scheme, "encoder": encoder, "epochs": epochs, "weights": "float32"}
    return TrainSettings.from_dict({**recipe.to_dict(), **changes}, f"{config} with {encoder}")


def _cut(rows: Sequence[LabelledSentence], size: int, seed: int) -> list[LabelledSentence]:
    """The sentences of articles in random order until there are enough; the last article is cut short."""
    articles = list(dict.fromkeys(row.article for row in rows))
    order = np.random.default_rng(seed).permutation(len(articles))
    place = {articles[i]: n for n, i in enumerate(order)}
    return sorted(rows, key=lambda row: (place[row.article], row.sentence))[:size]


def _tfidf(
    train: Sequence[GoldArticle], dev: Sequence[GoldArticle], scheme: Scheme, seed: int
) -> tuple[float, float, float]:
    system = TfIdf(train, scheme, seed)
    said = [row for article in dev for row in system.label_sentences(article.article, article.sentences)]
    gold = [row for article in dev for row in article.rows]
    hits = []
    f1 = []
    for head, labels in (("speaker", scheme.speaker_ids), ("stance", scheme.stance_ids)):
        a, b = (np.array([labels.index(getattr(row, head)) for row in rows], np.int64) for rows in (gold, said))
        hits.append(a == b)
        f1.append(macro_f1(confusion(a, b, len(labels))))
    return f1[0], f1[1], float((hits[0] & hits[1]).mean())


if __name__ == "__main__":
    main()
