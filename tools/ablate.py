"""What each ingredient of a recipe is worth, and what more sentences are worth: one command, one table.

    python tools/ablate.py configs/shipped.yaml --polnear DIR --real DIR --originals DIR [--encoder minilm] [--epochs 2]
                           [--seeds 3] [--sentences 4000] [--variants full ...] [--out runs/ablation.jsonl]
    python tools/ablate.py ... --curve 1000 2400 5000 10000      # the learning curve instead

Every variant is trained anew from the encoder, in full precision, once a seed, on the same articles; the articles held
out by the recipe are the same for all. Nothing is chosen on anything: the last epoch counts. A run that is in --out
already is not run again. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sayso.evaluation.gold import read_gold
from sayso.evaluation.judge import judge
from sayso.evaluation.measure import score
from sayso.evaluation.traps import read_traps, spring
from sayso.model.checkpoint import EncoderFacts, ModelConfig
from sayso.model.labeller import Labeller, LabelSettings
from sayso.model.scheme import Scheme
from sayso.model.windows import WindowBuilder
from sayso.train.data import article_key, read_study, weighted, without_twins
from sayso.train.examples import TrainingArticle
from sayso.train.loop import measure, train, window_settings
from sayso.train.run import Start, start
from sayso.train.settings import TrainSettings
from sayso.train.torch_runner import TorchRunner

SEEDS = Path("seeds")
#: What each variant changes of the recipe, by dotted key; data that it names as None or () is left out.
VARIANTS: dict[str, dict[str, Any]] = {
    "full": {},
    "no readings of PolNeAR": {"data.readings": None},
    "no PolNeAR": {"data.readings": None, "data.polnear": None},
    "no real articles of the war": {"data.standoff": ()},
    "neither": {"data.readings": None, "data.polnear": None, "data.standoff": ()},
    "no context": {"window.context_before": 0, "window.context_after": 0},
    "paragraphs as written": {"augmentation.paragraphs": 0.0},
    "names and quotes as written": {
        "augmentation.names": 0.0,
        "augmentation.quotes": 0.0,
        "augmentation.drop_token": 0.0,
    },
    "classes always": {"augmentation.unknown": 0.0, "augmentation.generic": 0.0},
    "prompts only": {"augmentation.unknown": 1.0},
    "no tags, no pointer": {"loss.tags": 0.0, "loss.pointer": 0.0},
    "no class weights": {"class_weight": 0.0},
    "no smoothing": {"loss.smoothing": 0.0},
    "one rate for all layers": {"layer_decay": 1.0},
}
MEASURES = {
    "held_out_both": "held out, both",
    "originals_speaker": "originals, speaker F1",
    "originals_both": "originals, both",
    "readings_stance": "PolNeAR dev read by the codebook, stance F1",
    "readings_speaker": "the same, speaker F1 (scheme never met)",
    "polnear_stance": "PolNeAR dev, stance F1",
    "traps": "traps passed",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run: its variant, its recipe, the most authored sentences that it learns from (None: all), its seed."""

    name: str
    recipe: TrainSettings
    n_sentences: int | None
    seed: int


def main() -> None:
    """Run what is missing, and print the table."""
    options = _options()
    done = _done(options.out)
    base = TrainSettings.from_dict(_base(options), str(options.recipe))
    held_out = read_study(base).parts.validation
    for case in _cases(options):
        if (case.name, case.seed) in done:
            continue
        began = time.monotonic()
        figures = _run(case, held_out, options)
        done[case.name, case.seed] = figures
        line = {"variant": case.name, "seed": case.seed, **figures, "seconds": round(time.monotonic() - began)}
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        _said(json.dumps(line))
    print(table(done))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--polnear", type=Path, required=True, help="folder with PolNeAR's train/ and dev/")
    parser.add_argument("--real", type=Path, required=True, help="folder with the texts of seeds/real")
    parser.add_argument("--originals", type=Path, required=True, help="folder with the texts of seeds/originals")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sentences", type=int, help="authored sentences to learn from, at most")
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--curve", type=int, nargs="+", help="numbers of authored sentences, instead of variants")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation.jsonl"))
    return parser.parse_args()


def _base(options: argparse.Namespace) -> dict[str, Any]:
    base = TrainSettings.load(options.recipe).to_dict()
    base |= {"encoder": options.encoder, "epochs": options.epochs, "weights": "float32", "patience": 0}
    base["data"]["polnear"] = str(options.polnear / "train")
    for standoff in base["data"]["standoff"]:
        standoff["texts"] = str(options.real)
    return base


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    # What the whole recipe holds out is left out in `_run`: a variant without a collection could not name its articles.
    base = _base(options) | {"validation_share": 0.0, "held_out": None}
    for seed in range(options.seeds):
        if options.curve:
            recipe = TrainSettings.from_dict({**base, "run_seed": seed}, "the recipe")
            yield from (Case(f"{n} authored sentences", recipe, n, seed) for n in options.curve)
            continue
        for name in options.variants:
            changed = json.loads(json.dumps({**base, "run_seed": seed}))
            for key, value in VARIANTS[name].items():
                *path, last = key.split(".")
                place = changed
                for part in path:
                    place = place[part]
                place[last] = value
            yield Case(name, TrainSettings.from_dict(changed, f"variant {name}"), options.sentences, seed)


def _done(path: Path) -> dict[tuple[str, int], dict[str, float]]:
    if not path.is_file():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(line["variant"], line["seed"]): {name: line[name] for name in MEASURES} for line in lines}


def _run(case: Case, held_out: Sequence[TrainingArticle], options: argparse.Namespace) -> dict[str, float]:
    import torch

    study = read_study(case.recipe)
    held = {article_key(article) for article in held_out}
    articles = [a for a in study.articles if article_key(a) not in held]
    learned = _some(without_twins(articles, held_out), case.n_sentences)
    torch.manual_seed(case.seed)
    begin = start(case.recipe, study.scheme)
    rows: list[dict[str, Any]] = [a.to_dict() for a in weighted(learned, case.recipe)]
    _said(f"{case.name}, seed {case.seed}: {len(rows)} articles")
    trained = train(begin.network, begin.encoder, study.scheme, case.recipe, rows, (), say=_said)
    trained.network.to(torch.bfloat16)
    return _figures(trained.network, begin, case.recipe, study.scheme, held_out, options)


def _said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _some(articles: Sequence[TrainingArticle], n_sentences: int | None) -> list[TrainingArticle]:
    """All collections, of the authored one whole articles in random order up to so many sentences."""
    authored = [a for a in articles if a.origin == "authored"]
    others = [a for a in articles if a.origin != "authored"]
    kept: list[TrainingArticle] = []
    n_left = sum(len(a.sentences) for a in authored) if n_sentences is None else n_sentences
    for i in np.random.default_rng(0).permutation(len(authored)):
        if n_left <= 0:
            break
        kept.append(authored[i])
        n_left -= len(authored[i].sentences)
    return [*kept, *others]


def _figures(
    network: Any,
    begin: Start,
    recipe: TrainSettings,
    scheme: Scheme,
    held_out: Sequence[TrainingArticle],
    options: argparse.Namespace,
) -> dict[str, float]:
    encoder = begin.encoder
    facts = EncoderFacts(
        encoder.name, encoder.config, encoder.special, encoder.mask, network.pointer_query.out_features
    )
    windows = window_settings(recipe)
    config = ModelConfig(scheme, facts, windows, "float32", {"speaker": 1.0, "stance": 1.0}, {}, {}, {}, {})
    builder = WindowBuilder(encoder.tokenizer, windows, encoder.special)

    def labeller(name: str) -> Labeller:
        asked = LabelSettings(scheme=None if name == scheme.name else Scheme.load(name))
        return Labeller.with_runner(config, builder, TorchRunner(network, 8192), asked)

    def scored(path: Path, texts: Path, name: str) -> Any:
        reader = labeller(name)
        return score(judge(reader, read_gold(path, reader.scheme, [texts])), reader.scheme, 0)

    originals = scored(SEEDS / "originals" / "labels.csv", options.originals, scheme.name)
    readings = scored(SEEDS / "polnear" / "dev.csv", options.polnear / "dev" / "text", "us2016")
    polnear = scored(options.polnear / "dev", options.polnear / "dev", scheme.name)
    families = spring(labeller(scheme.name), read_traps(SEEDS / "traps", scheme))
    return {
        "held_out_both": measure(network, builder, scheme, held_out)[2],
        "originals_speaker": originals.head("speaker").macro_f1.value,
        "originals_both": originals.both_right.value,
        "readings_stance": readings.head("stance").macro_f1.value,
        "readings_speaker": readings.head("speaker").macro_f1.value,
        "polnear_stance": polnear.head("stance").macro_f1.value,
        "traps": sum(f.passed for f in families) / sum(f.n for f in families),
    }


def table(done: dict[tuple[str, int], dict[str, float]]) -> str:
    """Mean over the seeds of each variant, and the standard deviation behind it, as Markdown."""
    lines = ["| | runs | " + " | ".join(MEASURES.values()) + " |", "| --- | ---: |" + " ---: |" * len(MEASURES)]
    for name in dict.fromkeys(variant for variant, _ in done):
        runs = [figures for (variant, _), figures in done.items() if variant == name]
        cells = []
        for measure_name in MEASURES:
            values = [figures[measure_name] for figures in runs]
            spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.3f}{spread}")
        lines.append(f"| {name} | {len(runs)} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
