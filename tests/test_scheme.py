from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.cli.scheme import remarks, scheme_app
from sayso.model.errors import SaysoError, SchemeError
from sayso.model.mentions import AliasMatcher
from sayso.model.records import LabelledSentence
from sayso.model.rowfiles import write_rows
from sayso.model.scheme import Scheme, Speaker, shipped_schemes
from sayso.model.scheme_draft import draft


@pytest.mark.parametrize("name", ["attribution", "belgorod", "georgia", "trial", "us2016"])
def test_shipped_schemes_are_complete(name: str) -> None:
    assert name in shipped_schemes()
    scheme = Scheme.load(name)
    assert scheme.name == name
    assert scheme.rest is not None
    missing = [remark for remark in remarks(scheme) if name != "attribution" or "aliases" not in remark]
    assert missing == []


def test_the_labels_of_a_draft_are_the_names_given() -> None:
    scheme = Scheme.from_dict(
        yaml.safe_load(draft("My study", "Strikes", ["Unions", "Police", "Youth", "Yard owners"])), "draft"
    )
    assert scheme.name == "my-study"
    assert scheme.speaker_ids == ("unions", "police", "youth", "yard_owners", "other", "outlet")
    # Youth takes Y, so Yard owners takes its next letter; N is the outlet's.
    assert [speaker.letter for speaker in scheme.speakers] == ["U", "P", "Y", "A", "O", "N"]
    assert (scheme.outlet, scheme.rest, scheme.vouched) == ("outlet", "other", "asserts")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.from_regex(r"[A-Za-z][A-Za-z '\"\\-]{0,12}", fullmatch=True), min_size=1, max_size=12, unique=True),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20),
)
def test_any_names_and_title_make_a_valid_scheme_or_an_error(names: list[str], title: str) -> None:
    ids = [re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") for name in names]
    if len(set(ids)) < len(ids):
        with pytest.raises(SchemeError, match="one id"):
            draft("study", title, names)
        return
    text = draft("study", title, names)
    scheme = Scheme.from_dict(yaml.safe_load(text), "draft")
    assert [s.name for s in scheme.speakers][: len(names)] == [name.strip() for name in names]
    assert scheme.title == title.strip()


@pytest.mark.parametrize("name", ["no", "Yes", "null", "on"])
def test_names_that_yaml_would_misread_are_quoted(name: str) -> None:
    scheme = Scheme.from_dict(yaml.safe_load(draft(name, name, [name, "Police"], rest=name)), "draft")
    assert scheme.name == scheme.speaker_ids[0] == scheme.rest == name.lower()


def test_the_command_writes_a_scheme_once(tmp_path: Path) -> None:
    file = tmp_path / "strike.yaml"
    arguments = ["init", str(file), "--speakers", "unions, employers", "--rest", ""]
    assert CliRunner().invoke(scheme_app, arguments).exit_code == 0
    assert Scheme.load(file).speaker_ids == ("unions", "employers", "outlet")
    assert Scheme.load(file).rest is None
    again = CliRunner().invoke(scheme_app, arguments)
    assert isinstance(again.exception, SaysoError)
    done = CliRunner().invoke(scheme_app, ["check", str(file)])
    assert done.exit_code == 0
    assert "speaker unions has no description" in done.stderr
    assert "set `rest`" in done.stderr


def test_names_parted_by_semicolons_are_not_one_name(tmp_path: Path) -> None:
    done = CliRunner().invoke(scheme_app, ["init", str(tmp_path / "mine.yaml"), "--speakers", "Police; Unions"])
    assert done.exit_code == 2
    assert not (tmp_path / "mine.yaml").exists()


def test_a_draft_that_is_no_scheme_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "strike.yaml"
    done = CliRunner().invoke(scheme_app, ["init", str(file), "--speakers", "unions, other", "--outlet", "other"])
    assert "rest and outlet must be different" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_check_reads_codes_and_tells_of_too_many_speakers(tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("article,sentence,code\na,0,Jr\n", encoding="utf-8")
    done = CliRunner().invoke(scheme_app, ["check", "trial", str(tmp_path / "codes.csv")])
    assert done.exit_code == 0
    assert "judge 1" in done.stderr
    many = Scheme.from_yaml(draft("many", "", [f"{letter} party" for letter in "ABCDEFGHIJKLMOPQR"]), "draft")
    assert "19 speakers; a model can be trained for 16 at most" in remarks(many)


def test_check_counts_labels_and_names_wrong_ones(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = [
        LabelledSentence("a", 0, i, 0, 2, "It", speaker, stance)
        for i, (speaker, stance) in enumerate([("judge", "reports"), ("jugde", "reports"), ("judge", "doubts")])
    ]
    write_rows(file, rows)
    done = CliRunner().invoke(scheme_app, ["check", "trial", str(file)])
    assert "speaker 'jugde', 1 times" in str(done.exception)
    assert "stance 'doubts', 1 times" in str(done.exception)
    assert f"first in {file}:4" in str(done.exception)  # the header is line 1
    assert "judge 2" in done.stderr


def test_show_lists_prints_and_gives_the_file() -> None:
    assert "georgia: The protests" in CliRunner().invoke(scheme_app, ["show"]).stdout
    shown = CliRunner().invoke(scheme_app, ["show", "trial"]).stdout
    assert "N outlet [outlet]" in shown
    assert "asserts [vouched]" in shown
    given_file = CliRunner().invoke(scheme_app, ["show", "trial", "--yaml"]).stdout
    assert Scheme.from_dict(yaml.safe_load(given_file), "shown") == Scheme.load("trial")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"speekers": []}, "speekers: Extra inputs are not permitted"),
        ({"outlet": "paper"}, "outlet is 'paper', which is none of police, outlet"),
        ({"rest": "outlet"}, "rest and outlet must be different"),
        ({"vouched": "claims"}, "vouched is 'claims'"),
        ({"name": "My Study"}, "name: 'My Study' must be small letters"),
    ],
)
def test_faults_are_told_in_words(change: dict[str, object], said: str) -> None:
    speakers = [
        {"id": "police", "name": "Police", "colour": "#b3261e", "letter": "P"},
        {"id": "outlet", "name": "The outlet", "colour": "#5f6368", "letter": "N"},
    ]
    data = {"name": "town", "outlet": "outlet", "speakers": speakers, **change}
    with pytest.raises(SchemeError, match="is no valid scheme") as error:
        Scheme.from_dict(data, "town.yaml")
    assert said in str(error.value)


def test_faults_of_speakers_are_told_in_words() -> None:
    text = """
name: town
outlet: outlet
speakers:
  - {id: police, name: Police, colour: "#b3261e", letter: P, aliases: [the force]}
  - {id: witness, name: No, colour: red, letter: P, aliases: [The Force]}
  - {id: outlet, name: The outlet, colour: "#5f6368", letter: N}
"""
    with pytest.raises(SchemeError) as error:
        Scheme.from_dict(yaml.safe_load(text), "town.yaml")
    assert "speakers.1.colour: 'red' must be \"#\" and six digits" in str(error.value)
    # YAML reads a bare No as false.
    assert "speakers.1.name: must be text, and YAML reads yes, no" in str(error.value)
    mended = text.replace("name: No,", 'name: "No",').replace("red", '"#101010"')
    with pytest.raises(SchemeError, match="speaker letter used twice: P"):
        Scheme.from_dict(yaml.safe_load(mended), "town.yaml")
    mended = mended.replace("letter: P, aliases: [The", "letter: W, aliases: [The")
    with pytest.raises(SchemeError, match="alias 'The Force' belongs to both police and witness"):
        Scheme.from_dict(yaml.safe_load(mended), "town.yaml")


def test_an_unknown_label_comes_with_the_nearest_one() -> None:
    with pytest.raises(SchemeError, match="did you mean 'prosecution'"):
        Scheme.load("trial").check_labels("Prosecuton", "reports", "row 3")
    with pytest.raises(SchemeError, match=r"shipped schemes: .*trial"):
        Scheme.load("trail")


def test_an_impossible_date_is_no_yaml() -> None:
    with pytest.raises(SchemeError, match="is no clean YAML"):
        Scheme.from_yaml("title: 2023-02-30\n", "town.yaml")


def test_an_alias_is_cut_into_words_as_the_text_is() -> None:
    mayor = Speaker(id="mayor", name="The mayor", colour="#123456", letter="M", aliases=("İmamoğlu", "Erdoğan"))
    text = "İmamoğlu and Erdoğan were there."
    assert [(m.start, m.end) for m in AliasMatcher([mayor]).find(text)] == [(0, 8), (13, 20)]


def test_aliases_that_are_no_list_are_told_and_nothing_untrue_beside() -> None:
    data = Scheme.load("trial").to_dict()
    for speaker in data["speakers"]:
        speaker["aliases"] = "Kettle, NUM"
    with pytest.raises(SchemeError) as error:
        Scheme.from_dict(data, "mine.yaml")
    assert "speakers.0.aliases: must be a list: write [Kettle, NUM]" in str(error.value)
    assert "at least 2" not in str(error.value)


#: A scheme as `sayso scheme init` writes it, for people to make mistakes in.
DRAFT = draft("strike", "The strike", ["Trade Unions", "Employers"])


@pytest.mark.parametrize(
    ("typed", "instead", "said"),
    [
        # YAML takes the last of two keys: the trade unions would be gone without a word.
        ('  - id: "employers"', '    id: "employers"', r"'id' stands twice in one entry, in lines \d+ and \d+"),
        ('colour: "#b3261e"', "colour: #b3261e", "speakers.0.colour: must be text, and is empty: put quotes around"),
        ("aliases: []", "aliases:", r"speakers.0.aliases: must be a list, and is empty: write \[\]"),
        ("aliases: []", "aliases: [2023]", 'speakers.0.aliases.0: must be text: put quotes around it, "2023"'),
        ('id: "trade_unions"', "id: Trade Unions", "'Trade Unions' must be small letters a to z"),
        ('letter: "T"', "letter: t", "'t' must be one capital letter"),
        ('description: ""', "description: The unions: all of them", r"mapping values .* here, line \d+"),
        ("    aliases: []", "\taliases: []", "spaces, never tabs"),
        ("aliases: []", 'aliases: ["--"]', "an alias without a letter"),
    ],
)
def test_what_is_typed_wrongly_into_a_draft_is_told(typed: str, instead: str, said: str) -> None:
    assert typed in DRAFT
    with pytest.raises(SchemeError, match=said):
        Scheme.from_yaml(DRAFT.replace(typed, instead, 1), "strike.yaml")


def test_aliases_are_one_where_a_text_does_not_tell_them_apart() -> None:
    first = DRAFT.replace("aliases: []", "aliases: [Anti-Strike League]", 1)
    with pytest.raises(SchemeError, match="'anti strike league' belongs to both trade_unions and employers"):
        Scheme.from_yaml(first.replace("aliases: []", "aliases: [anti strike league]", 1), "strike.yaml")


def test_a_file_that_is_no_mapping_is_told() -> None:
    with pytest.raises(SchemeError, match="must be keys and values"):
        Scheme.from_yaml("", "strike.yaml")


def test_ids_of_a_draft_keep_the_letters_of_accented_names() -> None:
    scheme = Scheme.from_yaml(draft("étude", "", ["Grüne", "São Paulo police"]), "draft")
    assert (scheme.name, scheme.speaker_ids[:2]) == ("etude", ("grune", "sao_paulo_police"))
