"""`sayso label` on one folder of everything that a crawl can hold: nothing stops the batch, each bad thing is named."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_articles import PAGE, warc_record

from sayso.cli import main
from sayso.model.articles import Failure
from sayso.model.labeller import Labeller, PendingArticle
from sayso.model.records import Article
from sayso.model.rowfiles import read_rows

GOOD = "The governor said two houses burned."
RECORDS = [gzip.compress(warc_record(number, PAGE.encode())) for number in (0, 1)]
CUT_ROWS = [b'{"id": "cut%d", "text": "Kyiv denied it."}\n' % number for number in range(99)]
HOSTILE: dict[str, bytes] = {
    "binary.txt": bytes(range(256)) * 20,
    "bomb.txt.gz": gzip.compress(b"0" * 100_000_000, 1),
    "cut.jsonl.gz": gzip.compress(b"".join(CUT_ROWS))[:-20],
    "cut.warc.gz": b"".join(RECORDS)[:-60],
    "empty.txt": b"",
    "invalid.txt": f"{GOOD} ".encode() + b"\xff\xfe\x80 \xc3\x28 Kyiv denied it.",
    "line.jsonl": b'{"text": "' + b"x" * 50_000_000 + b'"}\n' + json.dumps({"id": "next", "text": GOOD}).encode(),
    "line.txt": b"x" * 50_000_000,
    "marks.txt": b'"' * 20_000,
    "marks_and_text.txt": b'"' * 20_000 + f" {GOOD}".encode(),
    "quoted.csv": f'id,text\nquoted,"{GOOD}\nKyiv denied it."\n'.encode(),
    "rows.jsonl": b'{"id": "twice", "text": "No."}\n{"id": "twice", "text": "Kyiv\\u0000 denied it."}\n[]\n',
    "tags.html": b"<div><p></p></div>" * 500,
    "turned.txt": "\u202eKyiv\u200b\u200d denied it\u0301.\r\nשלום עולם.\u2028\ufeffTroops left.".encode(),
    "z_vanishes.txt": b"Nobody will read this.",
}
#: What fails, by the place that is named; the rest of `line.jsonl`, `rows.jsonl`, `cut.*` is labelled all the same.
FAILS = {
    "binary.txt": "binary",
    "bomb.txt.gz": "long",
    "cut.jsonl.gz": "cut off",
    "cut.warc.gz": "cut off",
    "empty.txt": "empty",
    "line.jsonl:1": "long",
    "line.txt": "long",
    "article marks": "no sentence",
    "rows.jsonl:3": "object",
    "tags.html": "no article",
    "z_vanishes.txt": "gone",
    "loop": "read before",
}


@pytest.fixture
def crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("trafilatura")
    pytest.importorskip("fastwarc")
    folder = tmp_path / "crawl"
    folder.mkdir()
    for name, content in HOSTILE.items():
        (folder / name).write_bytes(content)
    (folder / "loop").symlink_to(folder)
    start = Labeller.start

    def vanishing(self: Labeller, article: Article) -> PendingArticle:
        (folder / "z_vanishes.txt").unlink(missing_ok=True)
        return start(self, article)

    monkeypatch.setattr(Labeller, "start", vanishing)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.slow
def test_a_hostile_corpus_is_labelled_as_far_as_it_can_be(
    crawl: Path, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.jsonl"
    monkeypatch.setattr(sys, "argv", ["sayso", "label", "crawl", "-o", str(out), "--model", str(tiny_model)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 3
    rows = list(read_rows(out))
    assert len({row.key for row in rows}) == len(rows)
    # What is cut off gives the articles before the cut; of the archive that is the first of its two pages.
    labelled = {row.article for row in rows}
    assert "cut0" in labelled
    assert {article for article in labelled if not article.startswith("cut")} == {
        "invalid", "next", "marks_and_text", "quoted", "turned", "twice", "twice#2", "https://plover.example/0",
    }  # fmt: skip
    failures = [Failure(**json.loads(line)) for line in Path(f"{out}.failed.jsonl").read_text().splitlines()]
    reasons = {f.where.removeprefix("crawl/"): f.reason for f in failures}
    assert len(reasons) == len(failures)
    assert set(reasons) == set(FAILS)
    assert {where: reason for where, reason in reasons.items() if FAILS[where] not in reason} == {}
    assert all(f"failed: {f.where}: " in said for f in failures)
    assert "later ones become #2" in said
    assert not any("fault of sayso" in f.reason for f in failures)


PEAK = """
import resource, sys
from sayso.cli import main
try: main()
except SystemExit as end: assert end.code in (0, None, 3), end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def _peak_mb(inputs: Path, tiny_model: Path) -> float:
    """Peak memory of `sayso label` in MB."""
    command = [sys.executable, "-c", PEAK, "label", str(inputs), "--model", str(tiny_model), "--threads", "2"]
    done = subprocess.run(
        [*command, "-o", str(inputs.with_suffix(".rows.jsonl"))], check=True, capture_output=True, text=True
    )
    return int(done.stderr.split()[-1]) / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, tiny_model: Path) -> None:
    # 3,000 articles have 12,000 rows: whoever kept them as objects would hold 30 MB and more.
    peaks = {}
    for n_articles in (50, 3000):
        inputs = tmp_path / f"{n_articles}.jsonl"
        lines = (json.dumps({"id": f"a{number}", "text": f"{GOOD} " * 4}) + "\n" for number in range(n_articles))
        inputs.write_text("".join(lines))
        peaks[n_articles] = _peak_mb(inputs, tiny_model)
    assert peaks[3000] < peaks[50] + 15, peaks
