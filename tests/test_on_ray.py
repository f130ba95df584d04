"""The engine of a cluster gives the rows of the local one. Skipped where Ray is missing or does not start."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sayso.batch import Engine, Local, PartStore, Task, Totals, label_into
from sayso.batch import parts as parts_module
from sayso.batch.on_ray import OnRay, _cause
from sayso.model.errors import SaysoError
from sayso.model.labeller import Labeller, LabelSettings
from sayso.model.readers.settings import Failure, Meter, ReadSettings


class Killed(BaseException):
    """Stands for a signal that no handler sees."""


class Watching:
    """Notes what it is told, and dies after some outcomes."""

    def __init__(self, die_after: int | None = None) -> None:
        self.meter = Meter()
        self.warnings: list[str] = []
        self.finished_bytes: list[int] = []
        self._die_after = die_after

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def resumed(self, totals: Totals) -> None:
        pass

    def begun(self, n_bytes: int) -> None:
        pass

    def finished(self, totals: Totals, failure: Failure | None, n_bytes: int) -> None:
        self.finished_bytes.append(n_bytes)
        if len(self.finished_bytes) == self._die_after:
            raise Killed


@pytest.fixture(scope="module")
def ray() -> Iterator[ModuleType]:
    """Ray with one core, which the one actor takes: reading must get along without any."""
    ray: ModuleType = pytest.importorskip("ray", reason="the engine of a cluster needs the extra ray")
    pytest.importorskip("ray.data", reason="the engine of a cluster needs the extra ray")
    try:
        ray.init(num_cpus=1, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    except Exception as error:  # what a machine without room for its processes raises
        pytest.skip(f"Ray does not start here: {error}")
    yield ray
    ray.shutdown()


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Twenty articles, a broken line, an empty article and an id that comes twice."""
    lines = [
        json.dumps({"id": f"a{n}", "text": f"Troops burned {n} houses. The governor said no. Kyiv denied it.", "n": n})
        for n in range(20)
    ]
    lines[7:7] = ["{broken", json.dumps({"id": "empty", "text": " "}), json.dumps({"id": "a3", "text": "No."})]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def _run(inputs: Path, out: Path, engine: Engine, watch: Watching) -> Totals:
    with PartStore.opened(Task((str(inputs),), out, "1", "m", {})) as store:
        return label_into(store, engine, watch)


@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_rows_are_the_local_engines_also_when_the_run_was_killed(
    inputs: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "MAX_ROWS", 10)
    settings, reading, folder = LabelSettings(min_confidence=0.5), ReadSettings(), inputs.parent
    labeller = Labeller.load(tiny_model, settings, n_threads=1)
    here = Watching()
    totals = _run(inputs, folder / "local.jsonl", Local(labeller, reading), here)
    assert (totals.n_articles, totals.n_failed) == (21, 2)

    monkeypatch.chdir(folder)  # relative names mean the user's folder, also to the cluster
    there = Watching()
    cluster = OnRay(tiny_model, settings, reading, n_actors=1)
    assert _run(Path(inputs.name), folder / "whole.jsonl", cluster, there) == totals
    assert (folder / "whole.jsonl").read_bytes() == (folder / "local.jsonl").read_bytes()
    assert there.finished_bytes == here.finished_bytes
    assert [w.replace(f"{folder}/", "") for w in here.warnings] == there.warnings

    with pytest.raises(Killed):
        _run(inputs, folder / "killed.jsonl", cluster, Watching(die_after=12))
    last = Watching()
    assert _run(inputs, folder / "killed.jsonl", cluster, last) == totals
    assert 0 < len(last.finished_bytes) < 23
    assert (folder / "killed.jsonl").read_bytes() == (folder / "local.jsonl").read_bytes()
    failed = [(folder / f"{name}.jsonl.failed.jsonl").read_text() for name in ("local", "killed")]
    assert failed[0] == failed[1]


@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_a_model_that_does_not_load_on_the_cluster_is_one_error(inputs: Path, tmp_path: Path) -> None:
    cluster = OnRay(tmp_path / "nowhere", LabelSettings(), ReadSettings(), n_actors=1)
    with pytest.raises(SaysoError, match="on the cluster failed") as failed:
        _run(inputs, tmp_path / "out.jsonl", cluster, Watching())
    assert "the same command goes on" in failed.value.hint


def test_an_error_without_a_word_is_told_by_its_name() -> None:
    assert _cause(ValueError()) == "ValueError"
    assert _cause(ValueError("ray::_Label\n  no model folder\n")) == "no model folder"


def test_standard_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SaysoError, match="cannot read standard input"):
        next(OnRay(None, LabelSettings(), ReadSettings()).steps(["-"], (), Watching()))


def test_without_ray_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SaysoError, match="needs the package ray") as missing:
        next(OnRay(None, LabelSettings(), ReadSettings()).steps(["in.jsonl"], (), Watching()))
    assert "pip install 'sayso[ray]'" in missing.value.hint
