"""Where the time of one article goes, and how near the model comes to what one core can multiply."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from bench_ways import Bench, timed

from sayso.model.labeller import Labeller
from sayso.model.rowfiles import json_line
from sayso.model.runtime import OnnxRunner
from sayso.model.scorer import Scorer
from sayso.model.sentences import segment
from sayso.model.windows import collate

#: Rows, inputs and channels of the matrices that the peak is measured with: a layer of a base-size encoder.
_SHAPE = (512, 768, 3072)


def stages(bench: Bench) -> dict[str, float]:
    """Seconds that one thread spends on each stage of the articles."""
    runner = OnnxRunner(bench.folder, 1)
    builder = bench.builder()
    scorer = Scorer(builder, bench.config.scheme, runner)
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
        batches = [collate([window], builder.pad_id) for window in _in_order(builder.windows(encoded, scorer.slots))]
        lap("windows")
        raw = [runner.run(batch) for batch in batches]
        lap("model")
        replay = Labeller.with_runner(bench.config, builder, Replay(raw))
        rows = replay.label_sentences(article, kept)
        lap("rows")
        lines = [json_line(row) for row in rows]
        lap("writing")
        assert len(lines) == len(kept)
    # Rows were timed with a second round of tokens and windows in front.
    spent["rows"] = max(0.0, spent["rows"] - spent["tokens"] - spent["windows"])
    return {stage: round(seconds, 3) for stage, seconds in spent.items()}


def _in_order(windows: list[Any]) -> list[Any]:
    """As the scorer runs them: longest first."""
    return sorted(windows, key=lambda window: -len(window.ids))


class Replay:
    """A runner that gives what another one computed, in the same order."""

    batch_tokens = 1

    def __init__(self, results: Iterable[Any]) -> None:
        self._results = iter(results)

    def run(self, batch: Any) -> Any:
        """The next result."""
        return next(self._results)


def peaks() -> dict[str, float]:
    """Matrix peaks of one core in billions of operations a second."""
    import onnxruntime as ort

    x = np.random.default_rng(0).normal(size=_SHAPE[:2]).astype(np.float32)
    found = {}
    for name in ("float32", "int8"):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        session = ort.InferenceSession(_product(name), options, providers=["CPUExecutionProvider"])
        session.run(None, {"x": x})
        best = min(timed(lambda s=session: s.run(None, {"x": x}))[0] for _ in range(30))  # type: ignore[misc]
        found[name] = round(2 * math.prod(_SHAPE) / best / 1e9, 1)
    return found


def _product(name: str) -> bytes:
    """A graph of one matrix product, as the model's graph has it."""
    from onnx import TensorProto, helper

    generator = np.random.default_rng(0)
    m, k, n = _SHAPE
    if name == "float32":
        weights = [helper.make_tensor("w", TensorProto.FLOAT, (k, n), generator.normal(size=k * n).astype(np.float32))]
        node = helper.make_node("MatMul", ["x", "w"], ["y"])
    else:
        codes = generator.integers(-120, 120, k * n).astype(np.int8)
        scale = helper.make_tensor("s", TensorProto.FLOAT, (n,), np.full(n, 0.01, np.float32))
        weights = [helper.make_tensor("w", TensorProto.INT8, (k, n), codes.tobytes(), raw=True), scale]
        node = helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s"], ["y"], domain="com.microsoft")
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (m, k))]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (m, n))]
    graph = helper.make_graph([node], "product", inputs, outputs, weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())


def work_of(bench: Bench) -> tuple[float, int, int]:
    """The encoder's work over all windows.

    Returns:
        Multiplications and additions in billions, padding included; tokens of the windows, padding included; tokens
        of the sentences, each counted once.
    """
    config = bench.config.encoder.config
    width, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    builder = bench.builder()
    scorer = Scorer(builder, bench.config.scheme, Replay(()))
    total, n_computed, n_tokens = 0.0, 0, 0
    for article in bench.articles:
        encoded = scorer.encode(article.text, segment(article.text).kept)
        n_tokens += len(encoded.ids)
        for window in builder.windows(encoded, scorer.slots):
            n = collate([window], builder.pad_id).ids.shape[1]
            n_computed += n
            total += layers * (2 * n * (4 * width * width + 2 * width * inner) + 4 * n * n * width)
    return total / 1e9, n_computed, n_tokens
