"""How fast labelling is, beside what people run today, on one encoder and the same real sentences.

    python tools/bench.py GOLD [--model DIR] [--sentences 1000] [--threads N] [--repeats 2] [--json FILE]
                          [--classifier DIR] [--context-classifier DIR]

GOLD is what `sayso evaluate` takes, for instance PolNeAR's folder `dev`. Measures sentences per second, and macro-F1 on
the gold labels, of
- a Hugging Face text-classification pipeline, sentence by sentence, batches of 32, float32, and the same with the three
  sentences before as context. `sentence_classifier.py` trains their weights; without, they are random, which does not
  change their speed, and they have no macro-F1;
- our windows in torch (float32 and bfloat16) and in ONNX Runtime with float32 and with packed weights, each stream on
  one core, and packed with one stream that has all cores;
- the command `sayso label` on files, from its start to its last row;
then where the time of one article goes, the matrix peaks of one core and what share of them the model reaches.
A figure is the best of the repeats; nothing else should run meanwhile. Needs the extras `train` and `evaluate`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from bench_machine import peaks, stages, work_of
from bench_ways import Bench, end_to_end, pipelines, runtimes

from sayso.evaluation.gold import GoldArticle, read_gold
from sayso.model.checkpoint import read_config, shipped_model


def take(gold: Sequence[GoldArticle], n_sentences: int) -> list[GoldArticle]:
    """Whole articles, spread over the collection, until they have so many sentences."""
    n_all = sum(len(one.rows) for one in gold)
    step = max(1, n_all // max(1, n_sentences))
    order = [one for start in range(step) for one in islice(gold, start, None, step)]
    taken: list[GoldArticle] = []
    n_taken = 0
    for one in order:
        if n_taken >= n_sentences:
            break
        taken.append(one)
        n_taken += len(one.rows)
    return taken


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    gold = take(
        read_gold(arguments.gold, read_config(arguments.model).scheme, arguments.texts or []), arguments.sentences
    )
    bench = Bench(arguments.model, gold, arguments.threads, arguments.repeats)
    print(f"{len(gold)} articles, {bench.n_sentences} sentences, {bench.n_threads} threads", flush=True)
    single, context = pipelines(bench, arguments.classifier, arguments.context_classifier)
    inside = runtimes(bench)
    label, cold = end_to_end(bench)
    for pipeline in (single, context):
        print(f"sayso label is {label.sentences_per_second / pipeline.sentences_per_second:.1f} times the "
              f"{pipeline.name}")  # fmt: skip
    spent = stages(bench)
    print("one thread's time:", ", ".join(f"{k} {v / sum(spent.values()):.1%}" for k, v in spent.items()))
    peak = peaks()
    operations, n_computed, n_tokens = work_of(bench)
    reached = operations / spent["model"]
    print(f"matrix peak of one core, billion operations a second: {peak}")
    print(f"the model reaches {reached:.1f}: " + ", ".join(f"{reached / p:.0%} of {name}" for name, p in peak.items()))
    print(f"tokens of articles a second and core: {n_tokens / spent['model']:.0f}; "
          f"computed for each: {n_computed / n_tokens:.2f}")  # fmt: skip
    hours = bench.n_threads * (1e6 * bench.n_sentences / len(gold)) / label.sentences_per_second / 3600
    print(f"a million such articles ({bench.n_sentences / len(gold):.1f} sentences): {hours:,.0f} core hours, "
          f"{hours * arguments.price:,.0f} at {arguments.price} each")  # fmt: skip
    if arguments.json is not None:
        figures = {
            "speeds": [asdict(s) for s in (single, context, *inside, label)], "cold_start": cold, "stages": spent,
            "peaks": peak, "reached": reached, "core_hours_a_million": hours,
            "n_articles": len(gold), "n_sentences": bench.n_sentences, "n_threads": bench.n_threads,
        }  # fmt: skip
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, help="gold labels, as for `sayso evaluate`")
    parser.add_argument("--texts", type=Path, action="append", help="folder with the texts of stand-off labels")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--classifier", type=Path, help="folder of the pipeline's classifier of single sentences")
    parser.add_argument("--context-classifier", type=Path, help="folder of its classifier of sentences with context")
    parser.add_argument("--sentences", type=int, default=1000, help="how many, about")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--price", type=float, default=0.04, help="of one core for one hour")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
