"""Batches lose no work: whatever stops a run, its rows come out the same in the end."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sayso.batch import Local, PartStore, Task, Totals, label_into
from sayso.batch import parts as parts_module
from sayso.batch.manifest import list_inputs
from sayso.batch.run import digest_of
from sayso.model.errors import RowError, SaysoError
from sayso.model.labeller import Labeller, LabelSettings
from sayso.model.readers.settings import Failure, Meter, ReadSettings
from sayso.model.records import Article, LabelledSentence
from sayso.model.rowfiles import read_rows

WORDS = ("governor", "legion", "fighters", "troops", "village", "border", "raid", "houses", "kyiv", "minister")


class Killed(BaseException):
    """Stands for a signal that no handler sees."""


class Watching:
    """Notes what it is told, and dies after some outcomes."""

    def __init__(self, die_after: int | None = None) -> None:
        self.meter = Meter()
        self.warnings: list[str] = []
        self.before = Totals()
        self.n_finished = 0
        self._die_after = die_after

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def resumed(self, totals: Totals) -> None:
        self.before = totals

    def begun(self, n_bytes: int) -> None:
        pass

    def finished(self, totals: Totals, failure: Failure | None, n_bytes: int) -> None:
        self.n_finished += 1
        if self.n_finished == self._die_after:
            raise Killed


def _articles(path: Path, n_articles: int, n_broken: int = 0) -> Path:
    """A JSONL of invented articles of 1 to 6 sentences, some lines of it broken."""
    dice = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(n_articles):
            sentences = [
                f"The {dice.choice(WORDS)} said {dice.choice(WORDS)} {dice.choice(WORDS)} burned."
                for _ in range(dice.randint(1, 6))
            ]
            file.write(json.dumps({"id": f"a{number}", "text": " ".join(sentences), "desk": number % 3}) + "\n")
            if number < n_broken:
                file.write("{broken\n")
    return path


def _task(inputs: Path, out: Path, **changes: object) -> Task:
    values: dict[str, object] = {"version": "1", "model": "m", "settings": {"evidence": True}}
    return Task((str(inputs),), out, **{**values, **changes})  # type: ignore[arg-type]


def _run(
    task: Task, labeller: Labeller, watch: Watching | None = None, *, fresh: bool = False, dedup: bool = False
) -> Totals:
    with PartStore.opened(task, fresh=fresh) as store:
        return label_into(store, Local(labeller, ReadSettings(), dedup), Watching() if watch is None else watch)


@pytest.fixture(scope="module")
def labeller(tiny_model: Path) -> Iterator[Labeller]:
    labeller = Labeller.load(tiny_model, n_threads=2)
    yield labeller
    labeller.close()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "MAX_ROWS", 10)


def test_a_run_writes_the_labellers_rows_and_leaves_nothing_else(tmp_path: Path, labeller: Labeller) -> None:
    inputs = _articles(tmp_path / "in.jsonl", 5, n_broken=1)
    totals = _run(_task(inputs, tmp_path / "out.jsonl"), labeller)
    rows = list(read_rows(tmp_path / "out.jsonl"))
    expected = [
        row
        for line in inputs.read_text().splitlines()
        if line != "{broken"
        for row in labeller.label_text(json.loads(line)["text"])
    ]
    assert [(r.text, r.speaker, r.stance, r.probabilities) for r in rows] == [
        (r.text, r.speaker, r.stance, r.probabilities) for r in expected
    ]
    assert [r.extra["desk"] for r in rows if r.sentence == 0] == [0, 1, 2, 0, 1]
    assert (totals.n_articles, totals.n_failed, totals.n_sentences) == (5, 1, len(rows))
    assert sum(totals.speakers.values()) == sum(totals.stances.values()) == len(rows)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl", "out.jsonl.failed.jsonl"]
    (failure,) = map(json.loads, (tmp_path / "out.jsonl.failed.jsonl").read_text().splitlines())
    assert failure["where"].endswith("in.jsonl:2")
    assert "not JSON" in failure["reason"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet"])
@pytest.mark.usefixtures("small_parts")
def test_the_bytes_are_the_same_however_often_a_run_was_stopped(
    suffix: str, tmp_path: Path, labeller: Labeller
) -> None:
    inputs = _articles(tmp_path / "in.jsonl", 40, n_broken=3)
    whole, stopped = tmp_path / f"whole{suffix}", tmp_path / f"stopped{suffix}"
    expected = _run(_task(inputs, whole), labeller)
    n_before = 0
    for die_after in (15, 9, 8, 6):
        watch = Watching(die_after)
        with pytest.raises(Killed):
            _run(_task(inputs, stopped), labeller, watch)
        assert watch.before.n_articles + watch.before.n_failed >= n_before
        n_before = watch.before.n_articles + watch.before.n_failed
        assert not stopped.exists()
    last = Watching()
    assert _run(_task(inputs, stopped), labeller, last) == expected
    assert last.n_finished < 43
    assert stopped.read_bytes() == whole.read_bytes()
    failed = ".failed.jsonl"
    assert Path(f"{stopped}{failed}").read_bytes() == Path(f"{whole}{failed}").read_bytes()


@pytest.mark.usefixtures("small_parts")
def test_a_stopped_run_finds_the_same_copies(tmp_path: Path, labeller: Labeller) -> None:
    pytest.importorskip("rensa", reason="finding copies needs the extra dedup")
    inputs = _articles(tmp_path / "in.jsonl", 20)
    with inputs.open("a") as file:
        for number, line in enumerate(inputs.read_text().splitlines()):
            file.write(json.dumps({**json.loads(line), "id": f"copy{number}"}) + "\n")
    whole, stopped = tmp_path / "whole.csv", tmp_path / "stopped.csv"
    _run(_task(inputs, whole), labeller, dedup=True)
    with pytest.raises(Killed):
        _run(_task(inputs, stopped), labeller, Watching(25), dedup=True)
    _run(_task(inputs, stopped), labeller, dedup=True)
    assert stopped.read_bytes() == whole.read_bytes()
    clusters = {row.article: row.extra["cluster"] for row in read_rows(whole)}
    assert all(clusters[f"copy{number}"] == clusters[f"a{number}"] for number in range(20))


@pytest.mark.usefixtures("small_parts")
def test_rows_do_not_depend_on_the_number_of_threads(tmp_path: Path, tiny_model: Path) -> None:
    inputs = _articles(tmp_path / "in.jsonl", 30)
    for n_threads in (1, 4):
        labeller = Labeller.load(tiny_model, n_threads=n_threads)
        _run(_task(inputs, tmp_path / f"{n_threads}.jsonl"), labeller)
        labeller.close()
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "4.jsonl").read_bytes()


def _kill_after(command: list[str], seconds: float) -> int:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait()


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(tmp_path: Path, tiny_model: Path) -> None:
    inputs = _articles(tmp_path / "in.jsonl", 1500)
    program = "from sayso.batch import parts; parts.MAX_ROWS = 100; from sayso.cli import main; main()"
    command = [sys.executable, "-c", program, "label", str(inputs), "--model", str(tiny_model), "-o"]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole.jsonl")], check=True, capture_output=True)
    seconds = time.monotonic() - began
    out = tmp_path / "killed.jsonl"
    dice = random.Random()
    kills = [_kill_after([*command, str(out)], dice.uniform(0.1, 0.5) * seconds) for _ in range(10)]
    done = subprocess.run([*command, str(out)], check=True, capture_output=True, text=True)
    assert -signal.SIGKILL in kills
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes(), done.stderr
    assert not (tmp_path / "killed.jsonl.parts").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": "other"}, "the model was 'm', is now 'other'"),
        ({"version": "2"}, "sayso was '1', is now '2'"),
        ({"settings": {"evidence": False}}, "evidence was True, is now False"),
    ],
)
@pytest.mark.usefixtures("small_parts")
def test_another_model_or_setting_is_refused_and_fresh_starts_anew(
    changes: dict[str, object], reason: str, tmp_path: Path, labeller: Labeller
) -> None:
    inputs, out = _articles(tmp_path / "in.jsonl", 20), tmp_path / "out.jsonl"
    with pytest.raises(Killed):
        _run(_task(inputs, out), labeller, Watching(10))
    with pytest.raises(SaysoError, match=reason) as refused:
        _run(_task(inputs, out, **changes), labeller)
    assert "--fresh" in refused.value.hint
    watch = Watching()
    assert _run(_task(inputs, out, **changes), labeller, watch, fresh=True).n_articles == 20
    assert watch.n_finished == 20


@pytest.mark.usefixtures("small_parts")
def test_changed_inputs_are_refused(tmp_path: Path, labeller: Labeller) -> None:
    inputs, out = _articles(tmp_path / "in.jsonl", 20), tmp_path / "out.jsonl"
    with pytest.raises(Killed):
        _run(_task(inputs, out), labeller, Watching(15))
    status = inputs.stat()
    changed = inputs.read_text().replace("The", "Tho", 1)
    inputs.write_text(changed)
    with pytest.raises(SaysoError, match=r"in\.jsonl has another size or time"):
        _run(_task(inputs, out), labeller)
    # The same size and time: the article itself gives it away.
    os.utime(inputs, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(SaysoError, match="not what they were") as refused:
        _run(_task(inputs, out), labeller)
    assert refused.value.found == "'a0'"


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    task = _task(_articles(tmp_path / "in.jsonl", 2), tmp_path / "out.jsonl")
    with (
        PartStore.opened(task),
        pytest.raises(SaysoError, match="another run is writing"),
        PartStore.opened(task),
    ):
        pass


def test_a_run_that_wrote_no_part_binds_nobody(tmp_path: Path) -> None:
    inputs, out = _articles(tmp_path / "in.jsonl", 2), tmp_path / "out.jsonl"
    with pytest.raises(Killed), PartStore.opened(_task(inputs, out)):
        raise Killed
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]
    # As kill -9 leaves it: a manifest, and no part.
    with PartStore.opened(_task(inputs, out)) as store:
        shutil.copytree(store.task.folder, tmp_path / "kept")
    (tmp_path / "kept").rename(store.task.folder)
    with PartStore.opened(_task(inputs, out, model="other")) as store:
        assert store.n_outcomes == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_the_time_of_a_pipe_does_not_make_it_another_input(tmp_path: Path) -> None:
    pipe = tmp_path / "in.jsonl"
    os.mkfifo(pipe)
    before = list_inputs([str(pipe)], tmp_path / "list", ())
    os.utime(pipe, ns=(1, 1))
    assert list_inputs([str(pipe)], tmp_path / "list", ()) == before


def test_an_output_that_cannot_be_written_is_found_at_once(tmp_path: Path) -> None:
    inputs = _articles(tmp_path / "in.jsonl", 2)
    with pytest.raises(RowError, match="cannot write rows"), PartStore.opened(_task(inputs, tmp_path / "out.xml")):
        pass
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SaysoError, match="is a folder"), PartStore.opened(_task(inputs, tmp_path / "folder.csv")):
        pass
    with pytest.raises(SaysoError, match="cannot write"), PartStore.opened(_task(inputs, inputs / "out.csv")):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.csv", "in.jsonl"]


def test_an_output_among_the_inputs_is_refused(tmp_path: Path) -> None:
    _articles(tmp_path / "in.jsonl", 2)
    out = _articles(tmp_path / "out.jsonl", 1)
    with pytest.raises(SaysoError, match="read as an input"), PartStore.opened(_task(tmp_path, out)):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.usefixtures("small_parts")
def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(tmp_path: Path, labeller: Labeller) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system can be mounted by root only")
    try:
        inputs = _articles(tmp_path / "in.jsonl", 60)
        _run(_task(inputs, tmp_path / "whole.jsonl"), labeller)
        with pytest.raises(SaysoError, match="cannot write") as full:
            _run(_task(inputs, disk / "out.jsonl"), labeller)
        assert "No space left" in full.value.found
        assert "same command again" in full.value.hint
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        watch = Watching()
        _run(_task(inputs, disk / "out.jsonl"), labeller, watch)
        assert watch.before.n_articles > 0
        assert (disk / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_fault_that_one_article_brings_to_light_costs_no_other(
    tmp_path: Path, labeller: Labeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = labeller._scorer.encode

    def faulty(text: str, sentences: object) -> object:
        if "raid" in text:
            raise ZeroDivisionError("by hand")
        return encode(text, sentences)  # type: ignore[arg-type]

    monkeypatch.setattr(labeller._scorer, "encode", faulty)
    inputs = tmp_path / "in.jsonl"
    texts = ["Troops burned houses.", "The raid was on Monday.", "Kyiv denied it."]
    inputs.write_text("".join(json.dumps({"id": t.split()[0], "text": t}) + "\n" for t in texts))
    totals = _run(_task(inputs, tmp_path / "out.jsonl"), labeller)
    assert (totals.n_articles, totals.n_failed) == (2, 1)
    failure = json.loads((tmp_path / "out.jsonl.failed.jsonl").read_text())
    assert failure["id"] == "The"
    assert failure["reason"] == "a fault of sayso: ZeroDivisionError: by hand"


def test_a_row_that_no_line_can_hold_costs_no_other_article(
    tmp_path: Path, labeller: Labeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    line_of = parts_module.json_line

    def faulty(row: LabelledSentence) -> str:
        if row.article == "a1":
            raise TypeError("by hand")
        return line_of(row).replace("a3", "\ud800")

    monkeypatch.setattr(parts_module, "json_line", faulty)
    totals = _run(_task(_articles(tmp_path / "in.jsonl", 5), tmp_path / "out.jsonl"), labeller)
    assert (totals.n_articles, totals.n_failed) == (3, 2)
    assert {row.article for row in read_rows(tmp_path / "out.jsonl")} == {"a0", "a2", "a4"}
    failures = [json.loads(line) for line in (tmp_path / "out.jsonl.failed.jsonl").read_text().splitlines()]
    assert [failure["id"] for failure in failures] == ["a1", "a3"]
    assert failures[0]["reason"] == "a fault of sayso: TypeError: by hand"


def test_a_link_is_written_through(tmp_path: Path, labeller: Labeller) -> None:
    (tmp_path / "disk").mkdir()
    out = tmp_path / "out.jsonl"
    out.symlink_to(tmp_path / "disk" / "rows.jsonl")
    (tmp_path / "disk" / ".rows.jsonl.1.part").write_text("of a killed run")
    _run(_task(_articles(tmp_path / "in.jsonl", 2), out), labeller)
    assert out.is_symlink()
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["rows.jsonl"]
    assert len(list(read_rows(out))) > 1


@pytest.mark.parametrize(
    "values", [[1, 2], [1, 2.5], [True, None], ["x", 3], [{"a": 1}, [2]], [2**70, 1], [None, None]]
)
def test_unknown_columns_keep_their_values_in_every_form(
    values: list[object], tmp_path: Path, labeller: Labeller
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    inputs = tmp_path / "in.jsonl"
    lines = [json.dumps({"id": str(i), "text": "Troops burned houses.", "x": value}) for i, value in enumerate(values)]
    inputs.write_text("\n".join(lines))
    for suffix in (".jsonl", ".csv", ".parquet"):
        _run(_task(inputs, tmp_path / f"out{suffix}"), labeller)
    assert [row.extra["x"] for row in read_rows(tmp_path / "out.jsonl")] == values

    def as_text(value: object) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    with (tmp_path / "out.csv").open(newline="") as file:
        cells = [row["x"] for row in csv.DictReader(file)]
    assert cells == ["" if v is None else str(v) if isinstance(v, (bool, int, float)) else as_text(v) for v in values]
    table = pq.read_table(tmp_path / "out.parquet")
    if table.schema.field("x").type == pa.string():
        assert table["x"].to_pylist() == [None if v is None else as_text(v) for v in values]
    else:
        assert table["x"].to_pylist() == values
    assert [r.probabilities for r in read_rows(tmp_path / "out.parquet")] == [
        r.probabilities for r in read_rows(tmp_path / "out.jsonl")
    ]


def test_numbers_that_json_does_not_know_become_null(tmp_path: Path, labeller: Labeller) -> None:
    inputs = tmp_path / "in.jsonl"
    inputs.write_text('{"id": "a", "text": "Troops burned houses.", "x": NaN, "y": [Infinity]}')
    _run(_task(inputs, tmp_path / "out.jsonl"), labeller)
    row = json.loads((tmp_path / "out.jsonl").read_text(), parse_constant=pytest.fail)
    assert (row["x"], row["y"]) == (None, [None])


def test_if_all_fail_an_older_output_stands(tmp_path: Path, labeller: Labeller) -> None:
    inputs, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    inputs.write_text("{}\n")
    out.write_text("older\n")
    assert _run(_task(inputs, out), labeller).n_articles == 0
    assert out.read_text() == "older\n"
    assert json.loads((tmp_path / "out.jsonl.failed.jsonl").read_text())["id"] == "in:1"
    inputs.write_text('{"text": "Troops burned houses."}\n')
    _run(_task(inputs, out), labeller)
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()


def test_left_out_boilerplate_is_counted(tmp_path: Path, tiny_model: Path) -> None:
    inputs = tmp_path / "in.txt"
    inputs.write_text("Troops burned houses in the village.\n\nREAD MORE: The governor said no.\n\nKyiv denied it.\n")
    counts = {}
    for keep in (False, True):
        labeller = Labeller.load(tiny_model, LabelSettings(keep_boilerplate=keep), n_threads=1)
        counts[keep] = _run(_task(inputs, tmp_path / f"{keep}.csv"), labeller)
    assert (counts[False].n_sentences, counts[False].n_boilerplate) == (2, 1)
    assert (counts[True].n_sentences, counts[True].n_boilerplate) == (3, 0)


def test_failures_do_not_pile_up_behind_an_article(tiny_model: Path) -> None:
    reader = Labeller.load(tiny_model, LabelSettings(), n_threads=2)
    n_taken = 0

    def inputs() -> Iterator[Article | Failure]:
        nonlocal n_taken
        for number in range(1000):
            n_taken += 1
            yield Failure(f"f{number}", "here", "nothing") if number else Article("a", "The mill burned down.")

    with closing(reader):
        next(reader.label(inputs()))
    assert n_taken < 50


def test_what_rides_along_is_compared_when_a_run_goes_on() -> None:
    article = Article("a", "The mill burned down.", title="Fire", extra={"section": "local"})
    same = Article("a", "The mill burned down.", title="Fire", extra={"section": "local"})
    assert digest_of(article) == digest_of(same)
    others = (replace(article, title="Smoke"), replace(article, extra={"section": "world"}), replace(article, url="u"))
    assert len({digest_of(article), *map(digest_of, others)}) == 4
