"""What the measures count, worked by hand; grouping, wire copy, and wrong input."""

from __future__ import annotations

import pytest

pl = pytest.importorskip("polars", reason="the framing report needs the frame extra")

from sayso.framing import compare, corrected, shares  # noqa: E402
from sayso.framing.layout import lay_out  # noqa: E402
from sayso.framing.table import prepared  # noqa: E402
from sayso.model.errors import RowError, SchemeError  # noqa: E402
from sayso.model.scheme import Scheme  # noqa: E402

SCHEME = Scheme.from_dict(
    {
        "name": "two-sides",
        "outlet": "paper",
        "speakers": [
            {"id": "red", "name": "Reds", "colour": "#cc0000", "letter": "R"},
            {"id": "blue", "name": "Blues", "colour": "#0000cc", "letter": "B"},
            {"id": "paper", "name": "The paper", "colour": "#666666", "letter": "P"},
        ],
    },
    "test",
)
SPEAKERS = {"r": "red", "b": "blue", "p": "paper"}


def rows_of(articles: dict[str, str], outlet: str = "Echo", **extra: object) -> pl.DataFrame:
    """Rows from codes: `ra` is a sentence of the Reds that the paper asserts, `br` one of the Blues that it reports."""
    rows = []
    for article, codes in articles.items():
        for sentence, code in enumerate(codes.split()):
            stance = "asserts" if code[1] == "a" else "reports"
            row = {"article": article, "sentence": sentence, "paragraph": 0, "outlet": outlet, "date": "2031-05-01"}
            rows.append(row | {"text": "one two", "speaker": SPEAKERS[code[0]], "stance": stance} | extra)
    return pl.DataFrame(rows)


def values(table: pl.DataFrame, group: str = "(all)", column: str = "estimate") -> dict[str, float | None]:
    return dict(table.filter(pl.col("group") == group).select("item", column).iter_rows())


#: One article of eight sentences: Paper, Reds x2 (one vouched for), Paper, Blues, Reds, Paper x2; and one of two.
BY_HAND = rows_of({"a1": "pa rr ra pa br rr pa pa", "a2": "pa br"})


def test_shares_by_hand() -> None:
    # a1 has 3 red, 1 blue, 4 paper sentences, a2 has 1 blue and 1 paper: of 10 sentences 3 are red, 2 blue, 5 paper.
    assert values(shares(BY_HAND, scheme=SCHEME)) == pytest.approx({"red": 0.3, "blue": 0.2, "paper": 0.5})
    # Every sentence has two words, so words say the same; then one red sentence grows to 12 words: 10 more of 20.
    assert values(shares(BY_HAND, scheme=SCHEME, measure="speaker_words"))["red"] == pytest.approx(0.3)
    longer = BY_HAND.with_columns(
        pl.when((pl.col("article") == "a1") & (pl.col("sentence") == 1))
        .then(pl.lit("a b c d e f g h i j k l"))
        .otherwise("text")
        .alias("text")
    )
    assert values(shares(longer, scheme=SCHEME, measure="speaker_words"))["red"] == pytest.approx(16 / 30)
    # Of three red sentences the paper vouches for one; of two blue ones for none; of its own five for all.
    asserted = values(shares(BY_HAND, scheme=SCHEME, measure="asserted"))
    assert asserted == pytest.approx({"red": 1 / 3, "blue": 0.0, "paper": 1.0})


def test_places_and_runs_by_hand() -> None:
    # Red never speaks in a2, blue and paper speak in both.
    assert values(shares(BY_HAND, scheme=SCHEME, measure="silent")) == {"red": 0.5, "blue": 0.0, "paper": 0.0}
    # The first voice that is not the paper's: red in a1, blue in a2.
    assert values(shares(BY_HAND, scheme=SCHEME, measure="first_voice")) == {"red": 0.5, "blue": 0.5}
    # Places run from 0 to 1: red starts at 1/7 in a1; blue at 4/7 in a1 and at 1 in a2.
    first = values(shares(BY_HAND, scheme=SCHEME, measure="first_place"))
    assert first == pytest.approx({"red": 1 / 7, "blue": (4 / 7 + 1) / 2, "paper": 0.0})
    place = values(shares(BY_HAND, scheme=SCHEME, measure="place"))
    assert place["red"] == pytest.approx((1 + 2 + 5) / 7 / 3)
    # Red runs: sentences 1-2 and 5, so three sentences in two runs; paper: 0, 3, 6-7 in a1 and 0 in a2.
    runs = values(shares(BY_HAND, scheme=SCHEME, measure="run_length"))
    assert runs == pytest.approx({"red": 1.5, "blue": 1.0, "paper": 5 / 4})
    # After red: red, paper, paper. No pair crosses from a1 to a2: after paper's last in a1 nothing follows.
    follows = values(shares(BY_HAND, scheme=SCHEME, measure="follows"))
    assert follows["red>red"] == pytest.approx(1 / 3)
    assert follows["red>paper"] == pytest.approx(2 / 3)
    assert follows["paper>blue"] == pytest.approx(2 / 4)


def test_lean_by_hand() -> None:
    found = shares(BY_HAND, scheme=SCHEME, measure="lean", lean=("red", "blue"))
    assert values(found) == pytest.approx({"red:blue": (3 - 2) / (3 + 2)})
    with pytest.raises(RowError, match="two speakers"):
        shares(BY_HAND, scheme=SCHEME, measure="lean", lean=("red", "red"))
    with pytest.raises(SchemeError, match="did you mean 'red'"):
        shares(BY_HAND, scheme=SCHEME, measure="lean", lean=("redd", "blue"))


def test_too_few_articles_get_no_interval() -> None:
    found = shares(BY_HAND, scheme=SCHEME).filter(pl.col("group") == "Echo")
    assert found["low"].null_count() == found.height == 3
    assert found["note"].to_list() == ["too few articles: 2"] * 3


def test_month_is_cut_from_the_date() -> None:
    both = pl.concat([BY_HAND, rows_of({"a3": "ra ra"}).with_columns(pl.lit("2031-06-30").alias("date"))])
    by_month = shares(both, scheme=SCHEME, by="month")
    assert by_month["group"].unique().sort().to_list() == ["(all)", "2031-05", "2031-06"]
    assert values(by_month, "2031-06")["red"] == 1.0
    with pytest.raises(RowError, match="no column 'desk'"):
        shares(both, scheme=SCHEME, by="desk")


def test_a_month_of_no_iso_date_is_told() -> None:
    spoken = pl.concat([BY_HAND, rows_of({"a3": "ra ra"}).with_columns(pl.lit("3 May 2023").alias("date"))])
    with pytest.raises(RowError, match=r"(?s)column 'date' in sentence 0 of article 'a3'.*'3 May 2023'.*try:"):
        shares(spoken, scheme=SCHEME, by="month")
    timed = rows_of({"a3": "ra ra"}).with_columns(pl.lit("2031-06-30T10:00:00").alias("date"))
    assert shares(timed, scheme=SCHEME, by="year")["group"].unique().sort().to_list() == ["(all)", "2031"]
    bare = rows_of({"a3": "ra ra"}).drop("date", strict=False)
    assert shares(bare, scheme=SCHEME, by="year")["group"].unique().sort().to_list() == ["(all)", "(no year)"]


def test_a_column_that_cuts_articles_in_parts() -> None:
    halves = BY_HAND.with_columns(
        pl.when(pl.col("sentence") < 4).then(pl.lit("top")).otherwise(pl.lit("end")).alias("part")
    )
    found = shares(halves, scheme=SCHEME, by="part")
    # The first four sentences: pa rr ra pa and pa br; the rest: br rr pa pa.
    assert values(found, "top") == pytest.approx({"red": 2 / 6, "blue": 1 / 6, "paper": 3 / 6})
    assert values(found, "end") == pytest.approx({"red": 1 / 4, "blue": 1 / 4, "paper": 2 / 4})
    assert values(found) == pytest.approx({"red": 0.3, "blue": 0.2, "paper": 0.5})
    with pytest.raises(RowError, match="share no article"):
        compare(halves, scheme=SCHEME, by="part")
    with pytest.raises(RowError, match="needs whole articles"):
        shares(halves, scheme=SCHEME, by="part", measure="silent")


def test_wire_copy_counts_as_chosen() -> None:
    wire = pl.concat(
        [
            rows_of({"a1": "ra ra"}, "Echo", cluster="w1"),
            rows_of({"a2": "ra ra"}, "Echo", cluster="w1"),
            rows_of({"b1": "ra ra"}, "Tide", cluster="w1"),
            rows_of({"b2": "pa ba"}, "Tide", cluster=None).with_columns(pl.col("cluster").cast(pl.String)),
        ],
        how="vertical_relaxed",
    )
    every = shares(wire, scheme=SCHEME, wire="all")
    once = shares(wire, scheme=SCHEME, wire="once")
    apart = shares(wire, scheme=SCHEME, wire="apart")
    n_articles = {name: dict(zip(t["group"], t["n_articles"], strict=True)) for name, t in
                  (("all", every), ("once", once), ("apart", apart))}  # fmt: skip
    # All four articles count; Echo's second copy does not; the story is one article in all, whoever printed it.
    assert n_articles["all"] == {"Echo": 2, "Tide": 2, "(all)": 4}
    assert n_articles["once"] == {"Echo": 1, "Tide": 2, "(all)": 2}
    assert n_articles["apart"] == {"(wire copy)": 1, "Tide": 1, "(all)": 2}
    assert values(once)["red"] == values(apart)["red"] == 0.5
    assert values(every)["red"] == 0.75
    with pytest.raises(RowError, match="wire copy"):
        shares(wire, scheme=SCHEME, wire="twice")


def test_which_copy_counts_does_not_hang_on_the_outlet() -> None:
    stories = [f"w{i}" for i in range(30)]
    wire = pl.concat(
        rows_of({f"{outlet}-{story}": "ra pa"}, outlet, cluster=story)
        for outlet in ("Echo", "Tide")
        for story in stories
    )
    table = prepared(wire, SCHEME)
    layout = lay_out(table, "outlet", "once")[1]
    counted = [article for article, inside in zip(layout.articles, layout.in_total, strict=True) if inside]
    assert len(counted) == layout.n_outside_total == 30
    assert layout.n_copies == 0
    # Of 30 fair lots 5 to 25 fall to one of two outlets, but for one time in 4,000.
    assert 5 < sum(article.startswith("Echo") for article in counted) < 25
    # An earlier day goes before any lot; an hour, which some outlets do not give, does not.
    tide = pl.col("outlet") == "Tide"
    earlier = table.with_columns(pl.when(tide).then(pl.lit("2031-04-30")).otherwise("date").alias("date"))
    layout = lay_out(earlier, "outlet", "once")[1]
    assert all(article[0] == "T" for article, inside in zip(layout.articles, layout.in_total, strict=True) if inside)
    timed = table.with_columns(pl.when(tide).then(pl.lit("2031-05-01T09:00")).otherwise("date").alias("date"))
    layout = lay_out(timed, "outlet", "once")[1]
    assert [a for a, inside in zip(layout.articles, layout.in_total, strict=True) if inside] == counted


@pytest.mark.parametrize("name", ["(all)", "(wire copy)"])
def test_a_group_with_a_name_of_the_reports_own_is_refused(name: str) -> None:
    with pytest.raises(RowError, match="which the report calls something else"):
        shares(rows_of({"a1": "ra pa"}, name), scheme=SCHEME)


#: What framing calls columns of its own, in one table or another.
INTERNAL = [
    "cell",
    "day",
    "group",
    "group_right",
    "head",
    "human",
    "human_speaker",
    "human_stance",
    "human_text",
    "in_total",
    "inclusion_weight",
    "item",
    "low",
    "lot",
    "measure",
    "model",
    "n",
    "n_articles",
    "place",
    "story",
    "stratum",
    "versus",
    "weight",
    "whole",
    "wire_group",
    "words",
    "other:place",
]


def test_no_column_of_the_user_meets_one_of_ours() -> None:
    model = pl.concat(rows_of({f"{o}{i}": "ra bb pa br"}, o) for o in ("Echo", "Tide") for i in range(8))
    gold = pl.concat(rows_of({f"{o}{i}": "ra ra pa br"}, o) for o in ("Echo", "Tide") for i in range(5))
    city = pl.when(pl.col("outlet") == "Echo").then(pl.lit("Kyiv")).otherwise(pl.lit("Riga"))
    extra = model.with_columns(city.alias(name) for name in INTERNAL)
    gold_extra = gold.with_columns(pl.lit("x").alias(name) for name in INTERNAL)
    for measure in ("speaker_words", "place"):
        assert shares(extra, scheme=SCHEME, measure=measure).equals(shares(model, scheme=SCHEME, measure=measure))
        right = corrected(model, gold, scheme=SCHEME, measure=measure)
        assert corrected(extra, gold_extra, scheme=SCHEME, measure=measure).equals(right)
    assert compare(extra, gold=gold_extra, scheme=SCHEME).equals(compare(model, gold=gold, scheme=SCHEME))
    echo = values(corrected(model, gold, scheme=SCHEME), "Echo", "corrected")
    for name in INTERNAL:
        found = corrected(extra, gold_extra, scheme=SCHEME, by=name)
        assert found["group"].unique().sort().to_list() == ["(all)", "Kyiv", "Riga"]
        assert values(found, "Kyiv", "corrected") == pytest.approx(echo)
    with pytest.raises(RowError, match="no column 'words'"):
        shares(model, scheme=SCHEME, by="words")


def test_pandas_in_pandas_out() -> None:
    pandas = pytest.importorskip("pandas")
    found = shares(BY_HAND.to_pandas(), scheme=SCHEME)
    assert isinstance(found, pandas.DataFrame)
    assert found["estimate"].tolist() == shares(BY_HAND, scheme=SCHEME)["estimate"].to_list()


def test_pandas_tables_as_they_come() -> None:
    pandas = pytest.importorskip("pandas")
    table = BY_HAND.to_pandas()
    # The article in the index, as groupby leaves it: without it every row would be an article of its own.
    found = shares(table.set_index(["article", "sentence"]), scheme=SCHEME)
    assert found["n_articles"].max() == 2
    table["date"] = pandas.to_datetime(table["date"])
    table["outlet"] = table["outlet"].astype("category")
    assert set(shares(table, scheme=SCHEME, by="month")["group"]) == {"2031-05", "(all)"}
    table["desk"] = [1, "x"] * 5
    with pytest.raises(RowError, match="column 'desk' of the pandas table has no one type"):
        shares(table, scheme=SCHEME)


def test_no_traceback_for_what_makes_no_figure() -> None:
    lists = BY_HAND.with_columns(pl.Series("tags", [["a"]] * BY_HAND.height))
    assert shares(lists, scheme=SCHEME).height
    with pytest.raises(RowError, match="'tags' holds lists"):
        shares(lists, scheme=SCHEME, by="tags")
    for wrong in ({"resamples": 0}, {"seed": -1}):
        with pytest.raises(RowError, match="no bootstrap"):
            shares(BY_HAND, scheme=SCHEME, **wrong)


def test_bare_rows_are_articles_of_their_own() -> None:
    bare = pl.DataFrame({"text": ["x"] * 4, "speaker": ["red", "red", "blue", "paper"], "stance": ["reports"] * 4})
    found = shares(bare, scheme=SCHEME)
    assert values(found) == pytest.approx({"red": 0.5, "blue": 0.25, "paper": 0.25})
    assert found["n_articles"].unique().to_list() == [4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": "speaker"}, "column speaker is missing"),
        ({"label": "rad"}, "unknown speaker"),
        ({"twice": True}, "stands there twice"),
        ({"sentence": None}, "no 'sentence'"),
        ({"text": " "}, "no usable 'text'"),
        ({"article": "a1"}, "no 'article' in row 8, but others name one"),
        ({"speaker_p": 97.0}, "bad 'speaker_p'"),
    ],
)
def test_wrong_rows_are_named(change: dict[str, object], message: str) -> None:
    rows = BY_HAND
    if "drop" in change:
        rows = rows.drop(str(change["drop"]))
    if "label" in change:
        rows = rows.with_columns(pl.col("speaker").replace("red", str(change["label"])))
    if "twice" in change:
        rows = pl.concat([rows, rows.head(1)])
    if "sentence" in change:
        rows = rows.with_columns(pl.lit(None, pl.Int64).alias("sentence"))
    if "text" in change:
        rows = rows.with_columns(pl.lit(" ").alias("text"))
    if "article" in change:
        rows = rows.with_columns(pl.when(pl.col("article") == change["article"]).then("article").alias("article"))
    if "speaker_p" in change:
        rows = rows.with_columns(pl.lit(change["speaker_p"]).alias("speaker_p"))
    with pytest.raises((RowError, SchemeError), match=message):
        shares(rows, scheme=SCHEME)


def test_a_scheme_that_no_label_fits_is_said() -> None:
    with pytest.raises(SchemeError, match="no shipped scheme"):
        shares(BY_HAND)
    with pytest.raises(RowError, match="unknown measure"):
        shares(BY_HAND, scheme=SCHEME, measure="spekaer")
    with pytest.raises(RowError, match="unknown target"):
        corrected(BY_HAND, BY_HAND, scheme=SCHEME, target="truth")
