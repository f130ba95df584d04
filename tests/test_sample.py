from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.cli.sample import sample
from sayso.model.errors import RowError
from sayso.model.records import LabelledSentence
from sayso.model.rowfiles import read_rows, write_rows
from sayso.sampling import SampleSettings, draw, draw_sample, inclusion_probabilities


def corpus(n_articles: int = 12, seed: int = 0) -> list[LabelledSentence]:
    """Articles of 3 to 8 sentences by three outlets, with predictions."""
    rng = np.random.default_rng(seed)
    rows = []
    for a in range(n_articles):
        outlet = ("Gazette", "Herald", "Post")[0 if a < n_articles // 2 else 1 + a % 2]
        for s in range(int(rng.integers(3, 9))):
            text = f"Sentence {s} of article {a}."
            p = rng.uniform(0.5, 1.0, 2).round(3)
            speaker = ("police", "witness", "outlet")[int(rng.integers(3))]
            rows.append(
                LabelledSentence(
                    article=f"a{a:03d}",
                    paragraph=s // 2,
                    sentence=s,
                    start=s * 40,
                    end=s * 40 + len(text),
                    text=text,
                    speaker=speaker,
                    stance="asserts" if speaker == "outlet" else "reports",
                    outlet=outlet,
                    date=f"2024-0{1 + a % 3}-11",
                    speaker_p=float(p[0]),
                    stance_p=float(p[1]),
                )
            )
    return rows


def test_probabilities_worked_by_hand() -> None:
    # Five units, two to draw; the first is as uncertain as all others together.
    # Weights: half the same for all, half by uncertainty relative to the mean (0.2): 0.5 + 0.5 * 0.5 / 0.2 = 1.75 for
    # the first, 0.5 + 0.5 * 0.125 / 0.2 = 0.8125 for the others; they add up to 5. Probabilities: 2 / 5 of that.
    p = inclusion_probabilities(2, np.zeros(5, np.int64), np.array([0.5, 0.125, 0.125, 0.125, 0.125]))
    np.testing.assert_allclose(p, [0.7, 0.325, 0.325, 0.325, 0.325])
    # With three to draw the first would have 1.05: it is certain, and the others share 2 in equal parts.
    p = inclusion_probabilities(3, np.zeros(5, np.int64), np.array([0.5, 0.125, 0.125, 0.125, 0.125]))
    np.testing.assert_allclose(p, [1, 0.5, 0.5, 0.5, 0.5])
    # Strata of 4 and 2, as many from each: 1 of 4 and 1 of 2.
    p = inclusion_probabilities(2, np.array([0, 0, 0, 0, 1, 1]), equal=True)
    np.testing.assert_allclose(p, [0.25, 0.25, 0.25, 0.25, 0.5, 0.5])


designs = st.tuples(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=40),
    st.booleans(),
    st.booleans(),
)


def probabilities(design: tuple[int, list[tuple[int, float]], bool, bool]) -> tuple[np.ndarray, np.ndarray]:
    n, units, uncertain, equal = design
    names = {name: i for i, name in enumerate(sorted({name for name, _ in units}))}
    stratum = np.array([names[name] for name, _ in units])
    error = np.array([e for _, e in units]) if uncertain else None
    return inclusion_probabilities(n, stratum, error, equal=equal), stratum


@settings(max_examples=100, deadline=None)
@given(designs, st.integers(0, 10_000))
def test_every_draw_has_its_size_and_every_stratum_its_share(
    design: tuple[int, list[tuple[int, float]], bool, bool], seed: int
) -> None:
    p, stratum = probabilities(design)
    assert ((p > 0) & (p <= 1)).all()
    assert p.sum() == pytest.approx(min(design[0], len(p)))
    drawn = draw(p, stratum, seed)
    assert len(drawn) == len(set(drawn.tolist())) == min(design[0], len(p))
    assert set(np.flatnonzero(p == 1)) <= set(drawn.tolist())
    expected = np.bincount(stratum, p).round(6)
    taken = np.bincount(stratum[drawn], minlength=len(expected))
    assert (taken >= np.floor(expected)).all()
    assert (taken <= np.ceil(expected)).all()


@pytest.mark.parametrize("uncertain", [False, True])
@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("n_strata", [1, 3, 20])
def test_units_are_drawn_as_often_as_their_probability_says(uncertain: bool, equal: bool, n_strata: int) -> None:
    rng = np.random.default_rng(8)
    stratum = np.concatenate([np.arange(n_strata), rng.integers(0, n_strata, 40 - n_strata) ** 2 // n_strata])
    error = rng.beta(0.3, 1.0, 40) if uncertain else None
    p = inclusion_probabilities(11, stratum, error, equal=equal)
    n_draws = 1500
    counts = np.zeros(40)
    for seed in range(n_draws):
        counts[draw(p, stratum, seed)] += 1
    # Binomial counts: five standard errors in 40 units of 12 designs are passed by chance once in 3,600 runs.
    np.testing.assert_array_less(np.abs(counts / n_draws - p), 5 * np.sqrt(p * (1 - p) / n_draws) + 1e-12)


def test_a_sample_of_sentences_is_blind_and_brings_context_and_probability() -> None:
    rows = corpus()
    chosen = draw_sample(lambda: rows, SampleSettings(n=15, by=("outlet", "speaker"), uncertain=True, seed=4))
    assert len(chosen.rows) == 15
    by_key = {row.key: row for row in rows}
    for row in chosen.rows:
        assert not row.is_labelled
        assert row.speaker_p is None
        assert row.extra["sample_unit"] == "sentence"
        assert 0 < row.extra["inclusion_p"] <= 1
        assert row.text == by_key[row.key].text
        if row.sentence > 0:
            assert row.extra["before"].endswith(f"Sentence {row.sentence - 1} of article {int(row.article[1:])}.")
    assert sum(n for _, n, _ in chosen.strata) == len(rows)
    assert sum(n for _, _, n in chosen.strata) == 15


def test_a_sample_of_articles_holds_them_whole_and_with_one_probability() -> None:
    rows = corpus()
    chosen = draw_sample(lambda: rows, SampleSettings(n=4, unit="article", by=("outlet",), uncertain=True))
    articles = {row.article for row in chosen.rows}
    assert len(articles) == 4
    assert [row.key for row in chosen.rows] == [row.key for row in rows if row.article in articles]
    for article in articles:
        assert len({row.extra["inclusion_p"] for row in chosen.rows if row.article == article}) == 1


def test_what_cannot_be_drawn_is_said() -> None:
    rows = corpus()
    with pytest.raises(RowError, match="several values of speaker"):
        draw_sample(lambda: rows, SampleSettings(n=2, unit="article", by=("speaker",)))
    with pytest.raises(RowError, match="no column 'region'"):
        draw_sample(lambda: rows, SampleSettings(n=2, by=("region",)))
    with pytest.raises(RowError, match="two places"):
        draw_sample(lambda: [*rows, rows[0]], SampleSettings(n=2))
    with pytest.raises(RowError, match="no probabilities"):
        draw_sample(lambda: [replace(rows[0], speaker_p=None)], SampleSettings(n=1, uncertain=True))
    with pytest.raises(RowError, match="nothing to draw from"):
        draw_sample(lambda: [], SampleSettings(n=1))
    # The probability of the second draw alone would stand there as that of both.
    once = draw_sample(lambda: rows, SampleSettings(n=30)).rows
    with pytest.raises(RowError, match="was drawn already"):
        draw_sample(lambda: once, SampleSettings(n=5))
    every = draw_sample(lambda: rows, SampleSettings(n=len(rows))).rows
    assert len(draw_sample(lambda: every, SampleSettings(n=5)).rows) == 5


@pytest.mark.parametrize("date", ["3 May 2023", "05/03/2023", "2023-13-01", "2023-5-3", "20230503", "2023"])
def test_a_month_of_no_iso_date_is_told(date: str) -> None:
    rows = [replace(corpus()[0], date=None), replace(corpus()[1], date=date)]
    with pytest.raises(RowError, match=r"(?s)no month .* column 'date' in sentence 1 of article 'a000'.*try:") as error:
        draw_sample(lambda: rows, SampleSettings(n=1, by=("month",)))
    assert repr(date) in str(error.value)


def test_months_and_years_are_cut_from_dates_and_times() -> None:
    dates = ("2023-05-31", "2023-05-03T10:00:00Z", "2023-05", None)
    rows = [replace(row, date=date) for row, date in zip(corpus(), dates, strict=False)]
    for by, name in (("month", "2023-05"), ("year", "2023")):
        strata = draw_sample(lambda: rows, SampleSettings(n=2, by=(by,))).strata
        assert [(values, n) for values, n, _ in strata] == [((f"(no {by})",), 1), ((name,), 3)]


@pytest.mark.parametrize("unit", ["article", "sentence"])
def test_figures_corrected_by_the_samples_are_right_on_average(unit: str) -> None:
    pytest.importorskip("polars")
    import polars as pl

    from sayso.framing import corrected
    from sayso.model.records import to_row
    from sayso.model.scheme import Scheme

    scheme = Scheme.from_dict(
        {
            "name": "town",
            "outlet": "outlet",
            "speakers": [
                {"id": name, "name": name, "colour": "#101010", "letter": letter}
                for name, letter in (("police", "P"), ("witness", "W"), ("outlet", "N"))
            ],
        },
        "here",
    )
    model = corpus(60, seed=2)
    rng = np.random.default_rng(6)
    # The truth: wherever the model is unsure, it often gives witnesses' words to the outlet, unseen by its labels.
    truth = {
        row.key: row.with_labels("witness", "reports")
        if row.speaker == "outlet" and rng.random() > (row.speaker_p or 0) * (row.stance_p or 0)
        else row.with_labels(row.speaker, row.stance)
        for row in model
    }
    share = sum(row.speaker == "witness" for row in truth.values()) / len(truth)
    naive = sum(row.speaker == "witness" for row in model) / len(model)
    assert share - naive > 0.08
    table = pl.DataFrame([to_row(row) for row in model])
    found = []
    for seed in range(20):
        plan = SampleSettings(n=15 if unit == "article" else 80, unit=unit, by=("outlet",), uncertain=True, seed=seed)
        drawn = draw_sample(lambda: model, plan).rows
        gold = [replace(row.with_labels(truth[row.key].speaker, truth[row.key].stance), outlet=None) for row in drawn]
        values = corrected(table, pl.DataFrame([to_row(row) for row in gold]), scheme=scheme, measure="speaker")
        found.append(values.filter((pl.col("group") == "(all)") & (pl.col("item") == "witness"))["corrected"][0])
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - share) < 4 * error
    assert abs(np.mean(found) - naive) > 4 * error


app = typer.Typer()
app.command()(sample)


def test_the_command_writes_the_same_sample_for_the_same_seed(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows(rows, corpus())
    files = [tmp_path / "one.csv", tmp_path / "two.csv", tmp_path / "other.csv"]
    for path, seed in zip(files, ("3", "3", "4"), strict=True):
        done = CliRunner().invoke(app, [str(rows), "-n", "9", "--by", "outlet", "-o", str(path), "--seed", seed])
        assert done.exit_code == 0, done.output
    assert "Gazette: " in done.stderr
    one, two, other = (path.read_bytes() for path in files)
    assert one == two != other
    assert len(list(read_rows(files[0], labelled=False))) == 9


@pytest.mark.parametrize("name", ["tasks.xlsx", "tasks.csv", "tasks.json"])
def test_a_sample_in_which_labels_were_filled_in_is_not_replaced(name: str, tmp_path: Path) -> None:
    from sayso.formats import read, write

    corpus_file, tasks = tmp_path / "rows.jsonl", tmp_path / name
    write_rows(corpus_file, corpus())
    command = [str(corpus_file), "-n", "9", "-o", str(tasks), "--seed"]
    for seed in ("3", "4"):  # nothing is filled in yet: it may be replaced
        assert CliRunner().invoke(app, [*command, seed]).exit_code == 0
    rows = list(read(tasks).rows)
    write(tasks, [replace(rows[0], stance="reports"), *rows[1:]])
    before = tasks.read_bytes()
    for seed in ("4", "5"):
        done = CliRunner().invoke(app, [*command, seed])
        assert isinstance(done.exception, RowError)
        assert "take another name" in str(done.exception)
        assert tasks.read_bytes() == before
    tasks.write_bytes(b"\0 no table")
    done = CliRunner().invoke(app, [*command, "4"])
    assert "cannot be seen whether it holds labels" in str(done.exception)


def test_labels_of_the_model_that_are_shown_again_are_no_loss(tmp_path: Path) -> None:
    corpus_file, tasks = tmp_path / "rows.jsonl", tmp_path / "tasks.csv"
    write_rows(corpus_file, corpus())
    for _ in range(2):
        done = CliRunner().invoke(app, [str(corpus_file), "-n", "9", "-o", str(tasks), "--show-labels"])
        assert done.exit_code == 0, done.output


def test_a_sample_of_fewer_than_asked_for_is_told(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows(rows, corpus())
    done = CliRunner().invoke(app, [str(rows), "-n", "500", "-o", str(tmp_path / "tasks.csv")])
    assert done.exit_code == 0, done.output
    assert f"there are only {len(corpus())} sentences" in done.stderr


def test_shown_labels_leave_their_probabilities_behind(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", corpus())
    for name, kept in (("tasks.jsonl", False), ("tasks.json", True)):
        out = tmp_path / name
        done = CliRunner().invoke(app, [str(tmp_path / "rows.jsonl"), "-n", "5", "-o", str(out), "--show-labels"])
        assert done.exit_code == 0, done.output
        # In Label Studio they are predictions, which somebody confirms.
        assert ("predictions" in out.read_text(encoding="utf-8")) == kept
    rows = list(read_rows(tmp_path / "tasks.jsonl"))
    assert [row.speaker_p for row in rows] == [None] * 5
