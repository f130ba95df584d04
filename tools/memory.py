"""Peak memory of `sayso label` for corpora of several sizes: it must not grow with the corpus.

    python tools/memory.py [--articles 10 1000 20000] [--sentences 4] [--model DIR] [--threads N] [--dedup]

The articles are made up, each another one, and short, so that the biggest corpus takes minutes: what the command holds
at once depends on windows and parts, not on how long articles are. Wants a system that tells the peak of a process
that has ended (Linux, macOS).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_ways import SAYSO

#: What `ru_maxrss` counts in.
_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def corpus(path: Path, n_articles: int, n_sentences: int) -> None:
    """A JSONL of so many invented articles."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(n_articles):
            text = " ".join(
                f"The governor said {number + n} houses burned in village {number * n}." for n in range(n_sentences)
            )
            file.write(json.dumps({"id": f"a{number}", "text": text}) + "\n")


def peak(command: list[str]) -> tuple[float, float]:
    """Peak memory in MB and seconds of one command.

    Raises:
        CalledProcessError: it failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss * _UNIT_BYTES / 1e6, time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, nargs="+", default=[10, 1000, 20000])
    parser.add_argument("--sentences", type=int, default=4, help="of each article")
    parser.add_argument("--model", type=Path, help="model folder; default: the shipped model")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--dedup", action="store_true")
    arguments = parser.parse_args()
    options = ["--threads", str(arguments.threads)]
    options += [] if arguments.model is None else ["--model", str(arguments.model)]
    options += ["--dedup"] if arguments.dedup else []
    with tempfile.TemporaryDirectory() as place:
        for n_articles in arguments.articles:
            inputs, out = Path(place) / "in.jsonl", Path(place) / "rows.jsonl"
            corpus(inputs, n_articles, arguments.sentences)
            megabytes, seconds = peak([*SAYSO, "label", str(inputs), "-o", str(out), *options])
            rows = out.stat().st_size
            print(
                f"{n_articles:8,} articles: peak {megabytes:,.0f} MB, {seconds:,.1f} s, rows {rows / 1e6:,.1f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
