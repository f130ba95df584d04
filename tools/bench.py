"""How fast labelling is, beside what people run today, on one encoder and the same real sentences.

    python tools/bench.py --texts DIR [--model DIR] [--sentences 1000] [--threads N] [--repeats 2] [--json FILE]

Measures sentences per second of
- a Hugging Face text-classification pipeline, sentence by sentence, batches of 32, float32 (its weights are random:
  they do not change its speed), and the same with the three sentences before as context;
- our windows in torch, and in ONNX Runtime with float32 and with packed weights, each stream on one core, and packed
  with one stream that has all cores;
- the command `sayso label` on files, from its start to its last row;
then where the time of one article goes, the matrix peaks of this machine and what share of them the model reaches.
A figure is the best of the repeats; nothing else should run meanwhile. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sayso.batch.parts import json_line
from sayso.model.articles import read_articles
from sayso.model.checkpoint import FILES, ModelConfig, load_tokenizer, read_config, shipped_model
from sayso.model.labeller import Labeller
from sayso.model.records import Article
from sayso.model.runtime import OnnxRunner
from sayso.model.scorer import Runner, Scorer
from sayso.model.sentences import segment
from sayso.model.windows import WindowBuilder, collate

#: What the pipeline is given: as its users set it.
_PIPELINE_BATCH, _CONTEXT_SENTENCES = 32, 3


@dataclass(frozen=True, slots=True)
class Speed:
    """One measured way to label.

    Attributes:
        name: of the way.
        seconds: for all sentences.
        sentences_per_second: over those seconds.
    """

    name: str
    seconds: float
    sentences_per_second: float


class Bench:
    """The articles, the model and the machine that everything is measured with."""

    def __init__(self, folder: Path, articles: Sequence[Article], n_threads: int, n_repeats: int) -> None:
        self.folder = folder
        self.config: ModelConfig = read_config(folder)
        self.articles = articles
        self.sentences = [[s.text for s in segment(a.text).kept] for a in articles]
        self.n_sentences = sum(map(len, self.sentences))
        self.n_threads = n_threads
        self.n_repeats = n_repeats

    def time(self, name: str, work: Callable[[], object]) -> Speed:
        """Best of the repeats; what `work` needs is loaded before."""
        seconds = min(_seconds(work) for _ in range(self.n_repeats))
        speed = Speed(name, round(seconds, 2), round(self.n_sentences / seconds, 1))
        print(f"{speed.sentences_per_second:9.1f} sentences/s  {name}", flush=True)
        return speed

    def builder(self) -> WindowBuilder:
        """Cuts windows as the model wants them."""
        return WindowBuilder(load_tokenizer(self.folder), self.config.window, self.config.encoder.special)

    def ours(self, runner: Runner, n_threads: int) -> Callable[[], object]:
        """Labels all articles with this runner."""
        labeller = Labeller.with_runner(self.config, self.builder(), runner, n_threads=n_threads)
        next(labeller.label(self.articles[:1]))  # warm

        def work() -> None:
            for _ in labeller.label(self.articles):
                pass

        return work


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def pipelines(bench: Bench) -> list[Speed]:
    """What people run today."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast, pipeline

    torch.set_num_threads(bench.n_threads)
    values = dict(bench.config.encoder.config)
    cls, sep, pad = bench.config.encoder.special
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(bench.folder / FILES.tokenizer),
        cls_token=cls, sep_token=sep, pad_token=pad, model_max_length=bench.config.window.n_tokens,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    n_labels = len(bench.config.scheme.speakers) * len(bench.config.scheme.stances)
    settings = AutoConfig.for_model(values.pop("model_type"), **{**values, "num_labels": n_labels})
    network = AutoModelForSequenceClassification.from_config(settings).eval().float()
    classify: Any = pipeline(
        "text-classification", model=network, tokenizer=tokenizer, batch_size=_PIPELINE_BATCH, truncation=True
    )
    single = [text for sentences in bench.sentences for text in sentences]
    context = [
        " ".join(sentences[max(0, i - _CONTEXT_SENTENCES) : i + 1])
        for sentences in bench.sentences
        for i in range(len(sentences))
    ]
    classify(single[:_PIPELINE_BATCH])
    return [
        bench.time("pipeline, sentence by sentence, float32", lambda: classify(single)),
        bench.time("pipeline, three sentences of context, float32", lambda: classify(context)),
    ]


def runners(bench: Bench) -> list[Speed]:
    """Our windows in each runtime."""
    import torch
    from safetensors.numpy import save_file

    from sayso.train.export import pack_network, write_graph
    from sayso.train.folder import load_network
    from sayso.train.torch_runner import TorchRunner

    torch.set_num_threads(bench.n_threads)
    n_slots = len(bench.config.scheme.speakers)
    network = load_network(bench.folder, bench.config.scheme, 0.0)[0]
    speeds = [bench.time("windows, torch float32", bench.ours(TorchRunner(network, 8192), 1))]
    with tempfile.TemporaryDirectory() as place:
        plain = Path(place)
        exported, tensors = pack_network(network, None)
        save_file(tensors, plain / FILES.weights)
        write_graph(exported, plain, n_slots)
        work = bench.ours(OnnxRunner(plain, 1), bench.n_threads)
        speeds.append(bench.time(f"windows, ONNX Runtime float32, {bench.n_threads} streams", work))
    weights = bench.config.weights
    for name, n_inner, n_streams in (
        (f"windows, ONNX Runtime {weights}, 1 stream of {bench.n_threads} threads", bench.n_threads, 1),
        (f"windows, ONNX Runtime {weights}, {bench.n_threads} streams", 1, bench.n_threads),
        (f"windows, ONNX Runtime {weights}, 1 stream of 1 thread", 1, 1),
    ):
        speeds.append(bench.time(name, bench.ours(OnnxRunner(bench.folder, n_inner), n_streams)))
    return speeds


def end_to_end(bench: Bench) -> list[Speed]:
    """The command, its start included, and its cold start on one article."""
    with tempfile.TemporaryDirectory() as place:
        texts = Path(place) / "texts"
        texts.mkdir()
        for number, article in enumerate(bench.articles):
            (texts / f"{number:05d}.txt").write_text(article.text, encoding="utf-8")
        command = [
            sys.executable, "-c", "from sayso.cli import main; main()", "label",
            "--model", str(bench.folder), "--threads", str(bench.n_threads), "-o", str(Path(place) / "rows.jsonl"),
        ]  # fmt: skip

        def label(*inputs: Path) -> Callable[[], object]:
            return lambda: subprocess.run([*command, *map(str, inputs)], check=True, capture_output=True)

        speed = bench.time("sayso label, files to rows, start included", label(texts))
        (texts / "one.txt").write_text("The governor said two houses had burned in the village.\n", encoding="utf-8")
        cold = min(_seconds(label(texts / "one.txt")) for _ in range(bench.n_repeats))
    print(f"{cold:9.2f} s            sayso label, one sentence from a cold start", flush=True)
    return [speed, Speed("sayso label, one sentence from a cold start", round(cold, 2), 0.0)]


def stages(bench: Bench) -> dict[str, float]:
    """Seconds that one thread spends on each stage of the articles."""
    runner = OnnxRunner(bench.folder, 1)
    builder = bench.builder()
    scorer = Scorer(builder, bench.config.scheme, runner)
    labeller = Labeller.with_runner(bench.config, builder, runner)
    spent = dict.fromkeys(("sentences", "tokens", "windows", "model", "rows", "writing"), 0.0)
    for article in bench.articles:
        clock = time.perf_counter()

        def lap(stage: str) -> None:
            nonlocal clock
            now = time.perf_counter()
            spent[stage] += now - clock
            clock = now

        kept = segment(article.text).kept
        lap("sentences")
        encoded = scorer.encode(article.text, kept)
        lap("tokens")
        batches = [collate([window], builder.pad_id) for window in builder.windows(encoded, scorer.slots)]
        lap("windows")
        raw = [runner.run(batch) for batch in batches]
        lap("model")
        results = iter(raw)
        replay = Labeller.with_runner(bench.config, builder, _Replay(results))
        rows = replay.label_sentences(article, kept)
        lap("rows")
        lines = [json_line(row) for row in rows]
        lap("writing")
        assert len(lines) == len(kept)
    labeller.close()
    # Rows were timed with a second round of tokens and windows in front.
    spent["rows"] = max(0.0, spent["rows"] - spent["tokens"] - spent["windows"])
    return {stage: round(seconds, 3) for stage, seconds in spent.items()}


class _Replay:
    """A runner that gives what another one computed, in the same order."""

    batch_tokens = 1

    def __init__(self, results: Iterable[Any]) -> None:
        self._results = iter(results)

    def run(self, batch: Any) -> Any:
        return next(self._results)


def peaks(n_threads: int) -> dict[str, float]:
    """Matrix peaks of this machine in billions of operations a second, for a layer of a base-size encoder."""
    import onnxruntime as ort
    from onnx import TensorProto, helper

    generator = np.random.default_rng(0)
    m, k, n = 512, 768, 3072
    x = generator.normal(size=(m, k)).astype(np.float32)
    found = {}
    for name, kind in (("float32", TensorProto.FLOAT), ("int8", TensorProto.INT8)):
        if kind == TensorProto.FLOAT:
            w = helper.make_tensor("w", kind, (k, n), generator.normal(size=k * n).astype(np.float32))
            parts = [helper.make_node("MatMul", ["x", "w"], ["y"])], [w]
        else:
            codes = generator.integers(-120, 120, k * n).astype(np.int8)
            w = helper.make_tensor("w", kind, (k, n), codes.tobytes(), raw=True)
            scale = helper.make_tensor("s", TensorProto.FLOAT, (n,), np.full(n, 0.01, np.float32))
            node = helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s"], ["y"], domain="com.microsoft")
            parts = [node], [w, scale]
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            parts[0], "g", [info("x", TensorProto.FLOAT, (m, k))], [info("y", TensorProto.FLOAT, (m, n))], parts[1]
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        options = ort.SessionOptions()
        options.intra_op_num_threads = n_threads
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        session.run(None, {"x": x})
        best = min(_seconds(lambda s=session: s.run(None, {"x": x})) for _ in range(30))  # type: ignore[misc]
        found[name] = round(2 * m * k * n / best / 1e9, 1)
    return found


def operations(bench: Bench) -> float:
    """Multiplications and additions of the encoder over all windows, padding included, in billions."""
    config = bench.config.encoder.config
    width, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    builder = bench.builder()
    scorer = Scorer(builder, bench.config.scheme, _Replay(()))
    total = 0.0
    for article in bench.articles:
        for window in builder.windows(scorer.encode(article.text, segment(article.text).kept), scorer.slots):
            n = collate([window], builder.pad_id).ids.shape[1]
            total += layers * (2 * n * (4 * width * width + 2 * width * inner) + 4 * n * n * width)
    return total / 1e9


def take(texts: Path, n_sentences: int) -> list[Article]:
    """Whole articles of a folder, spread over it, until they have so many sentences."""
    found = [a for a in read_articles([str(texts)]) if isinstance(a, Article)]
    step = max(1, len(found) * 25 // max(1, n_sentences))
    order = [a for start in range(step) for a in islice(found, start, None, step)]
    taken, n = [], 0
    for article in order:
        if n >= n_sentences:
            break
        taken.append(article)
        n += len(segment(article.text).kept)
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="folder of article texts")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--sentences", type=int, default=1000, help="how many, about")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--price", type=float, default=0.04, help="of one core for one hour")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    bench = Bench(arguments.model, take(arguments.texts, arguments.sentences), arguments.threads, arguments.repeats)
    print(f"{len(bench.articles)} articles, {bench.n_sentences} sentences, {bench.n_threads} threads")
    speeds = [*pipelines(bench), *runners(bench), *end_to_end(bench)]
    by_name = {speed.name: speed.sentences_per_second for speed in speeds}
    label = by_name["sayso label, files to rows, start included"]
    print(f"sayso label is {label / speeds[0].sentences_per_second:.1f} times the pipeline sentence by sentence")
    print(f"sayso label is {label / speeds[1].sentences_per_second:.1f} times the pipeline with context")
    spent = stages(bench)
    print("where one thread's time goes:", {k: f"{v / sum(spent.values()):.1%}" for k, v in spent.items()})
    peak = peaks(1)
    reached = operations(bench) / spent["model"]
    print(f"matrix peak of one core, billion operations a second: {peak}; the model reaches {reached:.1f}")
    hours = bench.n_threads * (1e6 * bench.n_sentences / len(bench.articles)) / label / 3600
    print(f"a million such articles: {hours:,.0f} core hours, {hours * arguments.price:,.0f} at {arguments.price} each")
    if arguments.json is not None:
        figures = {"speeds": [asdict(s) for s in speeds], "stages": spent, "peaks": peak, "reached": reached}
        arguments.json.write_text(json.dumps({**figures, "core_hours_a_million": hours}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
