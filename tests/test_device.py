"""Labelling with torch, as on a GPU: here on the CPU, with a tiny random encoder."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from sayso.model.errors import SaysoError
from sayso.model.labeller import Labeller
from sayso.train.device import labeller_on
from sayso.train.settings import TrainSettings

TEXT = "\n\n".join(
    f"The governor said {n} houses burned. Kyiv denied it had troops. “We were there,” the legion claimed."
    for n in range(12)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    from sayso.train.run import run

    base = tmp_path_factory.mktemp("device")
    with (base / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["article", "paragraph", "sentence", "text", "speaker", "stance"])
        for article in range(12):
            writer.writerow([f"a{article}", 0, 0, f"The governor said {article} houses burned.", "governor", "reports"])
            writer.writerow([f"a{article}", 1, 1, "The raid was on Monday.", "outlet", "asserts"])
    recipe = TrainSettings.from_dict(
        {
            "scheme": "belgorod",
            "encoder": str(tiny_encoder),
            "data": {"rows": [str(base / "rows.csv")]},
            "validation_share": 0.25,
            "epochs": 1,
            "precision": "float32",
            "weights": "float32",
            "window": {"n_tokens": 256, "context_before": 32, "context_after": 16},
        },
        "test",
    )
    run(recipe, base / "model", command="test", say=lambda line: None)
    return base / "model"


def test_rows_are_those_of_the_graph_whatever_the_batches(folder: Path) -> None:
    expected = Labeller.load(folder, n_threads=1).label_text(TEXT)
    for batch_tokens in (1, 600, 16384):
        labeller = labeller_on("cpu", folder, batch_tokens=batch_tokens)
        rows = labeller.label_text(TEXT)
        labeller.close()
        assert [(r.start, r.speaker, r.stance) for r in rows] == [(r.start, r.speaker, r.stance) for r in expected]
        for row, other in zip(rows, expected, strict=True):
            assert row.probabilities is not None
            assert other.probabilities is not None
            for head, p in row.probabilities.items():
                assert p == pytest.approx(other.probabilities[head], abs=0.001)


def test_without_a_gpu_the_error_says_so(folder: Path, tmp_path: Path) -> None:
    if _has_gpu():
        pytest.skip("there is a GPU")
    (tmp_path / "raid.txt").write_text(TEXT)
    command = [sys.executable, "-c", "from sayso.cli import main; main()", "label", "raid.txt", "--device", "cuda"]
    done = subprocess.run([*command, "--model", str(folder)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no device cuda" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_device_is_told(folder: Path) -> None:
    with pytest.raises(SaysoError, match="torch knows no device 'gpu'"):
        labeller_on("gpu", folder)


def test_on_a_gpu(folder: Path) -> None:
    if not _has_gpu():
        pytest.skip("needs a GPU")
    expected = Labeller.load(folder, n_threads=1).label_text(TEXT)
    rows = labeller_on("cuda", folder).label_text(TEXT)
    assert [(r.start, r.speaker, r.stance) for r in rows] == [(r.start, r.speaker, r.stance) for r in expected]


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())
