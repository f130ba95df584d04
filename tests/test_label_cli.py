"""`sayso label` as users meet it: what stands on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from sayso.batch.totals import Totals
from sayso.cli import main
from sayso.cli.readable import ReadableTable
from sayso.cli.terminal import safe
from sayso.cli.watching import Pace, Reporter, duration, summary
from sayso.model.checkpoint import FILES, shipped_model
from sayso.model.labeller import LabelledArticle, Labeller
from sayso.model.language import looks_english
from sayso.model.readers.settings import Failure
from sayso.model.records import Article, Evidence, LabelledSentence, Sentence
from sayso.model.rowfiles import read_rows
from sayso.model.scheme import Scheme

TEXT = "Two houses burned in the village\n\nThe governor said no troops were there. Kyiv denied it.\n"
SAYSO = [sys.executable, "-c", "from sayso.cli import main; main()", "label"]

Sayso = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sayso(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Sayso:
    """Runs `sayso label` with the tiny model in an empty folder; gives exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sayso", "label", *arguments, "--model", str(tiny_model)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsysbinary.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out.decode(), captured.err.decode()

    monkeypatch.chdir(tmp_path)
    (tmp_path / "raid.txt").write_text(TEXT, encoding="utf-8")
    return run


def test_a_pipe_gets_rows_and_stderr_the_summary(sayso: Sayso, tiny_model: Path) -> None:
    code, out, err = sayso("raid.txt")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["text"] for row in rows] == [
        "Two houses burned in the village",
        "The governor said no troops were there.",
        "Kyiv denied it.",
    ]
    assert all(TEXT[row["start"] : row["end"]] == row["text"] for row in rows)
    expected = Labeller.load(tiny_model).label_text(TEXT)
    assert [(row["speaker"], row["stance"], row["speaker_p"]) for row in rows] == [
        (row.speaker, row.stance, row.speaker_p) for row in expected
    ]
    assert "labelled 1 article, 3 sentences" in err
    assert "speakers: " in err
    assert "stances: " in err


def test_options_reach_the_rows(sayso: Sayso) -> None:
    _, out, _ = sayso("raid.txt", "--no-evidence", "--min-confidence", "1", "--threads", "1")
    rows = [json.loads(line) for line in out.splitlines()]
    assert all(row["abstained"] is True and "evidence" not in row for row in rows)


def test_columns_are_mapped_and_others_ride_along(sayso: Sayso, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("body,paper,desk,title\nThe legion claimed it.,The Example,foreign,Raid\n")
    code, _, _ = sayso("t.csv", "-o", "rows.jsonl", "--text-column", "body", "--outlet-column", "paper")
    (row,) = read_rows(tmp_path / "rows.jsonl")
    assert code == 0
    assert (row.article, row.outlet, row.extra) == ("t:1", "The Example", {"title": "Raid", "desk": "foreign"})


def test_a_command_that_fails_at_once_does_not_bind_the_next(sayso: Sayso, tmp_path: Path) -> None:
    (tmp_path / "stances.yaml").write_text(
        "name: other\noutlet: outlet\nvouched: says\nstances: [{id: says, name: says}, {id: hears, name: hears}]\n"
        "speakers: [{id: a, name: A, colour: '#112233', letter: A},"
        " {id: outlet, name: O, colour: '#112234', letter: N}]\n"
    )
    code, _, err = sayso("raid.txt", "-o", "rows.csv", "--scheme", "stances.yaml")
    assert code == 1
    assert "does not know the stances" in err
    assert not (tmp_path / "rows.csv.parts").exists()
    assert sayso("raid.txt", "-o", "rows.csv")[0] == 0


def test_some_failed_is_3_all_failed_is_1_and_each_is_named(sayso: Sayso, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    code, out, err = sayso("raid.txt", "empty.txt", "missing.txt", "-o", "rows.csv")
    assert (code, out) == (3, "")
    assert "failed: empty.txt: empty" in err
    assert "failed: missing.txt: no such file" in err
    assert "failures listed in rows.csv.failed.jsonl" in err
    failures = [json.loads(line) for line in (tmp_path / "rows.csv.failed.jsonl").read_text().splitlines()]
    assert [failure["where"] for failure in failures] == ["empty.txt", "missing.txt"]
    code, _, err = sayso("empty.txt", "missing.txt")
    assert code == 1
    assert "no article was labelled" in err


def test_an_empty_folder_is_no_success(sayso: Sayso, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    code, _, err = sayso("nothing", "-o", "rows.csv")
    assert code == 1
    assert "found:    none in nothing" in err
    assert not (tmp_path / "rows.csv.parts").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--table", "-o", "rows.csv", "raid.txt"],
        ["--min-confidence", "2", "raid.txt"],
        ["--threads", "0", "raid.txt"],
        ["--engine", "ray", "raid.txt"],
        ["--engine", "ray", "--device", "cuda", "-o", "rows.csv", "raid.txt"],
        ["--ray-address", "auto", "-o", "rows.csv", "raid.txt"],
        ["--batch-tokens", "4096", "raid.txt"],
        ["--device", "cuda", "--threads", "2", "raid.txt"],
        [],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], sayso: Sayso) -> None:
    assert sayso(*arguments)[0] == 2


def test_an_unwritable_output_is_found_before_the_model_is_loaded(
    sayso: Sayso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Labeller, "load", lambda *_, **__: pytest.fail("the model was loaded"))
    code, _, err = sayso("raid.txt", "-o", "raid.txt/rows.csv")
    assert code == 1
    assert "cannot write raid.txt/rows.csv" in err
    code, _, err = sayso("raid.txt", "-o", "rows.xml")
    assert code == 1
    assert "expected: a name that ends in .jsonl .csv .tsv .parquet" in err


def test_labelling_imports_neither_torch_nor_transformers(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "raid.txt").write_text(TEXT)
    program = (
        "import sys; from sayso.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "heavy = {'torch', 'transformers', 'pyarrow', 'polars', 'pandas', 'trafilatura', 'datasets', 'sklearn'}\n"
        "print(code, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "label", "raid.txt", "--model", str(tiny_model), "-o", "rows.jsonl"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "0 []"
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 3


def test_a_reader_that_leaves_is_no_fault(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "raid.txt").write_text(TEXT * 300)
    command = " ".join(["'" + part + "'" for part in [*SAYSO, "raid.txt", "--model", str(tiny_model)]])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -n 1; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, code = done.stdout.splitlines()
    assert json.loads(first)["sentence"] == 0
    assert code == "0"
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize(("to", "said"), [("> /dev/full", "cannot write"), (">&-", "is closed")])
@pytest.mark.parametrize("table", ["", "--table"])
def test_a_standard_output_that_takes_nothing_is_named(
    tmp_path: Path, tiny_model: Path, to: str, said: str, table: str
) -> None:
    (tmp_path / "raid.txt").write_text(TEXT)
    command = " ".join(f"'{part}'" for part in [*SAYSO, "raid.txt", "--model", str(tiny_model)])
    done = subprocess.run(
        ["bash", "-c", f"{command} {table} {to}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"standard output {said}" in done.stderr or f"{said} to standard output" in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_need_read_stderr(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "raid.txt").write_text(TEXT)
    command = " ".join(f"'{part}'" for part in [*SAYSO, "raid.txt", "none.txt", "--model", str(tiny_model)])
    done = subprocess.run(["bash", "-c", f"{command} -o rows.jsonl 2>&-"], cwd=tmp_path, check=False)
    assert done.returncode == 3
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 3


def test_a_reader_that_leaves_is_no_fault_of_other_commands(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -c 'from sayso.cli import main; main()' scheme show trial --yaml"
    done = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_ctrl_c_says_what_is_kept(tmp_path: Path, tiny_model: Path) -> None:
    rows = "".join(json.dumps({"id": str(number), "text": TEXT}) + "\n" for number in range(1000))
    (tmp_path / "in.jsonl").write_text(rows)
    program = "from sayso.batch import parts; parts.MAX_ROWS = 100; from sayso.cli import main; main()"
    command = [sys.executable, "-c", program, "label", "in.jsonl", "--model", str(tiny_model), "-o", "rows.csv"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "rows.csv.parts" / "000000.part").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.endswith("sayso: stopped\n")
    assert re.search(r"sayso: [\d,]+ articles done and kept: the same command goes on after that", said)
    assert "Traceback" not in said
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "sayso: going on after" in done.stderr
    assert "labelled 1,000 articles, 3,000 sentences" in done.stderr
    assert sum(1 for _ in read_rows(tmp_path / "rows.csv")) == 3000


def _on_a_terminal(folder: Path, tiny_model: Path, **variables: str) -> str:
    """What `sayso label raid.txt` prints on a terminal of 70 columns."""
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "70", **variables}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*SAYSO, "raid.txt", "--model", str(tiny_model)],
        cwd=folder, stdout=theirs, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()


def test_a_terminal_gets_the_table_in_colour_unless_it_asks_for_none(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "raid.txt").write_text(TEXT)
    coloured = _on_a_terminal(tmp_path, tiny_model)
    plain = _on_a_terminal(tmp_path, tiny_model, NO_COLOR="1")
    assert "\x1b[38;5;" in coloured or ";38;5;" in coloured
    assert "38;5;" not in plain
    for shown in (coloured, plain):
        assert "speakers  " in shown.replace("\x1b[2m", "").replace("\x1b[0m", "")
        assert "{" not in shown


def _row(text: str, start: int, paragraph: int, labels: tuple[str, str], **more: object) -> LabelledSentence:
    values: dict[str, object] = {"speaker_p": 0.87, "stance_p": 1.0, **more}
    return LabelledSentence("a1", paragraph, 0, start, start + len(text), text, *labels, **values)  # type: ignore[arg-type]


def _table(article: LabelledArticle, width: int, *, colour: bool = False) -> str:
    file = io.StringIO()
    system = "truecolor" if colour else None
    console = Console(file=file, width=width, force_terminal=colour, color_system=system, legacy_windows=False)
    table = ReadableTable(console, Scheme.load("belgorod"))
    table.article(article)
    table.legend()
    return file.getvalue()


def _article(*rows: LabelledSentence, boilerplate: tuple[Sentence, ...] = ()) -> LabelledArticle:
    return LabelledArticle(Article("a1", "", outlet="The Example", date="2023-05-23"), rows, boilerplate, 0)


def test_the_table_by_hand() -> None:
    # 60 columns: letter, sign, two numbers of three digits, a mark for unsure ones and the bar take 15, which leaves
    # 45 for the text: the second sentence has 49 characters, so its last word stands in a second line.
    rows = (
        _row("Village falls to militia", 0, 0, ("outlet", "asserts")),
        _row("The governor told reporters that no one was hurt.", 26, 1, ("governor", "reports"), speaker_p=0.5),
        _row("Kyiv denied it.", 76, 1, ("ukrainian_officials", "reports"), extra={"abstained": True}),
    )
    left_out = (Sentence(2, 9, 93, 101, "READ ON:"),)
    shown = _table(_article(*rows, boilerplate=left_out), 60).splitlines()
    assert shown[0].startswith("a1  The Example  2023-05-23 ───")
    assert shown[1:9] == [
        "",
        "N ■  87 100   │ Village falls to militia",
        "",
        "G “  50 100   ┊ The governor told reporters that no one was",
        "              ┊ hurt.",
        "U “  87 100 ? ┊ Kyiv denied it.",
        "",
        "left out as boilerplate: 1",
    ]
    assert all(len(line) <= 60 for line in shown)


def test_a_narrow_table_keeps_the_text_and_drops_the_numbers() -> None:
    shown = _table(_article(_row("Village falls to militia", 0, 0, ("outlet", "asserts"))), 30)
    assert "N ■   │ Village falls to" in shown
    assert "87" not in shown
    assert all(len(line) <= 30 for line in shown.splitlines())


def test_evidence_is_underlined_and_a_source_elsewhere_is_named() -> None:
    text = "She said no."
    spans = (
        Evidence("source", 0, 12, "The governor", 0.9),
        Evidence("cue", 24, 28, "said", 0.9),
        Evidence("content", 29, 31, "no", 0.9),
    )
    shown = _table(_article(_row(text, 20, 0, ("governor", "reports"), evidence=spans)), 80, colour=True)
    green = "38;2;46;125;50"
    assert f"\x1b[2;{green}mShe \x1b[0m\x1b[2;4;{green}msaid\x1b[0m\x1b[2;{green}m no.\x1b[0m" in shown
    assert "← The governor" in shown


def test_nothing_in_an_article_moves_the_terminal() -> None:
    hostile = "No\x1b[2J\x1b]0;owned\x07 \u202egnorw\u202c b\x9bad\r\nend"
    shown = _table(_article(_row(hostile, 0, 0, ("outlet", "asserts"))), 70)
    assert not {"\x1b", "\x07", "\u202e", "\x9b", "\r"} & set(shown)
    assert len(safe(hostile)) == len(hostile)
    assert safe("Kyiv’s “plan” – 2 %\u00a0\U0001f600") == "Kyiv’s “plan” – 2 %\u00a0\U0001f600"


def test_time_left_by_hand() -> None:
    # 1,000 bytes of input, 200 of them labelled by an earlier run. After 10 seconds 600 are labelled: 400 in 10
    # seconds, so the 400 that are left take 10 seconds more.
    now = 100.0
    pace = Pace(1000, clock=lambda: now)
    pace.begin(200)
    assert pace.seconds_left is None
    now = 110.0
    pace.add(50, 600)
    assert (pace.share, pace.seconds_left, pace.sentences_per_second) == (0.6, 10.0, 5.0)
    now = 120.0
    pace.add(50, 1000)
    assert (pace.share, pace.seconds_left, pace.sentences_per_second) == (1.0, 0.0, 5.0)
    assert [duration(s) for s in (4.22, 48.4, 720, 11100)] == ["4.2 s", "48 s", "12 min", "3 h 05 min"]


def test_without_a_terminal_a_plain_line_stands_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    now = 0.0
    monkeypatch.setattr("sayso.cli.watching.time.monotonic", lambda: now)
    reporter = Reporter(100, bar=False, console=Console(file=file, width=200))
    reporter.resumed(Totals(n_articles=2, n_failed=1, n_sentences=40))
    reporter.warn("said before")
    reporter.pace = Pace(100, clock=lambda: now)
    reporter.begun(50)
    for second in range(1, 71):
        now = float(second)
        reporter.finished(Totals(n_articles=1, n_sentences=1), None, 50 + second // 2)
    now = 71.0
    reporter.finished(Totals(n_failed=1), Failure("x", "x.txt\x1b[1m", "empty"), 86)
    assert file.getvalue().splitlines() == [
        "sayso: going on after 3 articles (40 sentences) that an earlier run had done",
        "sayso: 65%, 32 articles, 1 failed, 1 sentences/s, 70 s left",
        "sayso: 80%, 62 articles, 1 failed, 1 sentences/s, 40 s left",
        "sayso: failed: x.txt\ufffd[1m: empty",
    ]


def test_the_summary_gives_shares() -> None:
    totals = Totals(1200, 2, 4, 3, 17, {"outlet": 1, "kremlin": 3}, {"asserts": 1, "reports": 3})
    assert summary(totals, 720) == [
        "labelled 1,200 articles, 4 sentences; it took 12 min",
        "left out as boilerplate: 3 sentences (--keep-boilerplate labels them)",
        "not seen by the model: 17 tokens of over-long sentences",
        "failed: 2",
        "speakers: kremlin 75%, outlet 25%",
        "stances: reports 75%, asserts 25%",
    ]


def test_the_shipped_model_labels_a_text_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    if not (shipped_model() / FILES.config).is_file():
        pytest.skip("no shipped model yet")
    (tmp_path / "raid.txt").write_text("Peskov said on Tuesday that the army had driven the fighters back.\n")
    monkeypatch.setattr(sys, "argv", ["sayso", "label", str(tmp_path / "raid.txt")])
    with pytest.raises(SystemExit) as ended:
        main()
    row = json.loads(capsysbinary.readouterr().out)
    assert ended.value.code in (0, None)
    assert (row["speaker"], row["stance"]) == ("kremlin", "reports")


def test_the_summary_says_what_the_rows_are_not_good_for() -> None:
    totals = Totals(3, 0, 8, 0, 0, {"outlet": 8}, {"asserts": 8}, n_foreign=2, n_abstained=2)
    lines = summary(totals, 1)
    assert "less sure than --min-confidence: 2 sentences (25%)" in lines
    assert any(line.startswith("not in English, it seems: 2 articles") for line in lines)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("The governor said that two houses had burned and that nobody was hurt in the village.", True),
        ("Two houses burn in Graivoron", True),
        ("Mill reopens after nine years, owner glad, says town council leader Hallworth", True),
        ("Губернатор сообщил, что ранены двое, и что село обстреляно.", False),
        ("Губернатор сообщил.", False),
        ("Le gouverneur a déclaré que deux maisons avaient brûlé et que personne n’avait été blessé. " * 2, False),
        ("Der Gouverneur sagte, dass zwei Häuser gebrannt hätten und niemand verletzt worden sei. " * 2, False),
        ("De burgemeester zei dat er twee huizen waren afgebrand en dat niemand was gewond. " * 2, False),
        ("省长说两座房子被烧毁，没有人受伤。", False),
    ],
)
def test_other_languages_are_told_from_english(text: str, english: bool) -> None:
    assert looks_english(text) is english
