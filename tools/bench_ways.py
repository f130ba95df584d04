"""The ways to label that `bench.py` measures: each labels the same gold sentences with the same encoder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sayso.evaluation.baselines import plain_row
from sayso.evaluation.gold import GoldArticle
from sayso.evaluation.judge import Judged
from sayso.evaluation.measure import score
from sayso.model.checkpoint import FILES, ModelConfig, load_tokenizer, read_config
from sayso.model.labeller import LabelledArticle, Labeller
from sayso.model.records import LabelledSentence
from sayso.model.rowfiles import read_rows
from sayso.model.runtime import OnnxRunner
from sayso.model.scorer import Runner
from sayso.model.windows import WindowBuilder

#: Sentences that the pipeline takes at once, and sentences of context that it is given: as its users set it.
PIPELINE_BATCH, CONTEXT_SENTENCES = 32, 3
#: The command in a process of its own.
SAYSO = [sys.executable, "-c", "from sayso.cli import main; main()"]

Rows = Iterable[LabelledSentence]


@dataclass(frozen=True, slots=True)
class Speed:
    """One measured way to label.

    Attributes:
        name: of the way.
        seconds: for all sentences, best of the repeats.
        sentences_per_second: over those seconds.
        macro_f1: of its labels by head; None if its weights are random or it cuts sentences otherwise than the gold.
    """

    name: str
    seconds: float
    sentences_per_second: float
    macro_f1: Mapping[str, float] | None

    def __str__(self) -> str:
        scores = self.macro_f1
        said = "" if scores is None else "  macro-F1 " + ", ".join(f"{head} {f1:.3f}" for head, f1 in scores.items())
        return f"{self.sentences_per_second:9.1f} sentences/s  {self.name}{said}"


class Bench:
    """The gold articles, the model and the machine that everything is measured with."""

    def __init__(self, folder: Path, gold: Sequence[GoldArticle], n_threads: int, n_repeats: int) -> None:
        self.folder = folder
        self.config: ModelConfig = read_config(folder)
        self.gold = gold
        self.articles = [one.article for one in gold]
        self.n_sentences = sum(len(one.rows) for one in gold)
        self.n_threads = n_threads
        self.n_repeats = n_repeats

    def time(self, name: str, work: Callable[[], Rows], *, scored: bool = True) -> Speed:
        """Best of the repeats; what `work` needs is loaded before."""
        seconds = float("inf")
        rows: list[LabelledSentence] = []
        for _ in range(self.n_repeats):
            took, rows = timed(lambda: list(work()))
            seconds = min(seconds, took)
        f1 = self._macro_f1(rows) if scored else None
        speed = Speed(name, round(seconds, 2), round(self.n_sentences / seconds, 1), f1)
        print(speed, flush=True)
        return speed

    def _macro_f1(self, rows: Rows) -> dict[str, float] | None:
        found = {key: tuple(group) for key, group in groupby(rows, key=lambda row: row.article)}
        if any(
            [(r.start, r.end) for r in one.rows] != [(r.start, r.end) for r in found.get(one.article.id, ())]
            for one in self.gold
        ):
            return None
        judged = [Judged(one, found[one.article.id]) for one in self.gold]
        return {head.head: round(head.macro_f1.value, 4) for head in score(judged, self.config.scheme, 0).heads}

    def builder(self) -> WindowBuilder:
        """Cuts windows as the model wants them."""
        return WindowBuilder(load_tokenizer(self.folder), self.config.window, self.config.encoder.special)

    def ours(self, runner: Runner, n_threads: int) -> Callable[[], Rows]:
        """Labels all articles with this runner."""
        labeller = Labeller.with_runner(self.config, self.builder(), runner, n_threads=n_threads)
        next(labeller.label(self.articles[:1]))  # warm

        def work() -> Rows:
            for outcome in labeller.label(self.articles):
                if isinstance(outcome, LabelledArticle):
                    yield from outcome.rows

        return work


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that a piece of work took, and what came of it."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def pipelines(bench: Bench, classifier: Path | None, context_classifier: Path | None) -> list[Speed]:
    """What people run today.

    Args:
        bench: what is measured.
        classifier: a folder that `sentence_classifier.py` wrote; None for random weights, which are as fast.
        context_classifier: the same, trained with context.
    """
    speeds = []
    for name, folder, n_context in (
        ("pipeline, sentence by sentence, float32", classifier, 0),
        (f"pipeline, {CONTEXT_SENTENCES} sentences of context, float32", context_classifier, CONTEXT_SENTENCES),
    ):
        texts = [text for one in bench.gold for text in with_context([row.text for row in one.rows], n_context)]
        classify = _pipeline(bench, folder)
        classify(texts[:PIPELINE_BATCH])  # warm

        def work(classify: Any = classify, texts: list[str] = texts) -> Rows:
            labels = iter(classify(texts))
            for one in bench.gold:
                for row in one.sentences:
                    speaker, stance = next(labels)["label"].split(" ")
                    yield plain_row(one.article, row, speaker, stance)

        speeds.append(bench.time(name, work, scored=folder is not None))
    return speeds


def with_context(sentences: Sequence[str], n_context: int) -> list[str]:
    """Each sentence of an article behind the ones before it."""
    return [" ".join(sentences[max(0, i - n_context) : i + 1]) for i in range(len(sentences))]


def _pipeline(bench: Bench, folder: Path | None) -> Any:
    import torch
    from transformers import (
        AutoConfig,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        PreTrainedTokenizerFast,
        pipeline,
    )

    torch.set_num_threads(bench.n_threads)
    network: Any
    if folder is not None:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModelForSequenceClassification.from_pretrained(folder, dtype="float32")
    else:
        cls, sep, pad = bench.config.encoder.special
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(bench.folder / FILES.tokenizer), cls_token=cls, sep_token=sep, pad_token=pad,
            model_max_length=bench.config.window.n_tokens, model_input_names=["input_ids", "attention_mask"],
        )  # fmt: skip
        scheme = bench.config.scheme
        labels = dict(enumerate(f"{k} {a}" for k in scheme.speaker_ids for a in scheme.stance_ids))
        values = {k: v for k, v in bench.config.encoder.config.items() if k not in {"label2id", "id2label"}}
        settings = AutoConfig.for_model(values.pop("model_type"), **values, id2label=labels)
        network = AutoModelForSequenceClassification.from_config(settings).float()
    return pipeline(
        "text-classification", model=network.eval(), tokenizer=tokenizer, batch_size=PIPELINE_BATCH, truncation=True
    )


def runtimes(bench: Bench) -> list[Speed]:
    """Our windows in each runtime."""
    import torch
    from safetensors.numpy import save_file

    from sayso.train.export import pack_network, write_graph
    from sayso.train.folder import load_network
    from sayso.train.torch_runner import TorchRunner

    torch.set_num_threads(bench.n_threads)
    network = load_network(bench.folder, bench.config.scheme, 0.0)[0]
    speeds = [bench.time("windows, torch float32", bench.ours(TorchRunner(network, 8192), 1))]
    with tempfile.TemporaryDirectory() as place:
        plain = Path(place)
        exported, tensors = pack_network(network, None)
        save_file(tensors, plain / FILES.weights)
        write_graph(exported, plain, len(bench.config.scheme.speakers))
        work = bench.ours(OnnxRunner(plain, 1), bench.n_threads)
        speeds.append(bench.time(f"windows, ONNX Runtime float32, {bench.n_threads} streams", work))
    speeds.append(bench.time("windows, torch bfloat16", bench.ours(TorchRunner(network.bfloat16(), 8192), 1)))
    weights = bench.config.weights
    for name, n_inner, n_streams in (
        (f"windows, ONNX Runtime {weights}, 1 stream of {bench.n_threads} threads", bench.n_threads, 1),
        (f"windows, ONNX Runtime {weights}, {bench.n_threads} streams", 1, bench.n_threads),
        (f"windows, ONNX Runtime {weights}, 1 stream of 1 thread", 1, 1),
    ):
        speeds.append(bench.time(name, bench.ours(OnnxRunner(bench.folder, n_inner), n_streams)))
    return speeds


def end_to_end(bench: Bench) -> tuple[Speed, float]:
    """The command from its start to its last row, and seconds from its cold start to the end on one sentence."""
    with tempfile.TemporaryDirectory() as place:
        texts, out = Path(place) / "texts", Path(place) / "rows.jsonl"
        texts.mkdir()
        for article in bench.articles:
            (texts / f"{article.id}.txt").write_bytes(article.text.encode("utf-8"))
        command = [
            *SAYSO, "label", "--model", str(bench.folder), "--threads", str(bench.n_threads), "-o", str(out),
        ]  # fmt: skip

        def label(inputs: Path) -> Rows:
            subprocess.run([*command, str(inputs)], check=True, capture_output=True)
            return read_rows(out)

        speed = bench.time("sayso label, files to rows, start included", lambda: label(texts))
        (texts / "one.txt").write_text("The governor said two houses had burned in the village.\n", encoding="utf-8")
        cold = min(timed(lambda: label(texts / "one.txt"))[0] for _ in range(bench.n_repeats))
    print(f"{cold:9.2f} s            sayso label, one sentence from a cold start", flush=True)
    return speed, cold
