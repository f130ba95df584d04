"""Our metric as a module of the Hugging Face library `evaluate`, loaded from this package without a network."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any


def load_metric() -> Any:
    """The metric `speaker_stance`: macro-F1 of both heads, and the share of sentences with both labels right.

    Its `compute` takes `predictions` and `references`, lists of `{"speaker": id, "stance": id}`.
    """
    import evaluate

    with as_file(files("sayso.train") / "metrics" / "speaker_stance") as folder:
        return evaluate.load(str(folder), keep_in_memory=True)
