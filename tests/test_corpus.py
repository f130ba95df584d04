"""`sayso corpus`: what it finds, counts and compares. Every text here is made up."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sayso.cli.corpus import corpus_app
from sayso.corpus.check import Checked, check
from sayso.corpus.copying import N_WORDS, copied, words
from sayso.corpus.counts import count
from sayso.corpus.likeness import compare, gap
from sayso.corpus.measures import FARTHEST, MEASURES, quotation_distances
from sayso.corpus.table import Column, Table
from sayso.corpus.telling import shapes, tell_apart
from sayso.corpus.views import View, of_rows
from sayso.model.errors import RowError
from sayso.model.records import LabelledSentence
from sayso.model.scheme import Scheme
from sayso.train.seeds import read_authored

SCHEME = Scheme.load("belgorod")
SEEDS = Path(__file__).parent.parent / "seeds"
HEADER = "# outlet: Quarry Post\n# date: 2024-03-02\n# register: brief\n# note: invented text\n\n"
#: Two articles without a fault; the first sentence is on line 6.
MILL = "Na\tMill burns in Karlin\n\nGr\tNobody was hurt, Gladkov said.\nGa\tHe closed the road.\n"
FERRY = "Na\tFerry late again\n\nOr\tTwo passengers blamed the ice.\n"


def write(folder: Path, **bodies: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, body in bodies.items():
        (folder / f"{name.lstrip('a')}.txt").write_text(HEADER + body, encoding="utf-8")
    return folder


def found(checked: Checked) -> list[tuple[str, int]]:
    return [(fault.path.name, fault.line) for fault in checked.faults]


def test_the_shipped_corpus_has_no_fault() -> None:
    readings = [SEEDS / "second", SEEDS / "first_labels.csv"]
    checked = check(SEEDS / "articles", SCHEME, readings=readings)
    assert [str(fault) for fault in checked.faults] == []
    assert len(checked.articles) >= 500
    assert checked.n_sentences >= 10_000


def test_no_fault_in_two_good_articles(tmp_path: Path) -> None:
    checked = check(write(tmp_path, a001=MILL, a002=FERRY), SCHEME)
    assert found(checked) == []
    assert checked.n_sentences == 5


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        (MILL + "Nr\tThe outlet cannot pass on its own word.\n", 10, "outlet always asserts"),
        (MILL + "Zz\tNo such code.\n", 10, "code 'Zz'"),
        (MILL + "Gr He forgot the tab.\n", 10, "no tab"),
        (MILL + "Na\tIt rained. The road stayed shut.\n", 10, "cuts it into 2"),
        # The two lines are one sentence: a question in quotation marks and who asked it.
        ("Na\tMill burns\n\nOr\t“Who did it?”\nOr\tasked Mr Osin.\n", 9, "does not part it"),
        (
            MILL + "\nOr\tTWO passengers on the ferry blamed ice!\n\nOr\tTwo passengers, on the ferry, blamed ice.\n",
            13,
            "same",
        ),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, body: str, line: int, problem: str) -> None:
    checked = check(write(tmp_path, a001=FERRY, a002=body), SCHEME)
    assert found(checked) == [("002.txt", line)]
    assert problem in checked.faults[0].problem


@pytest.mark.parametrize(
    ("header", "problems"),
    [
        ("", ["lacks 'outlet'", "lacks 'date'", "lacks 'register'", "lacks 'note'"]),
        (HEADER.replace("2024-03-02", "2 March"), ["date '2 March'"]),
        (HEADER.replace("brief", "rumour"), ["register 'rumour'"]),
        (HEADER.replace("invented text", "a true story"), ["does not say that the text is invented"]),
    ],
)
def test_faults_of_a_header(tmp_path: Path, header: str, problems: list[str]) -> None:
    (tmp_path / "001.txt").write_text(header + MILL, encoding="utf-8")
    faults = check(tmp_path, SCHEME).faults
    assert len(faults) == len(problems)
    assert all(problem in fault.problem for problem, fault in zip(problems, faults, strict=True))


def test_a_reading_must_label_every_sentence_once(tmp_path: Path) -> None:
    articles = write(tmp_path / "articles", a001=MILL, a002=FERRY)
    second = tmp_path / "second"
    second.mkdir()
    (second / "001.txt").write_text("0\tNa\n1\tGr\n2\tGa\n")
    (second / "002.txt").write_text("0\tNa\n1\tOr\n")
    assert check(articles, SCHEME, readings=[second]).faults == ()
    (second / "002.txt").write_text("0\tNa\n")
    (second / "003.txt").write_text("0\tNa\n")
    problems = [fault.problem for fault in check(articles, SCHEME, readings=[second]).faults]
    assert problems == ["article 002: 1 labels, 2 sentences", "article 003: no such article"]
    (second / "001.txt").write_text("0\tQx\n")
    assert len(check(articles, SCHEME, readings=[second]).faults) == 1


# The run of nine words goes over the end of a sentence; case, commas and the kind of apostrophe do not count.
OURS = "Na\tMill burns\n\nNa\tThe keeper's dog barked.\nNa\tThen the old bell rang twice, and stopped.\n"
REAL = "At night THE KEEPER’S DOG barked, then the old bell rang and fell silent."


def test_nine_words_in_a_row_are_found_and_eight_are_not(tmp_path: Path) -> None:
    article, faults = read_authored(write(tmp_path / "ours", a001=OURS) / "001.txt", SCHEME)
    assert faults == []
    real = tmp_path / "real" / "deep"
    real.mkdir(parents=True)
    assert len(words("the keeper's dog barked then the old bell rang")) == N_WORDS
    (real / "x.txt").write_text(REAL, encoding="utf-8")
    hits = copied([article], [tmp_path / "real"])
    assert [hit.line for hit in hits] == [8]
    assert "x.txt" in hits[0].problem
    (real / "x.txt").write_text(REAL.replace("rang", "tolled"), encoding="utf-8")
    assert copied([article], [tmp_path / "real"]) == []
    with pytest.raises(RowError, match="no real articles"):
        copied([article], [tmp_path / "nowhere"])


def test_counts_worked_by_hand(tmp_path: Path) -> None:
    folder = write(tmp_path, a001=MILL, a002=FERRY)
    articles = [read_authored(folder / name, SCHEME)[0] for name in ("001.txt", "002.txt")]
    tables = {table.title: table for table in count(articles, SCHEME)}
    # Words: 4 + 5 + 4 in the first article, 3 + 5 in the second.
    assert dict(tables["Size"].rows) == {"articles": 2, "outlets": 1, "paragraphs": 4, "sentences": 5, "words": 21}
    labels = {row[0]: row[1:] for row in tables["Speaker x stance, sentences"].rows}
    assert labels["outlet"] == (2, 0, 2, 0.4)
    assert labels["governor"] == (1, 1, 2, 0.4)
    assert labels["other"] == (0, 1, 1, 0.2)
    assert labels["legion"] == (0, 0, 0, 0.0)
    assert labels["all"] == (3, 2, 5, 1.0)
    # Of five sentences three have a source, one of them vouched for.
    assert tables["By register"].rows == (("brief", 2, 5, 0.6, 0.2, pytest.approx(21 / 5)),)
    assert [row[0] for row in tables["By year"].rows] == ["2024"]
    names = {row[0]: row[2:] for row in tables["Names of the scheme"].rows}
    assert names["governor"] == (1, 0.5)
    assert names["kremlin"] == (0, 0.0)
    assert [row[1] for row in tables["How many of them an article has"].rows] == [1, 1, 0, 0, 0]
    shares = {row[0]: row for row in tables["Share of an article's sentences"].rows}
    assert shares["governor"][1] == 1
    assert shares["governor"][-1] == pytest.approx(2 / 3)


def view(*lines: tuple[str, str], name: str = "a") -> View:
    rows = [
        LabelledSentence(name, number, number, 0, len(text), text, speaker, "asserts")
        for number, (speaker, text) in enumerate(lines)
    ]
    return of_rows(rows, "outlet")[0]


ARTICLE = view(
    ("outlet", "Mill burns."),
    ("governor", "“Nobody was hurt.”"),
    ("governor", "“The road is shut,” the mayor said."),
    ("other", "Two men blamed the ice."),
    ("outlet", "Snow fell."),
)


def take(name: str, article: View = ARTICLE) -> float:
    return next(measure.take(article) for measure in MEASURES if measure.name == name)


def test_measures_worked_by_hand() -> None:
    # Words: 2, 3, 7, 5, 2.
    assert take("words a sentence") == pytest.approx(19 / 5)
    assert take("sentences of 8 words or fewer") == 1.0
    assert take("attributed sentences") == pytest.approx(3 / 5)
    # The second sentence (all quoted) is one off the third, which has its own verb and is quoted for the most part.
    assert quotation_distances(ARTICLE) == [1, 0]
    assert take("quotations with the verb elsewhere") == 0.5
    # Of the three attributed sentences only the third has a verb of speech outside its quotation marks.
    assert take("attributed sentences without a verb of speech") == pytest.approx(2 / 3)
    assert take("verbs of speech that are say") == 1.0
    # Outlet to governor; governor to governor, governor to other, other to outlet.
    assert take("attributed, after the outlet") == 1.0
    assert take("attributed, after a source") == pytest.approx(2 / 3)
    assert take("the same source goes on") == pytest.approx(1 / 2)
    assert math.isnan(take("different words in 250"))
    assert take("different words in 250", view(("outlet", "one two " * 125))) == pytest.approx(2 / 250)


def test_a_quotation_without_any_verb_is_farthest() -> None:
    assert quotation_distances(view(("other", "“It burns.”"), ("outlet", "Snow fell."))) == [FARTHEST]


def test_the_gap_is_in_standard_deviations_of_real_articles() -> None:
    real = np.array([0.0, 2.0] * 50)
    # Mean 1, standard deviation of these hundred 1.005; ours is 2 above.
    found_gap = gap(np.full(80, 3.0), real)
    assert found_gap.d == pytest.approx(2 / real.std(ddof=1))
    assert found_gap.low < found_gap.d < found_gap.high
    assert found_gap.verdict == "unlike"
    assert gap(real, real).verdict == "like"
    assert gap(np.array([np.nan]), real).verdict == ""


def drawn(vocabulary: str, n_articles: int, seed: int) -> list[View]:
    rng = random.Random(seed)
    choices = vocabulary.split()
    return [
        view(*(("outlet", " ".join(rng.choices(choices, k=8)) + ".") for _ in range(6)), name=f"{seed}-{number}")
        for number in range(n_articles)
    ]


@pytest.mark.parametrize("features", ["words", "form"])
def test_a_classifier_tells_apart_only_what_differs(features: str) -> None:
    same = "the mill and a ferry were late said Osin in 12 villages"
    first, second = drawn(same, 30, 1), drawn(same, 30, 2)
    assert 0.35 < tell_apart(first, second, features).by_sentence < 0.65
    other = drawn("mill ferry AND walking were late claims Osin in slowly", 30, 3)
    skill = tell_apart(first, other, features)
    assert skill.by_sentence > 0.9
    assert skill.by_article > 0.95


def test_shapes_hold_no_topic() -> None:
    assert shapes("The mayor of Karlin said 12 NATO barges were burning slowly.") == (
        ["the", "x", "of", "Xx", "said", "0", "XX", "x-s", "were", "x-ing", "x-ly", "."]
    )


def test_a_table_shows_and_keeps_its_numbers() -> None:
    table = Table(
        "T", (Column("", "text"), Column("n"), Column("part", "share")), (("a", 1200, 0.5), ("b", 0, math.nan))
    )
    assert table.as_markdown().splitlines()[2:] == [
        "|   |     n |   part |",
        "| - | ----: | -----: |",
        "| a | 1,200 | 50.0 % |",
        "| b |     0 |        |",
    ]
    assert table.as_data()["rows"] == [{"": "a", "n": 1200, "part": 0.5}, {"": "b", "n": 0, "part": None}]


def test_compare_has_a_row_for_every_measure() -> None:
    table = compare({"ours": [ARTICLE] * 3}, [ARTICLE, view(("other", "Snow fell."))], {"elsewhere": [ARTICLE]})
    assert len(table.rows) == len(MEASURES)
    assert [column.name for column in table.columns][1:] == ["ours", "real", "elsewhere", "gap of ours"]


def test_the_command_line_names_faults_and_exits_3(tmp_path: Path) -> None:
    runner = CliRunner()
    good = runner.invoke(corpus_app, ["check", str(write(tmp_path / "good", a001=MILL))])
    assert (good.exit_code, good.stdout) == (0, "")
    bad = runner.invoke(corpus_app, ["check", str(write(tmp_path / "bad", a001=MILL + "Na no tab\n"))])
    assert bad.exit_code == 3
    assert f"{tmp_path / 'bad' / '001.txt'}:10: no tab" in bad.stdout
    tables = json.loads(runner.invoke(corpus_app, ["counts", str(tmp_path / "good"), "--json"]).stdout)
    assert tables[0]["rows"][0] == {"": "articles", "n": 1}
