"""Authored articles and stand-off labels, read back. Every text here is made up."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sayso.model.errors import RowError, SchemeError
from sayso.model.scheme import Scheme
from sayso.train.examples import article_text
from sayso.train.seeds import STANDOFF_COLUMNS, codes, join_standoff, load_authored, read_authored

SCHEME = Scheme.load("belgorod")
HEADER = "# outlet: Quarry Post\n# date: 2024-03-02\n# register: brief\n# note: invented text\n\n"


def write(folder: Path, body: str, name: str = "001.txt") -> Path:
    path = folder / name
    path.write_text(HEADER + body, encoding="utf-8")
    return path


def faults_of(path: Path) -> list[tuple[int, str]]:
    return [(fault.line, fault.problem) for fault in read_authored(path, SCHEME)[1]]


def test_an_article_worked_by_hand(tmp_path: Path) -> None:
    path = write(tmp_path, "Na\tMill burns\n\nGr\tNobody was hurt, the mayor said.\nGa\tHe closed the road.\n")
    article, faults = read_authored(path, SCHEME)
    assert faults == []
    assert article.header["register"] == "brief"
    # Lines 1 to 4 are the header and 5 is blank.
    assert article.lines == (6, 8, 9)
    # "Mill burns" is characters 0 to 10; a blank line is two characters; 32 characters; one more inside a paragraph.
    assert [(r.paragraph, r.sentence, r.start, r.end) for r in article.rows] == [
        (0, 0, 0, 10),
        (1, 1, 12, 44),
        (1, 2, 45, 64),
    ]
    labels = [(r.speaker, r.stance) for r in article.rows]
    assert labels == [("outlet", "asserts"), ("governor", "reports"), ("governor", "asserts")]
    assert {(r.article, r.outlet, r.date) for r in article.rows} == {("001", "Quarry Post", "2024-03-02")}
    text, sentences = article_text(article.rows)
    assert text == "Mill burns\n\nNobody was hurt, the mayor said. He closed the road."
    assert [text[s.start : s.end] for s in sentences] == [r.text for r in article.rows]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Na The tab is missing.", "no tab"),
        ("Xr\tNobody has the letter X.", "code 'Xr' is none of"),
        ("na\tSmall letters.", "code 'na' is none of"),
        ("Na\t", "empty sentence"),
        ("Na\tA space at the end. ", "white space around it"),
        ("Na\tA second\ttab.", "a tab in it"),
        ("# late: header", "no tab"),
    ],
)
def test_a_broken_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str, problem: str) -> None:
    path = write(tmp_path, f"Na\tThe first line is fine.\n{line}\nNa\tSo is the last.\n")
    found = faults_of(path)
    assert [number for number, _ in found] == [7]
    assert problem in found[0][1]
    article, _ = read_authored(path, SCHEME)
    assert [row.text for row in article.rows] == ["The first line is fine.", "So is the last."]


def test_faults_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "001.txt"
    path.write_text("# outlet: A\n# outlet: B\n# date\n\nNa\tText.\n", encoding="utf-8")
    found = faults_of(path)
    assert [number for number, _ in found] == [2, 3]
    assert "stands twice" in found[0][1]
    assert "not '# key: value'" in found[1][1]


def test_a_file_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "001.txt"
    path.write_bytes(HEADER.encode() + b"Na\tFine.\nNa\tCaf\xe9.\n")
    assert [number for number, _ in faults_of(path)] == [7]


def test_an_article_without_a_sentence_is_a_fault(tmp_path: Path) -> None:
    assert faults_of(write(tmp_path, "")) == [(1, "no sentence in it")]


def test_a_scheme_whose_codes_mean_two_stances_is_told() -> None:
    plain = SCHEME.to_dict()
    plain["stances"] = [{**plain["stances"][1], "id": "accepts"}, *plain["stances"]]
    with pytest.raises(SchemeError, match="the stances accepts and asserts of scheme belgorod apart"):
        codes(Scheme.from_dict(plain, "here"))


def test_loading_a_folder_names_every_fault(tmp_path: Path) -> None:
    write(tmp_path, "Na\tFine.\n", "001.txt")
    write(tmp_path, "Qa\tNot.\n", "002.txt")
    write(tmp_path, "Na Not.\n", "003.txt")
    with pytest.raises(RowError) as error:
        load_authored(tmp_path, SCHEME)
    assert "002.txt:6" in str(error.value)
    assert "003.txt:6" in str(error.value)
    with pytest.raises(RowError, match="no authored articles"):
        load_authored(tmp_path / "nothing", SCHEME)


SENTENCE = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20)
CODED = st.tuples(st.sampled_from(sorted(codes(SCHEME))), SENTENCE)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paragraphs=st.lists(st.lists(CODED, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_is_written_is_read(tmp_path: Path, paragraphs: list[list[tuple[str, str]]]) -> None:
    body = "\n\n".join("\n".join(f"{code}\t{text}" for code, text in paragraph) for paragraph in paragraphs)
    article, faults = read_authored(write(tmp_path, body), SCHEME)
    assert faults == []
    expected = [(number, code, text) for number, paragraph in enumerate(paragraphs) for code, text in paragraph]
    known = codes(SCHEME)
    assert [(r.paragraph, (r.speaker, r.stance), r.text) for r in article.rows] == [
        (number, known[code], text) for number, code, text in expected
    ]
    # No two sentences share a character, and each fills its offsets.
    assert all(r.end - r.start == len(r.text) for r in article.rows)
    assert all(a.end < b.start for a, b in zip(article.rows, article.rows[1:], strict=False))


TEXT = "Mill burns\r\n\r\nNobody was hurt — so far, the mayor said."


def standoff(folder: Path, digest: str) -> Path:
    path = folder / "labels.csv"
    rows = (
        ["mill.txt", digest, 0, 0, 0, 10, "outlet", "asserts", 3],
        ["mill.txt", digest, 1, 1, 14, 55, "governor", "reports", 2],
    )
    lines = [",".join(STANDOFF_COLUMNS), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_stand_off_labels_find_their_text(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "mill.txt").write_bytes(TEXT.encode())
    labels = standoff(tmp_path, hashlib.sha256(TEXT.encode()).hexdigest())
    rows = join_standoff(labels, [tmp_path / "elsewhere", texts])
    # Offsets count the characters of the file as it is: carriage returns too, and the dash as one.
    assert [row.text for row in rows] == ["Mill burns", "Nobody was hurt — so far, the mayor said."]
    assert [row.extra["confidence"] for row in rows] == [3, 2]
    assert [row.article for row in rows] == ["mill", "mill"]


def test_stand_off_labels_refuse_another_text(tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_bytes(TEXT.encode() + b" ")
    labels = standoff(tmp_path, hashlib.sha256(TEXT.encode()).hexdigest())
    with pytest.raises(RowError, match="is not the text"):
        join_standoff(labels, [tmp_path])
    with pytest.raises(RowError, match="is not here"):
        join_standoff(labels, [tmp_path / "elsewhere"])


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("0,0,,10,outlet,asserts,3", "labels.csv:2: bad 'start'"),
        ("0,0,0,1o,outlet,asserts,3", "labels.csv:2: bad 'end'"),
        ("0,0,-4,10,outlet,asserts,3", "labels.csv:2: bad 'start'"),
        ("0,0,100,120,outlet,asserts,3", "labels.csv:2: no such place in mill.txt"),
        ("0,0,10,10,outlet,asserts,3", "labels.csv:2: no such place in mill.txt"),
        ("0,0,0,10,outlet", "labels.csv:2: not as many cells"),
        ('0,0,0,10,outlet,asserts,"3', "no readable table"),
    ],
)
def test_stand_off_labels_that_are_none_are_named_by_line(tmp_path: Path, row: str, problem: str) -> None:
    text = b"Mill burns."
    (tmp_path / "mill.txt").write_bytes(text)
    labels = tmp_path / "labels.csv"
    labels.write_text(f"{','.join(STANDOFF_COLUMNS)}\nmill.txt,{hashlib.sha256(text).hexdigest()},{row}\n")
    with pytest.raises(RowError) as caught:
        join_standoff(labels, [tmp_path])
    assert problem in str(caught.value)


def test_the_mark_that_notepad_puts_before_a_text_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, "Na\tMill burns\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert faults_of(path) == []
