from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.agreement import Coder, code, measure
from sayso.agreement import coefficients as co
from sayso.agreement.disputes import disputes, resolve, tasks
from sayso.agreement.figures import krippendorff_alphas
from sayso.agreement.page import as_page
from sayso.cli.agree import agree
from sayso.model.errors import RowError, SchemeError
from sayso.model.records import LabelledSentence
from sayso.model.rowfiles import read_rows, write_rows
from sayso.model.scheme import Scheme

ROOT = Path(__file__).parent.parent


def rows_of(labels: str, article: str = "a", first: int = 0) -> list[LabelledSentence]:
    """One row for each letter pair: `Pa` police asserts, `Wr` witness reports, `Na` outlet asserts."""
    speakers = {"P": "police", "W": "witness", "N": "outlet"}
    stances = {"a": "asserts", "r": "reports"}
    rows = []
    for number, pair in enumerate(labels.split(), first):
        text = f"Sentence {number} of {article}."
        start = number * 30
        speaker, stance = speakers[pair[0]], stances[pair[1]]
        rows.append(
            LabelledSentence(article, 0, number, start, start + len(text), text, speaker, stance, "The Gazette")
        )
    return rows


def coder(name: str, *articles: str) -> Coder:
    return Coder(name, tuple(row for i, labels in enumerate(articles) for row in rows_of(labels, f"a{i}")))


def test_figures_of_ten_sentences_worked_by_hand() -> None:
    # Speakers of ten sentences. Ann: P P P P N N N N N N; Bob: P P P N N N N N N P.
    ann = coder("ann", "Pa Pa Pa Pa Na Na Na Na Na Na")
    bob = coder("bob", "Pa Pa Pa Na Na Na Na Na Na Pa")
    result = measure(code([ann, bob]))
    # They agree on 3 P and 5 N: 8 of 10.
    assert result.figure("agreement", "speaker").value == pytest.approx(0.8)
    # Kappa: Ann says P 4 times, Bob 4 times; by chance they agree on 0.4*0.4 + 0.6*0.6 = 0.52.
    # (0.8 - 0.52) / (1 - 0.52) = 0.28 / 0.48.
    assert result.figure("kappa", "speaker").value == pytest.approx(0.28 / 0.48)
    # Alpha: 20 labels, 8 P and 12 N. Each of the two disputes puts 2 off the diagonal: observed 4.
    # Expected off the diagonal: 2 * 8 * 12 / 19 = 192 / 19. Alpha = 1 - 4 * 19 / 192.
    assert result.figure("alpha", "speaker").value == pytest.approx(1 - 4 * 19 / 192)
    # With two labels each one against the rest is the same question.
    assert result.figure("alpha", "speaker", "police").value == pytest.approx(1 - 4 * 19 / 192)
    # Only one stance was given: there is nothing to agree about.
    assert math.isnan(result.figure("alpha", "stance").value)
    confusion = next(c for c in result.confusions if c.head == "speaker")
    assert confusion.labels == ("outlet", "police")
    assert confusion.counts.tolist() == [[5, 1], [1, 3]]


def test_sentences_of_one_coder_are_counted_beside_those_of_two_texts() -> None:
    ann = coder("ann", *["Pa " * 8] * 5)
    rows = [row for row in ann.rows if row.key not in {("a0", 0), ("a0", 1)}]
    rows[0] = LabelledSentence("a0", 0, 2, 0, 9, "Not this.", "police", "asserts")
    notes = code([ann, Coder("bob", tuple(rows))]).notes
    assert notes == (
        "1 sentences left out: their texts differ between coders: sentence 2 of article a0",
        "2 sentences were labelled by one coder only; they say nothing about agreement",
    )


def test_alpha_with_gaps_worked_by_hand() -> None:
    # Three coders; Cyd labelled the last two sentences only.
    ann, bob = coder("ann", "Pa Pa Na Wa"), coder("bob", "Pa Na Na Wa")
    cyd = Coder("cyd", tuple(rows_of("Na Na", "a0", first=2)))
    # Ordered pairs, each weighted 1 / (labels of its sentence - 1):
    # sentence 0: PP, 2 pairs of weight 1; sentence 1: PN and NP; sentence 2: NNN, 6 pairs of weight 1/2 = 3;
    # sentence 3: W W N: WW 2/2 = 1, WN and NW 2/2 = 1 each.
    # In all 2 + 2 + 3 + 3 = 10 labels: P 3, N 5, W 2. Off the diagonal: 2 + 2 = 4.
    # Expected: (100 - 9 - 25 - 4) / 9 = 62 / 9.
    result = measure(code([ann, bob, cyd]))
    assert result.figure("alpha", "speaker").value == pytest.approx(1 - 4 * 9 / 62)
    assert [f.coders for f in result.figures if f.measure == "kappa" and f.head == "speaker" and f.label is None] == [
        ("ann", "bob"),
        ("ann", "cyd"),
        ("bob", "cyd"),
    ]


labels_of_coders = st.integers(2, 4).flatmap(
    lambda n_coders: st.lists(
        st.lists(st.integers(-1, 3), min_size=n_coders, max_size=n_coders), min_size=2, max_size=40
    )
)


@settings(max_examples=60, deadline=None)
@given(labels_of_coders, st.data())
def test_alpha_of_summed_tables_is_that_of_the_reference_package(units: list[list[int]], data: st.DataObject) -> None:
    labels = np.array(units, np.int64).T
    if not ((labels >= 0).sum(axis=0) > 1).any():
        return
    article = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(units), max_size=len(units))))
    ours = co.alphas(co.coincidences(labels, article, 3, 4).sum(axis=0))
    np.testing.assert_allclose(ours, krippendorff_alphas(labels, 4), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    first, second = np.array(pairs, np.int64).T
    ours = co.kappas(co.confusions(first, second, np.zeros(len(pairs), np.int64), 1, 4)[0])
    for figure, a, b in [(ours[0], first, second), *((ours[1 + k], first == k, second == k) for k in range(4))]:
        if len(set(a) | set(b)) == 1:
            assert math.isnan(figure)
        else:
            assert figure == pytest.approx(cohen_kappa_score(a, b), abs=1e-9)


def test_a_bootstrap_sample_is_some_articles_taken_several_times() -> None:
    rng = np.random.default_rng(3)
    tables = rng.integers(0, 9, (7, 2, 2)).astype(np.float64)
    drawn = co.resampled(tables, 40, seed=5)
    counts = np.random.default_rng(5).multinomial(7, np.full(7, 1 / 7), size=40)
    by_hand = np.array([sum(n * table for n, table in zip(row, tables, strict=True)) for row in counts])
    np.testing.assert_allclose(drawn, by_hand)
    np.testing.assert_array_equal(drawn, co.resampled(tables, 40, seed=5))


def test_intervals_are_wider_where_articles_differ_than_where_sentences_do() -> None:
    # Twenty disputes in a hundred sentences: two in each of ten articles, or all in two of them.
    even = [("Pa " * 5 + "Na " * 5, "Na " + "Pa " * 4 + "Na " * 4 + "Pa")] * 10
    clustered = [("Pa " * 5 + "Na " * 5, "Na " * 5 + "Pa " * 5)] * 2 + [("Pa " * 5 + "Na " * 5,) * 2] * 8
    widths = []
    for articles in (even, clustered):
        ann, bob = (coder(name, *(pair[i] for pair in articles)) for i, name in enumerate(("ann", "bob")))
        figure = measure(code([ann, bob])).figure("alpha", "speaker")
        assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
        widths.append(figure.high - figure.low)
    assert widths[0] == pytest.approx(0, abs=1e-9)
    assert widths[1] > 0.3


def test_few_articles_have_no_interval() -> None:
    figure = measure(code([coder("ann", "Pa Na", "Pa Na"), coder("bob", "Pa Na", "Pa Pa")])).figure("alpha", "speaker")
    assert math.isnan(figure.low)
    assert figure.value > 0


def test_what_cannot_be_compared_is_said() -> None:
    ann = coder("ann", "Pa Na")
    with pytest.raises(RowError, match="at least two coders"):
        code([ann])
    with pytest.raises(RowError, match="no sentence was labelled by two"):
        code([ann, Coder("bob", tuple(rows_of("Pa", "elsewhere")))])
    with pytest.raises(RowError, match="twice"):
        code([ann, Coder("bob", (*rows_of("Pa", "a0"), *rows_of("Na", "a0")))])
    other_texts = Coder("bob", tuple(rows_of("Wr Pa Na", "a0")[1:]))
    shifted = Coder(
        "bob",
        tuple(LabelledSentence("a0", 0, i, 0, 9, r.text, r.speaker, r.stance) for i, r in enumerate(other_texts.rows)),
    )
    with pytest.raises(RowError, match="have other texts"):
        code([ann, shifted])
    with pytest.raises(SchemeError, match="police"):
        code([ann, coder("bob", "Na Na")], Scheme.load("belgorod"))


def test_unlabelled_and_unshared_sentences_are_counted() -> None:
    ann = Coder("ann", (*rows_of("Pa Na Na"), rows_of("Na", first=3)[0].with_labels("", "")))
    coding = code([ann, Coder("bob", tuple(rows_of("Pa Na")))])
    assert "ann left 1 sentences without a label" in coding.notes
    assert any("1 sentences were labelled by one coder only" in note for note in coding.notes)
    assert measure(coding).figure("alpha", "speaker").n_sentences == 2


def disputed() -> list[Coder]:
    return [coder("ann", "Na Pr Pr Na Na", "Wr Na"), coder("bob", "Na Pr Pa Na Wr", "Wr Wr")]


def test_disputes_come_with_their_context_and_the_frequent_kind_first() -> None:
    found = disputes(code(disputed()))
    assert [d.kinds for d in found] == [("outlet/asserts", "witness/reports")] * 2 + [
        ("police/reports", "police/asserts")
    ]
    assert found[0].row.key == ("a0", 4)
    assert found[0].before == " ".join(f"Sentence {i} of a0." for i in range(4))
    assert found[0].after == ""
    page = as_page(found, ("ann", "bob"))
    assert "<mark>Sentence 4 of a0.</mark>" in page
    assert page.count("<h2>") == 2


def test_answers_are_folded_in_and_open_ones_named() -> None:
    coding = code(disputed())
    to_do = tasks(disputes(coding), coding.coders)
    assert all(not task.is_labelled for task in to_do)
    assert to_do[0].extra["speaker_2"] == "witness"
    answers = [to_do[0].with_labels("witness", "reports"), to_do[1].with_labels("outlet", "asserts"), to_do[2]]
    settled = resolve(coding, answers)
    assert {row.key: (row.speaker, row.stance, row.extra["settled"]) for row in settled.rows} == {
        ("a0", 0): ("outlet", "asserts", "agreed"),
        ("a0", 1): ("police", "reports", "agreed"),
        ("a0", 3): ("outlet", "asserts", "agreed"),
        ("a0", 4): ("witness", "reports", "adjudicated"),
        ("a1", 0): ("witness", "reports", "agreed"),
        ("a1", 1): ("outlet", "asserts", "adjudicated"),
    }
    assert [dispute.row.key for dispute in settled.open] == [("a0", 2)]
    with pytest.raises(RowError, match="no dispute"):
        resolve(coding, rows_of("Na", "a0"))
    with pytest.raises(RowError, match="the disputed sentence has another text"):
        resolve(coding, [replace(answers[0], text="A sentence of another study.")])
    with pytest.raises(RowError, match="two answers"):
        resolve(coding, [answers[0], to_do[0].with_labels("outlet", "asserts")])


app = typer.Typer()
app.command()(agree)


def test_the_command_prints_settles_and_tells_what_is_open(tmp_path: Path) -> None:
    files = []
    for one in disputed():
        files.append(tmp_path / f"{one.name}.csv")
        write_rows(files[-1], one.rows)
    todo, page, gold = tmp_path / "todo.jsonl", tmp_path / "disputes.html", tmp_path / "gold.jsonl"
    inputs = [str(path) for path in files]
    done = CliRunner().invoke(app, [*inputs, "--json", "--disputes", str(page), "--adjudicate", str(todo)])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["figures"]
    assert {f["measure"] for f in figures} == {"agreement", "alpha", "kappa"}
    assert page.read_text(encoding="utf-8").count("<article>") == 3
    answers = [row.with_labels("police", "reports") for row in read_rows(todo, labelled=False)][:2]
    write_rows(tmp_path / "done.jsonl", answers)
    done = CliRunner().invoke(app, [*inputs, "--resolve", str(tmp_path / "done.jsonl"), "-o", str(gold)])
    assert done.exit_code == 3
    assert "not settled, left out: sentence 2 of article a0: police/reports or police/asserts" in done.stderr
    assert len(list(read_rows(gold))) == 6


def test_one_file_with_two_annotators_is_two_coders(tmp_path: Path) -> None:
    both = [replace(row, extra={"annotator": one.name}) for one in disputed() for row in one.rows]
    write_rows(tmp_path / "export.jsonl", both)
    done = CliRunner().invoke(app, [str(tmp_path / "export.jsonl")])
    assert done.exit_code == 0, done.output
    assert "7 sentences of 2 articles labelled by at least two of ann, bob" in done.stdout


def test_the_second_reading_of_the_corpus_covers_it_and_agrees() -> None:
    from sayso.formats import read
    from sayso.formats.base import ReadOptions

    scheme = Scheme.load("belgorod")
    options = ReadOptions(scheme=scheme)
    first, second, settled = (
        read(ROOT / "seeds" / name, options).rows for name in ("first_labels.csv", "second", "articles")
    )
    assert {row.key for row in first} == {row.key for row in second} == {row.key for row in settled}
    result = measure(code([Coder("first", first), Coder("second", second)], scheme))
    assert result.figure("alpha", "speaker").low > 0.95
    assert result.figure("alpha", "stance").low > 0.94


def test_answers_of_the_adjudicator_are_not_replaced(tmp_path: Path) -> None:
    from sayso.formats import read, write

    files = [tmp_path / f"{one.name}.csv" for one in disputed()]
    for path, one in zip(files, disputed(), strict=True):
        write_rows(path, one.rows)
    inputs, todo = [str(path) for path in files], tmp_path / "todo.xlsx"
    for _ in range(2):  # nothing is answered yet
        assert CliRunner().invoke(app, [*inputs, "--adjudicate", str(todo)]).exit_code == 0
    write(todo, [row.with_labels("police", "reports") for row in read(todo).rows])
    before = todo.read_bytes()
    done = CliRunner().invoke(app, [*inputs, "--adjudicate", str(todo)])
    assert isinstance(done.exception, RowError)
    assert "3 labelled sentences" in str(done.exception)
    assert todo.read_bytes() == before
    for option in ("--out", "--adjudicate", "--disputes"):
        done = CliRunner().invoke(app, [*inputs, option, inputs[0]])
        assert "is read: it cannot be written as well" in str(done.exception)


def test_how_one_file_tells_people_apart_is_told() -> None:
    ann, bob = disputed()
    both = [replace(row, extra={"coder": one.name}) for one in (ann, bob) for row in one.rows]
    with pytest.raises(RowError, match=r"nobody to agree with(.|\n)*--column annotator=coder"):
        code([Coder("both", tuple(both))])
    with pytest.raises(RowError, match=r"twice(.|\n)*--column annotator=coder"):
        code([Coder("both", tuple(both)), ann])


def test_sentences_with_other_texts_are_named_the_first_ten() -> None:
    ann = coder("ann", "Pa " * 12)
    bob = Coder("bob", tuple(replace(row, text=f"Edited {row.sentence}.") for row in ann.rows))
    with pytest.raises(RowError, match=r"sentence 0 of article a0, .*, sentence 9 of article a0, and 2 more"):
        code([ann, bob])


def test_what_makes_figures_doubtful_is_told() -> None:
    ann, bob = coder("ann", "Pa Na Wr"), coder("bob", "Pa Na Wr")
    capital = Coder("bob", tuple(replace(row, speaker=row.speaker.capitalize()) for row in bob.rows))
    assert any("Police/police" in note and "--scheme reads them as one" in note for note in code([ann, capital]).notes)
    assert code([ann, bob]).notes == ()
    bare = [
        Coder(c.name, tuple(replace(row, article=f"row-{i:06d}", sentence=0) for i, row in enumerate(c.rows)))
        for c in (ann, bob)
    ]
    assert any("name no article: intervals resample sentences" in note for note in code(bare).notes)


def test_a_sample_that_is_not_all_settled_is_told(tmp_path: Path) -> None:
    files = []
    for one in disputed():
        files.append(str(tmp_path / f"{one.name}.jsonl"))
        write_rows(Path(files[-1]), [replace(row, extra={"inclusion_p": 0.25}) for row in one.rows])
    done = CliRunner().invoke(app, [*files, "-o", str(tmp_path / "gold.jsonl")])
    assert done.exit_code == 3
    assert "a sample without 3 of its sentences corrects no figures" in done.stderr
    assert {row.extra["inclusion_p"] for row in read_rows(tmp_path / "gold.jsonl")} == {0.25}
