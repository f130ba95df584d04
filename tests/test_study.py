"""A user's labelled sentences on their way into training: what is wrong or left out is told first."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.cli.sample import sample
from sayso.cli.train import train
from sayso.formats import read, write
from sayso.model.errors import ConfigError, RowError, SaysoError, SchemeError
from sayso.model.records import LabelledSentence
from sayso.model.rowfiles import write_rows
from sayso.model.scheme import Scheme
from sayso.train.data import load, read_study, split
from sayso.train.examples import UNLABELLED, from_rows
from sayso.train.rows import PlacedRow, RowFile, checked_rows
from sayso.train.settings import Data, TrainSettings

LINES = (
    ("The prosecutor said two houses burned.", "prosecution", "reports"),
    ("The trial began on Monday.", "outlet", "asserts"),
    ("The defence denied it.", "defence", "distances"),
    ("The judge adjourned.", "outlet", "asserts"),
    ("Reporters were told of three fires.", "other", "reports"),
)


def trial() -> Scheme:
    return Scheme.load("trial")


def rows(n_articles: int = 10) -> list[LabelledSentence]:
    found = []
    for a in range(n_articles):
        at = 0
        for i, (text, speaker, stance) in enumerate(LINES):
            whole = f"{text[:-1]} in town {a}."
            found.append(LabelledSentence(f"a{a}", i // 2, i, at, at + len(whole), whole, speaker, stance))
            at += len(whole) + 1
    return found


def recipe(path: Path, **changes: object) -> TrainSettings:
    return TrainSettings.from_dict({"scheme": "trial", "data": {"rows": [str(path)]}, **changes}, "test")


def csv_of(path: Path, labelled: list[LabelledSentence]) -> Path:
    write_rows(path, labelled)
    return path


def test_unknown_labels_are_told_all_at_once_with_their_lines(tmp_path: Path) -> None:
    wrong = rows()
    wrong[7] = replace(wrong[7], speaker="defense")
    wrong[9] = replace(wrong[9], speaker="defense", stance="report")
    with pytest.raises(SchemeError) as error:
        load(Data(rows=(csv_of(tmp_path / "labels.csv", wrong),)), trial())
    # Row 7 stands in line 9: the header is line 1.
    assert "labels.csv:9: did you mean 'defence'?" in str(error.value)
    assert "speaker 'defense', 2 x" in str(error.value)
    assert "stance 'report', 1 x" in str(error.value)


def test_a_sentence_with_two_labels_is_an_error_and_one_that_stands_twice_is_left_out(tmp_path: Path) -> None:
    again = [*rows(), rows()[3]]
    study = read_study(recipe(csv_of(tmp_path / "again.csv", again)))
    assert sum(len(a.sentences) for a in study.articles) == 50
    assert "again.csv: rows left out because another row of the same sentence says as much: 1" in study.summary
    clash = [*rows(), replace(rows()[3], speaker="judge")]
    with pytest.raises(RowError, match=r"clash.csv:5: outlet asserts, but .*clash.csv:52: judge asserts"):
        read_study(recipe(csv_of(tmp_path / "clash.csv", clash)))
    renumbered = [*rows(), replace(rows()[3], text="Another sentence.")]
    with pytest.raises(RowError, match="sentence 3 of article 'a0' stands there with two texts"):
        read_study(recipe(csv_of(tmp_path / "numbers.csv", renumbered)))


def test_a_sentence_with_other_labels_in_another_file_is_an_error(tmp_path: Path) -> None:
    bare = [replace(row, article=f"row-{i:06d}", paragraph=0, sentence=0) for i, row in enumerate(rows())]
    for name, first in (("placed", rows()), ("bare", bare)):
        files = (csv_of(tmp_path / f"{name}-one.csv", first), csv_of(tmp_path / f"{name}-two.csv", first))
        said: list[str] = []
        # The same label twice teaches once.
        assert len(load(Data(rows=files), trial(), say=said.append)) == len({row.article for row in first})
        assert f"{name}-two.csv: labels left out because an earlier file gives them too: 50" in said
        csv_of(files[1], [replace(row, speaker="judge") if i == 3 else row for i, row in enumerate(first)])
        with pytest.raises(RowError, match=rf"{name}-one.csv:5: outlet asserts, but .*{name}-two.csv:5: judge asserts"):
            load(Data(rows=files), trial())


def test_bare_rows_are_known_by_their_text(tmp_path: Path) -> None:
    lines = [f"{row.text},{row.speaker},{row.stance}" for row in rows()]
    path = tmp_path / "bare.csv"
    path.write_text("\n".join(["text,speaker,stance", *lines, lines[4]]) + "\n")
    assert len(read_study(recipe(path)).articles) == 50
    path.write_text("\n".join(["text,speaker,stance", *lines, lines[4].replace("other", "judge")]) + "\n")
    with pytest.raises(RowError, match="sentences with two different labels: 1"):
        read_study(recipe(path))
    # In articles the same words may be said by anybody.
    twins = [replace(row, article=f"b{row.article}") for row in rows()]
    twins[0] = replace(twins[0], speaker="judge")
    assert len(load(Data(rows=(csv_of(tmp_path / "twins.csv", [*rows(), *twins]),)), trial())) == 20


def test_two_people_are_told_apart() -> None:
    both = [
        PlacedRow("x", replace(rows()[0], speaker=who, extra={"annotator": name}))
        for who, name in (("judge", "ann"), ("witness", "bob"))
    ]
    with pytest.raises(RowError, match="sayso agree"):
        checked_rows(RowFile(tuple(both)), trial(), "x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"speaker": "outlet"}, "only one speaker .*\n.*at least two of prosecution"),
        ({"stance": "asserts"}, "only one stance"),
        ({"speaker": ""}, "no labelled sentence"),
        ({"text": " "}, "no usable 'text'"),
    ],
)
def test_what_teaches_nothing_is_an_error(tmp_path: Path, change: dict[str, str], message: str) -> None:
    path = csv_of(tmp_path / "labels.csv", [replace(row, **change) for row in rows()])  # type: ignore[arg-type]
    with pytest.raises(RowError, match=message):
        read_study(recipe(path))


def test_too_little_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"too few labelled sentences(.|\n)*found: +3"):
        read_study(recipe(csv_of(tmp_path / "three.csv", rows()[:3])))
    # Four articles: a tenth of them is none.
    path = csv_of(tmp_path / "four.csv", rows(4))
    with pytest.raises(RowError, match=r"too few articles to hold some out(.|\n)*at least 6 articles"):
        read_study(recipe(path))
    told = read_study(recipe(path, validation_share=0.0)).summary
    assert any("nothing is held out" in line for line in told)


def test_labels_that_nobody_gave_are_named(tmp_path: Path) -> None:
    summary = read_study(recipe(csv_of(tmp_path / "labels.csv", rows()))).summary
    assert "no sentence with the speaker judge, witness: the model will hardly give it" in summary


def test_sentences_without_labels_are_read_and_not_learned(tmp_path: Path) -> None:
    gaps = [replace(row, speaker="", stance="") if row.sentence == 2 or row.article == "a9" else row for row in rows()]
    study = read_study(recipe(csv_of(tmp_path / "labels.csv", gaps)))
    assert [len(a.sentences) for a in study.articles] == [5] * 9
    assert all(a.targets[2] == UNLABELLED for a in study.articles)
    assert "labels.csv: articles left out because nothing in them is labelled: 1" in study.summary
    assert any("36 of them labelled" in line or "32 of them labelled" in line for line in study.summary)


def test_a_bad_weight_is_told() -> None:
    with pytest.raises(RowError, match=r"(?s)sentence 0 of article 'a0': bad 'weight'.*'heavy'"):
        from_rows([replace(rows()[0], extra={"weight": "heavy"})], "test")


def test_a_sampled_sentence_is_read_in_its_context() -> None:
    row = replace(rows()[2], extra={"before": "It rained.\n\nThe sun came out.", "after": "Nobody laughed."})
    (article,) = from_rows([row, replace(rows()[4], extra={"before": "", "after": ""})], "test")
    assert [s.text for s in article.sentences] == [
        "It rained.",
        "The sun came out.",
        row.text,
        "Nobody laughed.",
        rows()[4].text,
    ]
    assert [t.is_known for t in article.targets] == [False, False, True, False, True]
    # The first one stands in paragraph 1: neither it nor what stands before it is a headline.
    assert [s.paragraph for s in article.sentences] == [1, 2, 2, 2, 3]
    (article,) = from_rows([replace(rows()[0], extra={"before": "", "after": "It rained."})], "test")
    assert [s.paragraph for s in article.sentences] == [0, 0]


pieces = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40).filter(
    str.strip
)


@given(
    st.lists(st.tuples(st.one_of(st.just(""), pieces), pieces, st.one_of(st.just(""), pieces)), min_size=1, max_size=4)
)
def test_any_context_keeps_every_sentence_at_its_place(parts: list[tuple[str, str, str]]) -> None:
    sampled = [
        replace(rows()[0], sentence=i, text=text, extra={"before": before or "x", "after": after})
        for i, (before, text, after) in enumerate(parts)
    ]
    (article,) = from_rows(sampled, "test")
    assert all(article.text[s.start : s.end] == s.text for s in article.sentences)
    assert [s.text for s, t in zip(article.sentences, article.targets, strict=True) if t.is_known] == [
        text for _, text, _ in parts
    ]
    assert [s.sentence for s in article.sentences] == list(range(len(article.sentences)))
    paragraphs = [s.paragraph for s in article.sentences]
    assert paragraphs == sorted(paragraphs)


app = typer.Typer()
app.command("train")(train)
app.command("sample")(sample)


@pytest.mark.parametrize("name", ["tasks.xlsx", "tasks.json", "tasks.csv"])
@pytest.mark.parametrize("unit", ["article", "sentence"])
def test_the_answers_to_a_sample_teach(tmp_path: Path, name: str, unit: str) -> None:
    corpus = tmp_path / "rows.jsonl"
    write_rows(corpus, rows(12))
    n = "8" if unit == "article" else "40"
    tasks = tmp_path / name
    drawn = CliRunner().invoke(app, ["sample", str(corpus), "-n", n, "--unit", unit, "-s", "trial", "-o", str(tasks)])
    assert drawn.exit_code == 0, drawn.output
    truth = {row.key: row for row in rows(12)}
    answered = [
        row if i == 7 else replace(row, speaker=truth[row.key].speaker, stance=truth[row.key].stance)
        for i, row in enumerate(read(tasks).rows)
    ]
    write(tasks, answered, trial())
    config = tmp_path / "my.yaml"
    config.write_text("scheme: trial\nvalidation_share: 0.2\n")
    done = CliRunner().invoke(app, ["train", "-c", str(config), "--data", str(tasks), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "39 of them labelled" in done.stderr or f"rows:{name}" in done.stderr
    assert "lack a label" in done.stderr


def test_wrong_answers_are_told_in_any_format(tmp_path: Path) -> None:
    wrong = rows()
    wrong[0] = replace(wrong[0], speaker="plaintiff")
    tasks = tmp_path / "tasks.json"
    write(tasks, wrong)
    config = tmp_path / "my.yaml"
    config.write_text("scheme: trial\n")
    done = CliRunner().invoke(app, ["train", "-c", str(config), "--data", str(tasks), "--dry-run"])
    assert isinstance(done.exception, SaysoError)
    assert "sentence 0 of a0" in str(done.exception)


def test_no_twin_of_a_held_out_article_teaches(tmp_path: Path) -> None:
    # Each article stands there twice, the second time in capitals.
    twins = [replace(row, article=f"b{row.article}", text=row.text.upper()) for row in rows()]
    settings = recipe(csv_of(tmp_path / "labels.csv", [*rows(), *twins]), validation_share=0.2)
    parts = split(load(settings.data, trial()), settings)
    held = {a.text.casefold() for a in parts.validation}
    assert len(parts.validation) == 4
    assert not held & {a.text.casefold() for a in parts.train}
    n_gone = 20 - len(parts.train) - len(parts.validation)
    assert parts.notes == (f"training articles dropped because the same text is held out: {n_gone}",)


def test_named_articles_are_held_out_whatever_else_the_study_holds(tmp_path: Path) -> None:
    named = tmp_path / "held_out.txt"
    named.write_text("# never learned from\na3\n\na7\n")
    labels = csv_of(tmp_path / "labels.csv", rows(12))
    settings = recipe(labels, validation_share=0.0, held_out=str(named))
    parts = split(load(settings.data, trial()), settings)
    assert [a.id for a in parts.validation] == ["a3", "a7"]
    assert len(parts.train) == 10
    with pytest.raises(ConfigError, match="validation_share to 0"):
        recipe(labels, held_out=str(named))
    for text, fault in (
        ("a3\na70\n", "a70"),
        ("# a3\n", "names no article"),
        ("\n".join(f"a{i}" for i in range(12)), "every article"),
    ):
        named.write_text(text)
        with pytest.raises(ConfigError, match=fault):
            split(load(settings.data, trial()), settings)
    named.unlink()
    with pytest.raises(ConfigError, match="cannot read held_out"):
        split(load(settings.data, trial()), settings)


def test_an_article_of_two_files_is_on_one_side(tmp_path: Path) -> None:
    # Two samples of the same articles, one sentence each, as `sayso sample` draws them one after the other.
    folders = [tmp_path / name for name in ("first", "second")]
    files = []
    for folder, kept in zip(folders, ((0, 1, 2), (3, 4)), strict=True):
        folder.mkdir()
        files.append(csv_of(folder / "labels.csv", [row for row in rows(30) if row.sentence in kept]))
    settings = recipe(files[0], data={"rows": [str(path) for path in files]}, validation_share=0.2)
    articles = load(settings.data, trial())
    assert {a.origin for a in articles} == {f"rows:{path}" for path in files}
    parts = split(articles, settings)
    assert len(parts.validation) == 12
    assert not {a.id for a in parts.validation} & {a.id for a in parts.train}
    # One file alone is drawn as ever; bare rows of two files have nothing to do with each other.
    alone = split([a for a in articles if a.origin == f"rows:{files[0]}"], settings)
    assert [a.id for a in alone.validation] == [a.id for a in parts.validation[:6]]
    bare = [replace(a, id=f"row-{i:06d}") for i, a in enumerate(articles[:30])]
    others = [replace(a, origin="rows:other", text=f"{a.text} Again.") for a in bare]
    parts = split([*bare, *others], settings)
    first, second = ({a.id for a in parts.validation if a.origin == o} for o in (bare[0].origin, "rows:other"))
    assert first != second


def test_more_speakers_than_the_network_has_places_for(tmp_path: Path) -> None:
    plain = trial().to_dict()
    letters = "ABCEFGHIKLM"
    plain["speakers"] += [
        {"id": f"more_{x.lower()}", "name": x, "colour": "#000000", "letter": x}
        for x in letters
        if x not in {s["letter"] for s in plain["speakers"]}
    ]
    path = tmp_path / "crowd.yaml"
    path.write_text(json.dumps(plain), encoding="utf-8")
    assert len(Scheme.load(path).speakers) > 16
    with pytest.raises(SchemeError, match=r"too many speakers(.|\n)*at most 16"):
        read_study(recipe(csv_of(tmp_path / "labels.csv", rows()), scheme=str(path)))


def test_a_shipped_recipe_by_its_bare_name() -> None:
    assert TrainSettings.load(Path("default")) == TrainSettings.load(Path("default.yaml"))


def test_a_line_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(
        "text,speaker,stance\nIt rained.,outlet,asserts\nThe café burned.,outlet,asserts\n".encode("cp1252")
    )
    with pytest.raises(RowError, match=r"labels.csv:3: not UTF-8"):
        read_study(recipe(path))
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    with pytest.raises(RowError, match="binary data"):
        read_study(recipe(path))


def test_a_broken_line_of_many_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    good = json.dumps({"text": "It rained.", "speaker": "outlet", "stance": "asserts"})
    path.write_text("\n".join([*[good] * 4000, good[:-5], good]) + "\n")
    with pytest.raises(RowError, match=r"labels.jsonl:4001: not JSON"):
        read_study(recipe(path))


def test_people_whose_labels_differ_are_sent_to_agree(tmp_path: Path) -> None:
    both = [replace(row, extra={"coder": "ann"}) for row in rows()]
    both += [replace(row, speaker="judge", extra={"coder": "bob"}) for row in rows()]
    with pytest.raises(RowError, match=r"sayso agree.*column `annotator`"):
        read_study(recipe(csv_of(tmp_path / "both.csv", both)))


def test_a_models_own_labels_are_learned_from_with_a_warning(tmp_path: Path) -> None:
    predicted = [replace(row, speaker_p=0.9, stance_p=0.8) for row in rows()]
    told = read_study(recipe(csv_of(tmp_path / "rows.csv", predicted))).summary
    assert any(line.startswith("rows.csv: WARNING: 50 labelled rows hold a model's probabilities") for line in told)
    assert not any("WARNING" in line for line in read_study(recipe(csv_of(tmp_path / "gold.csv", rows()))).summary)


def test_names_and_semicolons_are_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = [f"{row.text};{row.speaker.capitalize()};{row.stance}" for row in rows()]
    path.write_text("\n".join(["text;speaker;stance", *lines]) + "\n")
    told = read_study(recipe(path)).summary
    assert any("separated by semicolons" in line for line in told)
    assert any("'Outlet' as outlet (20)" in line for line in told)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--folds", "50"], r"cannot make the folds(.|\n)*2 to 10 folds"),
        (["-o", "taken"], "taken exists and is no model folder"),
        (["--encoder", "bare"], "cannot load the encoder 'bare'(.|\n)*no config.json, model.safetensors"),
        (["--encoder", "mis/spelt/name"], "cannot load the encoder 'mis/spelt/name'"),
    ],
)
def test_a_dry_run_finds_what_would_stop_the_run(
    options: list[str], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    csv_of(tmp_path / "rows.csv", rows())
    (tmp_path / "my.yaml").write_text("scheme: trial\n")
    for folder in ("taken", "bare"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "thesis.txt").write_text("mine")
    done = CliRunner().invoke(app, ["train", "-c", "my.yaml", "--data", "rows.csv", "--dry-run", *options])
    assert isinstance(done.exception, SaysoError)
    assert re.search(fault, str(done.exception))


def test_labels_in_other_letters_in_another_file_are_no_clash(tmp_path: Path) -> None:
    capital = [replace(row, speaker=row.speaker.capitalize()) for row in rows()]
    files = csv_of(tmp_path / "one.csv", rows()), csv_of(tmp_path / "two.csv", capital)
    assert len(load(Data(rows=files), trial())) == 10


def test_one_number_for_two_texts_in_two_files_is_told(tmp_path: Path) -> None:
    other = [replace(row, text=f"{row.text[:-1]} again.", end=row.end + 6) for row in rows()[:5]]
    files = csv_of(tmp_path / "one.csv", rows()), csv_of(tmp_path / "two.csv", [replace(r, start=0) for r in other])
    said: list[str] = []
    load(Data(rows=files), trial(), say=said.append)
    assert any("have another text in another file, and teach as two: 5" in line for line in said)


def test_small_files_hold_out_together(tmp_path: Path) -> None:
    files = []
    for i in range(5):
        mine = [row for row in rows() if row.article in {f"a{2 * i}", f"a{2 * i + 1}"}]
        files.append(csv_of(tmp_path / f"{i}.csv", mine))
    settings = recipe(files[0], data={"rows": [str(path) for path in files]}, validation_share=0.2)
    assert len(split(load(settings.data, trial()), settings).validation) == 2


def test_what_makes_scores_doubtful_is_told(tmp_path: Path) -> None:
    told = read_study(recipe(csv_of(tmp_path / "labels.csv", rows()), validation_share=0.2)).summary
    assert any(line.startswith("only 10 labelled sentences are held out") for line in told)
    assert not any("name no article" in line for line in told)
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(["text,speaker,stance", *(f"{r.text},{r.speaker},{r.stance}" for r in rows())]) + "\n")
    assert any("bare.csv: rows name no article" in line for line in read_study(recipe(bare)).summary)


def test_folds_need_no_articles_to_hold_out_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    csv_of(tmp_path / "rows.csv", rows(5))
    (tmp_path / "my.yaml").write_text("scheme: trial\nvalidation_share: 0.05\n")
    with pytest.raises(RowError, match="too few articles to hold some out"):
        read_study(recipe(tmp_path / "rows.csv", validation_share=0.05))
    options = ["--data", "rows.csv", "--dry-run", "--folds", "5"]
    done = CliRunner().invoke(app, ["train", "-c", "my.yaml", *options])
    assert (done.exit_code, "5 models would be trained" in done.output) == (0, True)
