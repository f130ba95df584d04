from __future__ import annotations

import csv
import datetime
import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.cli.convert import convert
from sayso.formats import FORMATS, find_format, format_to_write, read, write
from sayso.formats.base import ReadOptions, of_annotator, split_annotators
from sayso.formats.documents import to_documents
from sayso.formats.losses import losses
from sayso.model.errors import RowError, SchemeError
from sayso.model.records import Evidence, LabelledSentence
from sayso.model.rowfiles import read_rows, whole_file, write_rows
from sayso.model.scheme import Scheme

FIXTURES = Path(__file__).parent / "fixtures"
TARGETS = {
    "rows": "out.jsonl",
    "label-studio": "out.json",
    "doccano": "out.jsonl",
    "brat": "out",
    "webanno": "out",
    "xmi": "out",
    "excel": "out.xlsx",
    "datasets": "out",
}
TOOLS_WITHOUT_PREDICTIONS = ("doccano", "brat", "webanno", "xmi")


def scheme() -> Scheme:
    return Scheme.load("trial")


def article(name: str, *sentences: tuple[str, str, str], paragraph_every: int = 2) -> list[LabelledSentence]:
    rows: list[LabelledSentence] = []
    at = 0
    for i, (text, speaker, stance) in enumerate(sentences):
        at += 0 if i == 0 else (2 if i % paragraph_every == 0 else 1)
        rows.append(
            LabelledSentence(
                name, i // paragraph_every, i, at, at + len(text), text, speaker, stance, "The Gazette", "2024-05-01"
            )
        )
        at += len(text)
    return rows


def example() -> list[LabelledSentence]:
    """Two articles with everything that has broken a format: quotes, emoji, line breaks, formulas, odd names."""
    rows = article(
        "court/2024:1",
        ("“We have nothing to add,” the prosecutor said.", "prosecution", "reports"),
        ("=SUM(A1) is no formula 😊 [1] a|b_c->d;*\\x.", "outlet", "asserts"),
        ("A sentence\nover two lines, 'quoted'.", "", ""),
        ('"Tab"\there & <there>, she said.', "witness", "distances"),
    )
    rows[1] = replace(rows[1], date=None, extra={"confidence": 3, "inclusion_p": 0.125, "note": "x_y|z\t[2]"})
    return rows + article("7", ("The judge adjourned.", "outlet", "asserts"))


def placed(rows: Iterable[LabelledSentence]) -> list[LabelledSentence]:
    """In order of article and sentence: folders hold articles by the names of their files."""
    return sorted(rows, key=lambda row: row.key)


def as_gold(rows: list[LabelledSentence]) -> list[LabelledSentence]:
    return [replace(row, speaker_p=None, stance_p=None, probabilities=None, evidence=None) for row in rows]


@pytest.mark.parametrize("name", TARGETS)
def test_a_round_trip_loses_nothing_and_says_so(name: str, tmp_path: Path) -> None:
    target = tmp_path / TARGETS[name]
    assert write(target, example(), scheme(), name) == []
    assert find_format(target).name == name
    back = read(target, ReadOptions(scheme()))
    assert placed(back.rows) == placed(example())


@pytest.mark.parametrize("name", TARGETS)
def test_predictions_are_kept_or_their_loss_is_told(name: str, tmp_path: Path) -> None:
    rows = [
        replace(
            row,
            speaker_p=0.75,
            stance_p=0.5,
            probabilities={"speaker": {row.speaker: 0.75}, "stance": {row.stance: 0.5}},
            evidence=(Evidence("cue", row.start, row.start + 3, row.text[:3], 0.5),),
        )
        for row in example()
        if row.is_labelled
    ]
    target = tmp_path / TARGETS[name]
    notes = write(target, rows, scheme(), name)
    back, rows = placed(read(target).rows), placed(rows)
    if name in TOOLS_WITHOUT_PREDICTIONS:
        assert back == as_gold(rows)
        assert {note.split("the column ")[1].split()[0] for note in notes} == {
            "speaker_p",
            "stance_p",
            "probabilities",
            "evidence",
        }
    elif name == "excel":
        assert back == [replace(row, probabilities=None, evidence=None) for row in rows]
        assert len(notes) == 2
    elif name == "datasets":
        # Arrow gives every struct all the keys of the column.
        assert [row.speaker_p for row in back] == [0.75] * len(rows)
        assert [row.evidence for row in back] == [row.evidence for row in rows]
    else:
        assert back == rows
        assert notes == []


text_of_tools = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() == text)
# Longer ones cannot name a file, and are refused.
names_of_files = text_of_tools.filter(lambda text: len(text.encode()) < 40)


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "datasets"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(text_of_tools, min_size=1, max_size=5),
    ids=st.lists(names_of_files, min_size=1, max_size=2, unique_by=str.casefold),
    note=text_of_tools,
)
def test_any_text_comes_back(name: str, texts: list[str], ids: list[str], note: str, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    rows = [
        replace(row, extra={"note": note})
        for article_id in ids
        for row in article(article_id, *((text, "judge", "reports") for text in texts))
    ]
    target = tmp_path_factory.mktemp("any") / TARGETS[name]
    assert write(target, rows, None, name) == []
    assert placed(read(target, name=name).rows) == placed(rows)


def test_sentences_of_a_sample_stand_in_their_context() -> None:
    first, _, _, last, *_ = example()
    rows = [replace(first, extra={"before": "", "after": "It rained."}), replace(last, extra={"before": "Then:"})]
    (document,) = to_documents(rows)
    assert document.text == f"{first.text}\nIt rained.\n\n* * *\n\nThen:\n{last.text}\n"
    assert [document.text[mark.start : mark.end] for mark in document.marks] == [first.text, last.text]


def test_two_people_in_one_project_are_told_apart(tmp_path: Path) -> None:
    rows = [replace(row, extra={"annotator": name}) for row in example() for name in ("ann", "bob")]
    for name in ("label-studio", "brat", "webanno", "xmi", "excel"):
        target = tmp_path / name / TARGETS[name]
        target.parent.mkdir()
        if name != "label-studio":
            assert write(target, rows, None, name) == []
            back = read(target, name=name).rows
            assert {who: len(members) for who, members in split_annotators(back).items()} == {"ann": 5, "bob": 5}
    assert of_annotator(rows, "bob") == rows[1::2]
    assert of_annotator(rows, "first") == rows[::2]
    with pytest.raises(RowError, match="no labels by 'cyd'"):
        of_annotator(rows, "cyd")


def label_studio_choice(head: str, label: str) -> dict[str, object]:
    return {"from_name": head, "to_name": "text", "type": "choices", "value": {"choices": [label]}}


def test_a_label_studio_export_takes_people_before_predictions(tmp_path: Path) -> None:
    def task(number: int, annotations: list[object], predictions: list[object]) -> dict[str, object]:
        data = {"text": f"Sentence {number}.", "article": "a", "sentence": number, "speaker_p": 0.9, "stance_p": 0.8}
        return {"id": number, "data": data, "annotations": annotations, "predictions": predictions}

    both = [label_studio_choice("who", "judge"), label_studio_choice("stance", "reports")]
    ann = {"completed_by": {"id": 1, "email": "ann@example.org"}, "result": both}
    bob = {
        "completed_by": 2,
        "result": [label_studio_choice("who", "outlet"), label_studio_choice("stance", "asserts")],
    }
    skipped = {"completed_by": 2, "was_cancelled": True, "result": both}
    guess = {"model_version": "sayso", "result": both}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task(0, [ann, bob], [guess]), task(1, [skipped], [guess])]), encoding="utf-8")
    reading = read(path, ReadOptions(columns={"speaker": "who"}))
    assert [(r.sentence, r.speaker, r.extra.get("annotator")) for r in reading.rows] == [
        (0, "judge", "ann@example.org"),
        (0, "outlet", "2"),
        (1, "", None),
    ]
    assert all(row.speaker_p is None for row in reading.rows)
    assert reading.notes == ("1 tasks without a label",)


@pytest.mark.parametrize("name", ["export.json", "export_min.json", "export.csv"])
def test_what_label_studio_exported_is_read(name: str) -> None:
    path = FIXTURES / f"label_studio_{name}"
    assert find_format(path).name == "label-studio"
    reading = read(path, ReadOptions(Scheme.load("belgorod")))
    labelled = [
        (0, "governor", "reports", "1"),
        (1, "outlet", "asserts", "1"),
        (2, "outlet", "asserts", "1"),
        (8, "other", "reports", "1"),
        (9, "legion", "reports", "1"),
        (9, "kremlin", "reports", "2"),
        (18, "kremlin", "reports", "1"),
    ]
    # The skipped one stands in JSON only; the other was left as a draft.
    left = [(10, "", "", None)] * (name == "export.json") + [(22, "", "", None)]
    found = [(row.sentence, row.speaker, row.stance, row.extra.get("annotator")) for row in reading.rows]
    assert sorted(found, key=lambda row: row[0]) == sorted(labelled + left, key=lambda row: row[0])
    assert reading.notes == (f"{len(left)} tasks without a label",)
    assert [row.speaker for row in of_annotator(reading.rows, "first") if row.sentence == 9] == ["legion"]
    # What the model had said is no longer there, nor are the tool's own columns.
    assert all(row.speaker_p is None and row.probabilities is None and row.evidence is None for row in reading.rows)
    known = {"inclusion_p", "sample_unit", "before", "after", "confidence", "note", "annotator"}
    assert {column for row in reading.rows for column in row.extra} == known
    third = reading.rows[2]
    assert (third.article, third.outlet, third.paragraph, third.start, third.end) == ("003", "Beacon Live", 1, 197, 225)
    assert (third.text, third.date, third.extra["note"]) == ("Here is what we know so far.", None, "read twice")
    assert (int(third.extra["confidence"]), float(third.extra["inclusion_p"])) == (3, 6 / 26)
    assert third.extra["before"].endswith("as it happened\n\n" + reading.rows[1].text)
    assert reading.rows[3].date == "2023-06-01"


@pytest.mark.parametrize("name", ["spans.json", "spans_min.json"])
def test_spans_that_were_drawn_in_label_studio_are_read(name: str) -> None:
    rows = read(FIXTURES / f"label_studio_{name}").rows
    assert [(row.text, row.speaker, row.stance) for row in rows] == [
        ("😊😊 Dogs bark & <b>howl</b>.", "", ""),
        ("Buses leave at noon, the governor said.", "governor", "reports"),
    ]


def test_a_label_studio_export_that_nobody_labelled_has_no_labels(tmp_path: Path) -> None:
    tasks = json.loads((FIXTURES / "label_studio_export.json").read_text(encoding="utf-8"))
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task for task in tasks if not task["annotations"]]), encoding="utf-8")
    reading = read(path)
    assert [(row.sentence, row.is_labelled, row.speaker_p) for row in reading.rows] == [(22, False, None)]
    assert reading.notes == ("1 tasks without a label",)


def test_two_choices_of_one_kind_in_label_studio_are_an_error(tmp_path: Path) -> None:
    both = {"from_name": "speaker", "type": "choices", "value": {"choices": ["judge", "outlet"]}}
    own = {"id": 1, "annotator": 1, "annotation_id": 1, "created_at": "", "updated_at": "", "lead_time": None}
    cell = json.dumps({"choices": ["judge", "outlet"]})
    header, line = [*own, "text", "speaker"], [*own.values(), "It rained.", cell]
    with (tmp_path / "export.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, line])
    for name, tasks in (
        ("export.json", [{"id": 1, "data": {"text": "It rained."}, "annotations": [{"result": [both]}]}]),
        ("export_min.json", [{**own, "text": "It rained.", "speaker": json.loads(cell)}]),
    ):
        (tmp_path / name).write_text(json.dumps(tasks), encoding="utf-8")
    for name in ("export.json", "export_min.json", "export.csv"):
        with pytest.raises(RowError, match="two labels for speaker"):
            read(tmp_path / name)
    with (tmp_path / "export.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([*line, "one too many"])
    with pytest.raises(RowError, match="row 2: more cells"):
        read(tmp_path / "export.csv")


def test_an_interface_that_label_studio_would_refuse_is_not_written(tmp_path: Path) -> None:
    rows = [row.with_labels("", "") for row in example()]
    write(tmp_path / "a.json", rows)
    write(tmp_path / "b.json", rows, scheme())
    # A probability without its label is no prediction.
    write(tmp_path / "c.json", [replace(row, speaker_p=0.5, stance_p=0.5) for row in rows])
    assert [path.name for path in sorted(tmp_path.glob("*.xml"))] == ["b.interface.xml"]
    assert "predictions" not in (tmp_path / "c.json").read_text(encoding="utf-8")


def test_spans_that_people_drew_label_the_sentences_they_cover(tmp_path: Path) -> None:
    text = "The court rose early today. He left at noon, said Mr Gray. Nobody spoke."
    start = text.index("He left")
    spans = [[start, start + len("He left at noon,"), "witness"], [start, start + 16, "reports"], [0, 9, "Clerk"]]
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps({"id": 4, "text": text, "label": spans}) + "\n", encoding="utf-8")
    reading = read(path, ReadOptions(scheme()))
    # "He left at noon," holds 13 of the 23 characters of its sentence; "The court" 8 of 23 of the first one.
    assert [(row.text, row.speaker, row.stance) for row in reading.rows] == [
        ("The court rose early today.", "", ""),
        ("He left at noon, said Mr Gray.", "witness", "reports"),
        ("Nobody spoke.", "", ""),
    ]
    assert any("Clerk (1)" in note for note in reading.notes)


def test_a_column_called_label_does_not_make_it_doccano(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"text": "It rained.", "label": "judge", "stance": "asserts"}\n', encoding="utf-8")
    assert find_format(path).name == "rows"
    assert read(path, ReadOptions(columns={"speaker": "label"})).rows[0].speaker == "judge"
    with pytest.raises(RowError, match="no list of labels"):
        read(path, name="doccano")


def test_doccano_gets_every_column_in_every_line_and_the_labels(tmp_path: Path) -> None:
    target = tmp_path / "tasks.jsonl"
    write(target, example(), scheme(), "doccano")
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len({frozenset(line) for line in lines}) == 1
    assert (lines[0]["confidence"], lines[1]["confidence"]) == ("", 3)
    types = json.loads((tmp_path / "tasks.labels.json").read_text(encoding="utf-8"))
    assert {"speaker:judge", "stance:distances"} <= {label["text"] for label in types}


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_what_doccano_exported_is_read(suffix: str) -> None:
    path = FIXTURES / f"doccano_export{suffix}"
    assert find_format(path).name == "doccano"
    reading = read(path, ReadOptions(Scheme.load("belgorod")))
    # Five tasks were labelled there, one left open, and two brought their labels along.
    assert [(row.sentence, row.speaker, row.stance) for row in reading.rows] == [
        (2, "outlet", "asserts"),
        (8, "governor", "reports"),
        (9, "legion", "reports"),
        (10, "outlet", "asserts"),
        (18, "kremlin", "reports"),
        (22, "", ""),
        (0, "governor", "reports"),
        (1, "outlet", "asserts"),
    ]
    assert reading.notes == ("1 sentences without both labels",)
    first, second = reading.rows[:2]
    assert (first.article, first.outlet, first.date, second.date) == ("003", "Beacon Live", None, "2023-06-01")
    assert (first.extra["note"], first.extra["confidence"], first.extra["Comments"]) == ("read twice", 3, ["sure"])
    assert "note" not in second.extra
    assert second.extra["inclusion_p"] == pytest.approx(6 / 26)
    assert second.extra["before"].endswith("paint warehouse.")


def test_brat_spans_of_ones_own_are_read(tmp_path: Path) -> None:
    text = "Rain fell. “It was dark,” a neighbour said.\n"
    (tmp_path / "n1.txt").write_text(text, encoding="utf-8")
    end = len(text) - 1
    (tmp_path / "n1.ann").write_text(f"T1\twitness 11 {end}\t{text[11:end]}\nA1\tStance T1 reports\n", encoding="utf-8")
    rows = read(tmp_path, ReadOptions(scheme())).rows
    assert [(row.article, row.speaker, row.stance) for row in rows] == [("n1", "", ""), ("n1", "witness", "reports")]


def test_attributions_become_stances_and_sources_speakers(tmp_path: Path) -> None:
    for folder in ("text", "attributions"):
        (tmp_path / folder).mkdir()
    text = (
        "It rained in Dover. The road is safe, the prosecutor Ann Gray said. Gray left. "
        "She said nobody would be charged. A passer-by said it was loud and dark all night.\n"
    )
    parts = []
    for source, cue, content in (
        ("the prosecutor Ann Gray", "said", "The road is safe"),
        ("She", "said", "nobody would be charged"),
        ("A passer-by", "said", "it was loud and dark all night"),
    ):
        at = text.index(source)
        spans = [("Source", at, source), ("Cue", text.index(cue, at), cue), ("Content", text.index(content), content)]
        n = len(parts) * 3
        lines = [f"T{n + i}\t{kind} {s} {s + len(t)}\t{t}" for i, (kind, s, t) in enumerate(spans)]
        roles = " ".join(f"{kind}:T{n + i}" for i, (kind, _, _) in enumerate(spans))
        parts.append("\n".join([*lines, f"T{n + 100}\tAttribution {spans[1][1]} {spans[1][1] + 4}\tsaid"]))
        parts[-1] += f"\nE{n}\tAttribution:T{n + 100} {roles}\n"
    (tmp_path / "text" / "gazette_2024-05-01_dover.txt").write_text(text, encoding="utf-8")
    (tmp_path / "attributions" / "gazette_2024-05-01_dover_ab12.ann").write_text("".join(parts), encoding="utf-8")
    rows = read(tmp_path, ReadOptions(scheme())).rows
    assert [(row.speaker, row.stance, row.extra.get("source_by")) for row in rows] == [
        ("outlet", "asserts", None),
        # 13 of 39 letters of "The road is safe, the prosecutor Ann Gray said." lie in the content: under half.
        ("outlet", "asserts", None),
        ("outlet", "asserts", None),
        ("prosecution", "reports", "pronoun"),
        ("other", "reports", "rest"),
    ]
    assert rows[3].extra["source"] == "She"
    assert (rows[0].outlet, rows[0].date) == ("gazette", "2024-05-01")
    plain = read(tmp_path).rows
    assert {row.speaker for row in plain} == {"outlet", "source"}


def test_a_webanno_file_with_spans_over_several_tokens_is_read(tmp_path: Path) -> None:
    path = tmp_path / "n1.tsv"
    path.write_text(
        "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Talk|speaker|stance\n#T_SP=custom.Other\n\n\n"
        "#Text=😊 Dogs bark.\n"
        "1-1\t0-2\t😊\t_\t_\t_\t\n"
        "1-2\t3-7\tDogs\twitness[1]\treports[1]\t*\t\n"
        "1-3\t8-12\tbark\twitness[1]|out\\_let[2]\treports[1]|*[2]\t_\t\n"
        "1-4\t12-13\t.\t_\t_\t_\t\n",
        encoding="utf-8",
    )
    reading = read(path)
    assert [(row.text, row.speaker, row.stance) for row in reading.rows] == [("😊 Dogs bark.", "witness", "reports")]
    assert "Other (1)" in reading.notes[1]


def test_a_dataset_of_several_parts_with_coded_labels_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "who": datasets.ClassLabel(names=["judge", "outlet"]),
            "stance": datasets.Value("string"),
        }
    )
    parts = {
        name: datasets.Dataset.from_dict(
            {"text": [f"In {name}."], "who": [code], "stance": ["asserts"]}, features=features
        )
        for name, code in (("train", 1), ("test", 0), ("open", -1))
    }
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "d"))
    rows = read(tmp_path / "d", ReadOptions(columns={"speaker": "who"})).rows
    assert [(row.text, row.speaker, row.extra["split"]) for row in rows] == [
        ("In train.", "outlet", "train"),
        ("In test.", "judge", "test"),
        ("In open.", "", "open"),
    ]
    assert len({row.article for row in rows}) == 3


def test_excel_offers_the_labels_and_takes_a_sheet_of_ones_own(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    target = tmp_path / "out.xlsx"
    write(target, example(), scheme())
    sheet = openpyxl.load_workbook(target).active
    lists = {validation.formula1 for validation in sheet.data_validations.dataValidation}
    assert '"prosecution,defence,judge,witness,other,outlet"' in lists
    book = openpyxl.Workbook()
    book.active.append(["Notes of the project"])
    other = book.create_sheet("labels")
    other.append(["text", "who", "stance", None])
    other.append(["It rained.", "outlet", "asserts", None])
    other.append([None, None, None, None])
    book.save(tmp_path / "own.xlsx")
    rows = read(tmp_path / "own.xlsx", ReadOptions(columns={"speaker": "who"})).rows
    assert [(row.text, row.speaker) for row in rows] == [("It rained.", "outlet")]
    dated = openpyxl.Workbook()
    dated.active.append(["text", "published"])
    dated.active.append(["It rained.", datetime.datetime(2023, 5, 22)])  # noqa: DTZ001 - as a cell has it
    dated.save(tmp_path / "dated.xlsx")
    (row,) = read(tmp_path / "dated.xlsx", ReadOptions(columns={"date": "published"})).rows
    assert row.date == "2023-05-22"


def test_mistakes_are_named(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows(rows, example())
    with pytest.raises(SchemeError, match=r"rows.jsonl:1: did you mean"):
        read(rows, ReadOptions(Scheme.load("georgia")))
    with pytest.raises(RowError, match="unknown format"):
        read(rows, name="word")
    with pytest.raises(RowError, match="can only be read"):
        format_to_write(tmp_path / "x", "codes")
    with pytest.raises(RowError, match="cannot tell in which format"):
        format_to_write(tmp_path / "x.doc")
    with pytest.raises(RowError, match="no file or folder"):
        read(tmp_path / "none.json")
    with pytest.raises(RowError, match="nothing to write"):
        write(tmp_path / "x.json", [])
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(RowError, match="not JSON"):
        read(tmp_path / "bad.json")
    (tmp_path / "bad.xlsx").write_text("no zip", encoding="utf-8")
    with pytest.raises(RowError, match="no readable workbook"):
        read(tmp_path / "bad.xlsx")
    for character in "\x01\uffff":
        control = [replace(example()[0], text=f"a{character}b", start=0, end=3)]
        for name in ("xmi", "excel"):
            with pytest.raises(RowError, match="character that"):
                write(tmp_path / f"control-{name}", control, None, name)
    long = [replace(example()[0], text="a" * 40_000)]
    with pytest.raises(RowError, match="too long for a cell"):
        write(tmp_path / "long.xlsx", long)
    one_label = [replace(example()[0], stance="", speaker="nobody")]
    write(tmp_path / "one.jsonl", one_label)
    with pytest.raises(SchemeError, match="speaker 'nobody', 1 x"):
        read(tmp_path / "one.jsonl", ReadOptions(scheme()))


@pytest.mark.parametrize(
    ("files", "name", "reason"),
    [
        ({"in/a.txt": b"caf\xe9 said.", "in/a.ann": b"T1\tJudge 0 4\tcaf\n"}, None, "not UTF-8"),
        ({"in/TypeSystem.xml": b"<x>", "in/a.xmi": b"<x/>"}, "xmi", "is no type system"),
        ({"in/a.zip": b"PK no zip"}, "xmi", "no readable zip"),
        ({"in/a.json": b'[{"data": null}]'}, None, "bad 'data'"),
        ({"in/a.csv": b"a,b\n1,2\n"}, "codes", "no table of codes"),
        ({"in/a.txt": b"0\tcaf\xe9\n"}, "codes", "not UTF-8"),
        ({"in/a.csv": b"text,speaker,stance,evidence\nIt.,a,b,[{}]\n"}, None, "a.csv:2: bad 'evidence'"),
        ({"in/a.csv": b"text,speaker,stance,probabilities\nIt.,a,b,{}\n"}, None, "a.csv:2: bad 'probabilities'"),
        ({"in/a.jsonl": b'{"text": "It.", "article": "a", "sentence": 1.5}'}, None, "bad 'sentence'"),
        ({"in/a.jsonl": b'{"text": "It.", "article": "a", "sentence": 1, "start": Infinity}'}, None, "bad 'start'"),
    ],
)
def test_files_that_are_broken_are_named(
    files: dict[str, bytes], name: str | None, reason: str, tmp_path: Path
) -> None:
    if name == "xmi":
        pytest.importorskip("cassis")
    for place, content in files.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(content)
    several = len(files) > 1
    with pytest.raises(RowError, match=reason):
        read(tmp_path / "in" if several else tmp_path / next(iter(files)), ReadOptions(scheme()), name)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet", ".json", ".xlsx", ""])
def test_values_of_every_kind_are_written(suffix: str, tmp_path: Path) -> None:
    day = datetime.date(2023, 5, 22)
    values: list[object] = [1, "two", {"three": [day.year]}, None]
    rows = [
        replace(example()[0], article=f"a{n}", extra={"day": day, "mixed": value}) for n, value in enumerate(values)
    ]
    write(tmp_path / f"out{suffix}", rows, None, None if suffix else "datasets")
    back = read(tmp_path / f"out{suffix}").rows
    assert [str(row.extra["day"])[:10] for row in back] == ["2023-05-22"] * 4
    assert [str(row.extra.get("mixed", "")) or None for row in back[:2]] == ["1", "two"]
    assert back[2].extra["mixed"] in (values[2], '{"three": [2023]}')


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet", ".json"])
def test_numbers_that_json_does_not_know_become_null(suffix: str, tmp_path: Path) -> None:
    extra = {"mixed": float("nan"), "nested": {"x": [1.5, float("inf")]}}
    path = tmp_path / f"out{suffix}"
    write(path, [replace(example()[0], extra=extra), replace(example()[1], extra={"mixed": "text"})])
    if suffix == ".parquet":
        assert read(path).rows[0].extra["mixed"] is None
        return
    text = path.read_text(encoding="utf-8")
    assert "Infinity" not in text
    assert "NaN" not in text
    assert "null" in text


def test_what_is_no_file_is_written_into_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    with whole_file(pipe) as file:
        file.write("row\n")
    assert reader.communicate()[0] == b"row\n"
    assert pipe.is_fifo()


def test_older_articles_in_a_folder_are_told(tmp_path: Path) -> None:
    older = [replace(row, article="older") for row in example()[:1]]
    assert write(tmp_path / "out", older, None, "brat") == []
    assert write(tmp_path / "out", example()[:1], None, "brat") == [
        "out holds 1 other articles, written there before, the first of them older"
    ]


app = typer.Typer()
app.command()(convert)


def test_the_command_tells_what_is_lost(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("who,stance,text\njudge,reports,It rained.\n,,It stopped.\n", encoding="utf-8")
    target = tmp_path / "tasks.json"
    done = CliRunner().invoke(app, [str(rows), str(target), "--column", "speaker=who", "-s", "trial"])
    assert done.exit_code == 0, done.output
    assert "2 sentences, 1 labelled" in done.stderr
    assert 'value="distances"' in (tmp_path / "tasks.interface.xml").read_text(encoding="utf-8")
    back = tmp_path / "back.jsonl"
    assert CliRunner().invoke(app, [str(target), str(back)]).exit_code == 0
    assert [row.speaker for row in read_rows(back, labelled=False)] == ["judge", ""]
    done = CliRunner().invoke(app, [str(rows), str(target), "--column", "who"])
    assert done.exit_code == 2


def test_the_help_of_the_command_names_every_format() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).stdout.replace("│", " ").split())
    assert all(name in shown for name in FORMATS)


def test_a_cell_that_never_closes_swallows_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text('text,speaker,stance,note\nOne.,outlet,asserts,"forgot to close\nTwo.,outlet,asserts,\n')
    with pytest.raises(RowError, match="no readable line"):
        list(read_rows(path))
    path.write_text("text,speaker,stance,speaker\nOne.,legion,reports,kremlin\n")
    with pytest.raises(RowError, match="two columns of one name: speaker"):
        list(read_rows(path))


def test_half_a_surrogate_pair_passes_through(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"text": "bad \\ud800 half, good \\ud83d\\ude00", "speaker": "outlet", "stance": "asserts"}\n')
    rows = list(read_rows(path))
    assert rows[0].text == "bad \ufffd half, good \U0001f600"
    write_rows(tmp_path / "again.csv", rows)
    assert [row.text for row in read_rows(tmp_path / "again.csv")] == [rows[0].text]


any_cell = st.text(st.sampled_from("ab \r\n\t\"',;="), max_size=8)


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(any_cell, min_size=1, max_size=4), note=any_cell.filter(bool))
def test_any_line_ends_in_cells_come_back(suffix: str, texts: list[str], note: str, tmp_path: Path) -> None:
    rows = article("a", *((f"{text}x", "judge", "reports") for text in texts))
    rows = [replace(row, extra={"note": note}) for row in rows]
    write_rows(tmp_path / f"out{suffix}", rows)
    assert list(read_rows(tmp_path / f"out{suffix}")) == rows


def test_a_table_is_written_with_line_feeds_and_no_more_quotes_than_it_needs(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.csv", [LabelledSentence("a", 0, 0, 0, 2, "x,y", "judge", "reports")])
    assert (tmp_path / "out.csv").read_bytes() == (
        b'article,outlet,date,paragraph,sentence,start,end,text,speaker,stance\na,,,0,0,0,2,"x,y",judge,reports\n'
    )


def excel_of(path: Path, *lines: list[object]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)
    return path


def test_an_article_that_is_told_once_for_all_its_rows_is_an_error(tmp_path: Path) -> None:
    header = ["article", "sentence", "text", "speaker", "stance"]
    lines: list[list[object]] = [["a", 0, "One.", "judge", "reports"], [None, 1, "Two.", "judge", "reports"]]
    path = excel_of(tmp_path / "merged.xlsx", header, *lines)
    with pytest.raises(RowError, match=r"(?s)row 3: no 'article', but .*row 2 names one.*Fill the column down"):
        read(path)
    for suffix in (".csv", ".jsonl"):
        rows = [dict(zip(header, line, strict=True)) for line in lines]
        text = "\n".join(json.dumps(row) for row in rows)
        if suffix == ".csv":
            text = "\n".join(",".join("" if c is None else str(c) for c in line) for line in (header, *lines))
        (tmp_path / f"merged{suffix}").write_text(text + "\n")
        with pytest.raises(RowError, match="no 'article', but"):
            read(tmp_path / f"merged{suffix}")
    bare = excel_of(tmp_path / "bare.xlsx", header[2:], *(line[2:] for line in lines))
    assert len({row.article for row in read(bare).rows}) == 2


def test_rows_without_a_label_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,speaker,stance\nOne.,judge,reports\nTwo.,,\n")
    assert read(path).notes == ("1 of 2 rows lack a label (were cells merged?)",)
    book = excel_of(tmp_path / "rows.xlsx", ["text", "speaker", "stance"], ["One.", "judge", "reports"], ["Two."])
    assert read(book).notes == ("1 of 2 rows lack a label (were cells merged?)",)


def test_text_between_the_pieces_of_a_brat_span_is_not_labelled(tmp_path: Path) -> None:
    text = "He was there. It rained hard all day. She left."
    (tmp_path / "n1.txt").write_text(text, encoding="utf-8")
    (tmp_path / "n1.ann").write_text(f"T1\twitness 0 13;38 {len(text)}\tHe was there. She left.\n", encoding="utf-8")
    (tmp_path / "n2.txt").write_text("Nobody read this.", encoding="utf-8")
    reading = read(tmp_path, ReadOptions(scheme()))
    assert [row.speaker for row in reading.rows] == ["witness", "", "witness"]
    assert reading.notes[-1] == "texts left out because they have no .ann: n2.txt"


def test_brat_replaces_no_text_that_is_another(tmp_path: Path) -> None:
    (tmp_path / "7.txt").write_text("My only copy.", encoding="utf-8")
    with pytest.raises(RowError, match=r"(?s)holds 1 texts.*7\.txt.*nothing was written"):
        write(tmp_path, example(), None, "brat")
    assert [path.name for path in tmp_path.iterdir()] == ["7.txt"]
    assert (tmp_path / "7.txt").read_text(encoding="utf-8") == "My only copy."
    # What we wrote there ourselves may be written again.
    write(tmp_path / "ours", example(), None, "brat")
    write(tmp_path / "ours", example(), None, "brat")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_columns_that_would_be_passed_over_are_told(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"

    def table(*header: str) -> None:
        line = ["It rained.", "judge", "reports"][: len(header)]
        if suffix == ".xlsx":
            excel_of(path, list(header), list(line))
        elif suffix == ".csv":
            path.write_text(f"{','.join(header)}\n{','.join(line)}\n")
        elif suffix == ".jsonl":
            path.write_text(json.dumps(dict(zip(header, line, strict=True))) + "\n")
        else:
            pa = pytest.importorskip("pyarrow")
            import pyarrow.parquet as pq

            pq.write_table(pa.table({name: [cell] for name, cell in zip(header, line, strict=True)}), path)

    table("text", "Speaker", "STANCE")
    with pytest.raises(RowError, match="--column speaker=Speaker --column stance=STANCE"):
        read(path)
    (row,) = read(path, ReadOptions(columns={"speaker": "Speaker", "stance": "STANCE"})).rows
    assert (row.speaker, row.stance) == ("judge", "reports")
    with pytest.raises(RowError, match="no column Speker"):
        read(path, ReadOptions(columns={"speaker": "Speker", "stance": "STANCE"}))
    table("Text", "speaker", "stance")
    with pytest.raises(RowError, match="--column text=Text" if suffix != ".jsonl" else "no column text, but Text"):
        read(path)
    if suffix in {".csv", ".xlsx"}:
        table(" text", "speaker ", "stance")
        assert [row.speaker for row in read(path).rows] == ["judge"]


def test_columns_of_one_name_in_a_workbook_are_an_error(tmp_path: Path) -> None:
    path = excel_of(tmp_path / "twice.xlsx", ["text", "speaker", "stance", "speaker"], ["One.", "a", "b", "c"])
    with pytest.raises(RowError, match="two columns of one name: speaker"):
        read(path)


def test_what_stands_empty_beside_and_below_a_table_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,speaker,stance,,\nOne.,judge,reports,,\n,,,,\n,,,,\n")
    (row,) = read(path).rows
    assert (row.text, row.speaker, row.extra) == ("One.", "judge", {})
    path.write_text("text,speaker,stance,,\nOne, two, three.,judge,reports\n")
    with pytest.raises(RowError, match=r"rows\.csv:2: cells in two columns without a name"):
        read(path)
    # The numbers that pandas writes before each row.
    path.write_text(",text,speaker,stance\n0,One.,judge,reports\n")
    assert read(path).rows[0].extra == {"": "0"}


def test_semicolons_of_a_european_excel_are_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("\ufefftext;speaker;stance\r\nOne, two.;judge;reports\r\n".encode())
    reading = read(path)
    assert [(row.text, row.speaker) for row in reading.rows] == [("One, two.", "judge")]
    assert reading.notes == ("its columns are separated by semicolons, and were read so",)
    path.write_text("text;speaker,stance\n")
    with pytest.raises(RowError, match="text is missing"):
        read(path)
    path.write_text("text|speaker|stance\n")
    with pytest.raises(RowError, match=r"save it as \.xlsx"):
        read(path)


def test_a_column_of_ones_own_called_label_passes_through_doccano(tmp_path: Path) -> None:
    rows = [replace(row, extra={"label": "mine"}) for row in example() if row.is_labelled]
    assert write(tmp_path / "out.jsonl", rows, scheme(), "doccano") == []
    assert list(read(tmp_path / "out.jsonl", name="doccano").rows) == rows


def test_labels_are_found_by_id_in_any_case_and_by_name(tmp_path: Path) -> None:
    named = {speaker.id: speaker.name for speaker in scheme().speakers}
    path = tmp_path / "rows.csv"
    path.write_text(f"text,speaker,stance\nOne.,JUDGE,Reports\nTwo.,{named['witness']},reports\n")
    reading = read(path, ReadOptions(scheme()))
    assert [(row.speaker, row.stance) for row in reading.rows] == [("judge", "reports"), ("witness", "reports")]
    assert "'JUDGE' as judge (1)" in reading.notes[-1]
    path.write_text("text,speaker,stance\nOne.,plaintiff,report\nTwo.,jugde,reports\n")
    with pytest.raises(SchemeError) as error:
        read(path, ReadOptions(scheme()))
    assert all(part in str(error.value) for part in ("'plaintiff', 1 x", "'report', 1 x", "did you mean 'judge'?"))


def workbook(path: Path, *sheets: list[list[object]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for number, lines in enumerate(sheets, 1):
        sheet = book.create_sheet(f"coder {number}")
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


HEADER: list[object] = ["text", "speaker", "stance"]


def test_what_a_workbook_holds_beside_the_table_is_told(tmp_path: Path) -> None:
    first = [HEADER, ["The judge adjourned.", "outlet", "asserts", "unsure"], [" ", None, None]]
    found = read(workbook(tmp_path / "two.xlsx", first, [HEADER, ["He denied it.", "defence", "reports"]]))
    assert [row.text for row in found.rows] == ["The judge adjourned."]
    assert any("not coder 2" in note for note in found.notes)
    assert any("no name in the first row: 1" in note for note in found.notes)
    alone = read(workbook(tmp_path / "one.xlsx", [HEADER, ["The judge adjourned.", "outlet", "asserts"]]))
    assert alone.notes == ()


def test_a_workbook_that_states_too_small_a_size_is_read_whole(tmp_path: Path) -> None:
    from zipfile import ZipFile

    path = workbook(tmp_path / "right.xlsx", [HEADER, ["The judge adjourned.", "outlet", "asserts"]])
    with ZipFile(path) as book, ZipFile(tmp_path / "small.xlsx", "w") as small:
        for name in book.namelist():
            small.writestr(name, book.read(name).replace(b'<dimension ref="A1:C2"', b'<dimension ref="A1:A1"'))
    assert [(row.speaker, row.stance) for row in read(tmp_path / "small.xlsx").rows] == [("outlet", "asserts")]


def test_wrong_labels_are_told_by_the_line_in_which_a_person_finds_them(tmp_path: Path) -> None:
    table: list[list[object]] = [
        HEADER,
        ["The judge adjourned.", "outlet", "asserts"],
        [],
        ["No.", "Defnce", "reports"],
    ]
    with pytest.raises(SchemeError, match=r"labels\.xlsx, row 4: did you mean 'defence'"):
        read(workbook(tmp_path / "labels.xlsx", table), ReadOptions(scheme()))
    (tmp_path / "labels.csv").write_text("text,speaker,stance\nOne.,outlet,asserts\n\nNo.,Defnce,reports\n")
    with pytest.raises(SchemeError, match=r"labels\.csv:4: did you mean 'defence'"):
        read(tmp_path / "labels.csv", ReadOptions(scheme()))


def test_names_are_labels_in_any_case(tmp_path: Path) -> None:
    name = scheme().speaker("prosecution").name
    typed = (name, name.upper(), f"  {name.lower().replace(' ', '  ')} ", "Prosecution")
    lines: list[list[object]] = [[f"Sentence {i}.", label, "Reports "] for i, label in enumerate(typed)]
    found = read(workbook(tmp_path / "names.xlsx", [HEADER, *lines]), ReadOptions(scheme()))
    assert [(row.speaker, row.stance) for row in found.rows] == [("prosecution", "reports")] * len(typed)


def test_odd_answers_of_label_studio_are_told(tmp_path: Path) -> None:
    def export(*results: object) -> Path:
        path = tmp_path / "export.json"
        path.write_text(
            json.dumps([{"id": 7, "data": {"text": "He denied it."}, "annotations": [{"result": r}]} for r in results])
        )
        return path

    choice = {"from_name": "who", "type": "choices", "value": {"choices": ["defence"]}}
    found = read(export([choice], None, [None]))
    assert [row.speaker for row in found.rows] == ["", "", ""]
    assert any("neither speaker nor stance: who (1)" in note for note in found.notes)
    assert read(export([choice]), ReadOptions(columns={"speaker": "who"})).rows[0].speaker == "defence"
    place = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 0, "hypertextlabels": ["defence"]}
    with pytest.raises(RowError, match=r"task 1 .*not counted in characters"):
        read(export([{"from_name": "label", "type": "hypertextlabels", "value": place}]))


def test_tasks_do_not_replace_the_answers_to_them(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(convert)
    tasks, sheet = str(tmp_path / "tasks.jsonl"), tmp_path / "tasks.xlsx"
    write_rows(Path(tasks), [row.with_labels("", "") for row in example()])
    for _ in range(2):  # nothing is filled in yet
        assert CliRunner().invoke(app, [tasks, str(sheet)]).exit_code == 0
    write(sheet, example())
    done = CliRunner().invoke(app, [tasks, str(sheet)])
    assert isinstance(done.exception, RowError)
    assert "holds labels that would be lost" in str(done.exception)
    # Labels go where there are others, as when a correction is converted again.
    mended = [replace(row, speaker="judge", stance="asserts") for row in example()]
    write_rows(tmp_path / "mended.jsonl", mended)
    assert CliRunner().invoke(app, [str(tmp_path / "mended.jsonl"), str(sheet)]).exit_code == 0
    assert {row.speaker for row in read(sheet).rows} == {"judge"}


def test_digits_that_excel_does_not_keep_are_no_loss(tmp_path: Path) -> None:
    rows = [replace(row, extra={"inclusion_p": 0.1 + 0.2}) for row in example()]
    assert write(tmp_path / "tasks.xlsx", rows) == []
    assert losses(rows, [replace(row, extra={"inclusion_p": 0.3001}) for row in rows], "tasks.xlsx") != []


def test_many_labels_are_offered_from_a_sheet_of_their_own(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    from sayso.model.scheme_draft import draft

    names = [f"Civil society organisation number {chr(97 + i)}" for i in range(10)]
    many = Scheme.from_yaml(draft("many", "", names), "draft")
    rows = article("a", ("The judge adjourned.", "outlet", "asserts"))
    assert write(tmp_path / "tasks.xlsx", rows, many) == []
    book = openpyxl.load_workbook(tmp_path / "tasks.xlsx")
    lists = [validation.formula1 for validation in book.active.data_validations.dataValidation]
    assert lists == ["'speaker labels'!$A$1:$A$12", '"asserts,reports"']
    assert tuple(cell.value for cell in book["speaker labels"]["A"]) == many.speaker_ids


def test_attributions_in_another_encoding_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Müller said it rained.", encoding="utf-8")
    (tmp_path / "a.ann").write_bytes("T1\tSource 0 6\tMüller\nE1\tAttribution:T1 Source:T1\n".encode("latin-1"))
    with pytest.raises(RowError, match=r"a\.ann:1: not UTF-8"):
        read(tmp_path)


def test_probabilities_with_the_comma_of_a_european_excel_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("text;speaker;stance;inclusion_p;note\nIt rained.;outlet;asserts;0,125;1,5\nNo.;;;1,5E-02;\n")
    rows = read(path).rows
    assert [row.extra["inclusion_p"] for row in rows] == ["0.125", "1.5E-02"]
    assert rows[0].extra["note"] == "1,5"


def test_how_sentences_are_numbered_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("article,text,speaker,stance\na,It rained.,outlet,asserts\n")
    with pytest.raises(RowError, match=r"labels\.csv:2: no 'sentence'(.|\n)*number each article's sentences 0, 1, 2"):
        read(path)


def test_nobody_is_called_none_and_the_first_label_is_taken() -> None:
    (row,) = article("a", ("The judge adjourned.", "outlet", "asserts"))
    by_people = [replace(row, extra={"annotator": name}) for name in (None, "ann")]
    assert list(split_annotators(by_people)) == ["", "ann"]
    skipped = [replace(by_people[0], speaker="", stance=""), by_people[1]]
    assert of_annotator(skipped, "first") == [by_people[1]]


@pytest.mark.parametrize("broken", ["annotations", "result", "value", "choices", "from_name"])
def test_what_label_studio_never_writes_is_no_answer(broken: str, tmp_path: Path) -> None:
    choice = {"from_name": "speaker", "type": "choices", "value": {"choices": ["defence"]}}
    task: dict[str, object] = {"id": [], "data": {"text": "He denied it."}, "annotations": [{"result": [choice]}]}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task, task]))
    assert [row.speaker for row in read(path).rows] == ["defence"] * 2
    for odd in (1, True, [[1]], "x", {"x": 1}):

        def changed(inner: dict[str, object], odd: object = odd) -> dict[str, object]:
            return {**inner, broken: odd} if broken in inner else inner

        path.write_text(json.dumps([json.loads(json.dumps(task), object_hook=changed)]))
        assert [row.speaker for row in read(path).rows] in ([""], ["[1]"])


def test_a_label_that_no_row_has_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("text,who,stance\nIt rained.,outlet,asserts\nNo.,defence,reports\n")
    assert read(path).notes == ("no row has a speaker: is its column named otherwise? --column speaker=NAME",)
    assert read(path, ReadOptions(columns={"speaker": "who"})).notes == ()
    path.write_text("text\nIt rained.\n")
    assert read(path).notes == ()
