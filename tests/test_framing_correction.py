"""The correction: against ppi-python, by hand, and against the truth it is meant to find."""

from __future__ import annotations

import numpy as np
import pytest

pl = pytest.importorskip("polars", reason="the framing report needs the frame extra")

from sayso.framing import compare, corrected, shares  # noqa: E402
from sayso.framing.confusion import welch_anova  # noqa: E402
from sayso.framing.correction import GoldSample, correct  # noqa: E402
from sayso.framing.findings import Plan, find  # noqa: E402
from sayso.framing.invented import SCHEME, Invented, invented  # noqa: E402
from sayso.framing.layout import Layout  # noqa: E402
from sayso.framing.measures import Scale, Totals  # noqa: E402
from sayso.framing.methods import Provenance, methods  # noqa: E402
from sayso.framing.replay import ReplayPlan, replay  # noqa: E402
from sayso.framing.summary import summary  # noqa: E402
from sayso.model.errors import RowError, SchemeError  # noqa: E402


@pytest.fixture(scope="module")
def corpus() -> Invented:
    return invented(n_articles=160, n_outlets=4, gold_share=0.3, seed=3)


def one_group(n: int) -> Layout:
    return Layout(("g",), np.zeros(n, int), tuple(map(str, range(n))), np.ones(n, bool), nested=True, n_copies=0)


def singles(values: np.ndarray) -> Totals:
    """Each article one sentence: the case that ppi-python's mean estimation treats."""
    ones = np.ones((len(values), 1))
    return Totals("speaker", ("a",), values[:, None].astype(float), ones, ones[:, 0])


def test_agrees_with_ppi_python() -> None:
    ppi = pytest.importorskip("ppi_py", reason="ppi-python is not installed")
    rng = np.random.default_rng(11)
    n_corpus, n_gold = 60_000, 400
    human = rng.binomial(1, 0.3, n_corpus)
    model = np.where(rng.random(n_corpus) < 0.15, 1 - human, human)
    drawn = np.sort(rng.choice(n_corpus, n_gold, replace=False))
    weight = n_corpus / n_gold
    sampled = [
        Totals(t.measure, t.items, t.y[drawn] * weight, t.x[drawn] * weight, t.size[drawn] * weight)
        for t in (singles(model), singles(human))
    ]
    sample = GoldSample(drawn, np.full(n_gold, 1 - 1 / weight), "article", np.ones(n_gold))
    scale = Scale(low=-9.0, high=9.0, share=False)  # plain t intervals, as ppi-python's are plain normal ones
    sums = (singles(model), sampled[0], sampled[1], sample, one_group(n_corpus))
    found = correct(*sums, scale, "coverage", tune=False)
    theirs = (human[drawn].astype(float), model[drawn].astype(float), model.astype(float))
    assert found.value[0, 0] == pytest.approx(ppi.ppi_mean_pointestimate(*theirs, lam=1)[0], abs=1e-9)
    low, high = ppi.ppi_mean_ci(*theirs, alpha=0.05, lam=1)
    # Theirs takes gold and corpus as independent, ours knows that one lies in the other: a gap of order n / N; and
    # theirs divides by n where ours divides by n - 1.
    assert found.high[0, 0] - found.low[0, 0] == pytest.approx(high[0] - low[0], rel=0.02)
    # Weighed by what the model's labels are worth, as ppi-python does by default (PPI++).
    tuned = correct(*sums, Scale(), "coverage")
    assert tuned.value[0, 0] == pytest.approx(ppi.ppi_mean_pointestimate(*theirs)[0], abs=1e-3)
    low, high = ppi.ppi_mean_ci(*theirs, alpha=0.05)
    assert tuned.high[0, 0] - tuned.low[0, 0] == pytest.approx(high[0] - low[0], rel=0.05)


def test_correction_by_hand() -> None:
    # Four articles of 10 sentences; the model finds 2, 4, 6, 8 by the speaker: naive 20 / 40 = 0.5. The first and the
    # third are read (each drawn with probability 1/2) and hold 3 and 7. Each was one short, so the error rate is
    # 2 / 20 sentences, and the corpus of 40 sentences holds 20 + 40 * 2 / 20 = 24: 0.6. Both errors are the same, so
    # their spread is 0, and there are 40 - 20 sentences unread.
    x = np.full((4, 1), 10.0)
    corpus = Totals("speaker", ("a",), np.array([[2.0], [4], [6], [8]]), x, x[:, 0])
    drawn = np.array([0, 2])
    model = Totals("speaker", ("a",), corpus.y[drawn] * 2, x[drawn] * 2, x[drawn, 0] * 2)
    human = Totals("speaker", ("a",), np.array([[3.0], [7]]) * 2, x[drawn] * 2, x[drawn, 0] * 2)
    sample = GoldSample(drawn, np.array([0.5, 0.5]), "article", np.array([10.0, 10]))
    found = correct(corpus, model, human, sample, one_group(4), Scale(), "corpus")
    assert found.value[0, 0] == pytest.approx(0.6)
    # Two articles leave one degree of freedom, fewer than an interval needs.
    assert np.isnan(found.low[0, 0])


def test_everything_labelled_by_hand_leaves_nothing_to_guess(corpus: Invented) -> None:
    gold = corpus.truth.drop("cluster").with_columns(pl.lit(1.0).alias("inclusion_p"))
    found = corrected(corpus.rows, gold, scheme=SCHEME, wire="all", target="corpus")
    right = shares(corpus.truth, scheme=SCHEME, wire="all")
    assert found["corrected"].to_list() == pytest.approx(right["estimate"].to_list())
    assert found["corrected_low"].to_list() == pytest.approx(found["corrected_high"].to_list())
    # For more articles like these, what is left is chance between articles: the variance of the true labels.
    wider = corrected(corpus.rows, gold, scheme=SCHEME, wire="all")
    assert wider["corrected_se"].to_list() == pytest.approx(right["se"].to_list(), rel=0.15)


@pytest.mark.parametrize("measure", ["speaker", "speaker_words", "stance", "asserted", "silent", "run_length"])
def test_a_model_without_errors_needs_no_correction(corpus: Invented, measure: str) -> None:
    gold = corpus.gold.drop("speaker", "stance").join(
        corpus.rows.select("article", "sentence", "speaker", "stance"), on=["article", "sentence"]
    )
    found = corrected(corpus.rows, gold, scheme=SCHEME, measure=measure, wire="all")
    plain = shares(corpus.rows, scheme=SCHEME, measure=measure, wire="all")
    assert found["corrected"].to_list() == pytest.approx(plain["estimate"].to_list())


def test_the_correction_finds_the_truth_that_the_model_misses(corpus: Invented) -> None:
    table = replay(corpus.rows, corpus.truth, SCHEME, ReplayPlan(measure="speaker", share=0.3, draws=40))
    whole = table.filter(pl.col("group") == "(all)")
    # Unbiased: over 40 draws the mean of the corrected estimates comes close to the truth, far closer than the naive.
    off = (whole["corrected"] - whole["truth"]).abs()
    naive_off = (whole["naive"] - whole["truth"]).abs()
    assert off.max() < 0.012
    assert naive_off.max() > 0.03
    assert whole["corrected_covers"].mean() >= 0.9
    assert (whole["corrected_width"] < whole["gold_only_width"]).all()


def test_replay_needs_hand_labels_of_everything(corpus: Invented) -> None:
    with pytest.raises(RowError, match="not every article has hand labels"):
        replay(corpus.rows, corpus.gold, SCHEME, ReplayPlan())
    with pytest.raises(RowError, match="nothing to replay"):
        ReplayPlan(share=1.5)


def test_replay_takes_the_outlets_from_the_hand_labels_where_rows_have_none(corpus: Invented) -> None:
    plan = ReplayPlan(measure="speaker", share=0.3, draws=3)
    bare = corpus.rows.drop("outlet")
    for rows in (bare, bare.with_columns(pl.lit(None, pl.String).alias("outlet"))):
        assert replay(rows, corpus.truth, SCHEME, plan).equals(replay(corpus.rows, corpus.truth, SCHEME, plan))


def test_replay_says_nothing_where_samples_are_too_small() -> None:
    # Two articles an outlet, one of them drawn: no error variance at all.
    tiny = invented(n_articles=4, n_outlets=2)
    table = replay(tiny.rows, tiny.truth, SCHEME, ReplayPlan(measure="speaker", share=0.5, draws=3))
    assert table["corrected_covers"].is_nan().all()
    assert table["truth"].is_finite().all()


def test_sentences_drawn_one_by_one(corpus: Invented) -> None:
    rng = np.random.default_rng(0)
    # Twice as likely where the model is unsure, as `sayso sample` may draw them.
    p = np.where(corpus.rows["speaker_p"].to_numpy() < 0.8, 0.4, 0.2)
    gold = corpus.truth.drop("cluster").with_columns(
        pl.Series("inclusion_p", p), pl.lit("sentence").alias("sample_unit")
    )
    gold = gold.filter(pl.Series(rng.random(gold.height) < p))
    found = corrected(corpus.rows, gold, scheme=SCHEME, wire="all").filter(pl.col("group") == "(all)")
    right = shares(corpus.truth, scheme=SCHEME, wire="all").filter(pl.col("group") == "(all)")["estimate"]
    assert ((found["corrected_low"] <= right) & (right <= found["corrected_high"])).all()
    with pytest.raises(RowError, match="needs whole articles"):
        corrected(corpus.rows, gold, scheme=SCHEME, measure="silent")
    # The report leaves out what a sample of sentences cannot correct, and corrects the rest.
    findings = find(corpus.rows, gold, SCHEME, Plan(resamples=100))
    estimates = findings.main.estimates
    assert estimates.filter(pl.col("measure") == "silent")["corrected"].null_count() > 0
    assert estimates.filter(pl.col("measure") == "speaker")["corrected"].null_count() == 0


def test_few_sentences_of_many_articles_are_few() -> None:
    # Sentences of the outlet's voice drawn with 0.06, others with 0.25: three an article, of nearly all.
    several = invented(n_articles=150, n_outlets=3, seed=5)
    rows, truth = several.rows.drop("cluster"), several.truth.drop("cluster")
    p = np.where(rows["speaker"].to_numpy() == "outlet", 0.06, 0.25)
    right = shares(truth, scheme=SCHEME, resamples=100)["estimate"].to_numpy()
    rng = np.random.default_rng(1)
    held = []
    for _ in range(30):
        drawn = rng.random(len(p)) < p
        gold = truth.with_columns(pl.Series("inclusion_p", p), pl.lit("sentence").alias("sample_unit")).filter(drawn)
        found = corrected(rows, gold, scheme=SCHEME, target="corpus")
        within = (found["corrected_low"].to_numpy() <= right) & (right <= found["corrected_high"].to_numpy())
        held.append(within[found["group"].to_numpy() != "(all)"].mean())
    outlets = found.filter(pl.col("group") != "(all)")
    assert outlets["n_gold_articles"].min() > 30
    assert outlets["corrected_note"].str.starts_with("few hand-labelled sentences: ").all()
    assert np.mean(held) > 0.92  # 0.85 by each outlet's own spread


def test_a_models_own_labels_are_no_gold(corpus: Invented) -> None:
    with pytest.raises(RowError, match="the model's own labels"):
        corrected(corpus.rows, corpus.rows, scheme=SCHEME)
    # One label changed by hand, and it is a person's file.
    one = pl.int_range(pl.len()) == 0
    changed = corpus.rows.with_columns(pl.when(one).then(pl.lit("council")).otherwise("speaker").alias("speaker"))
    other = pl.when(one).then(pl.lit("company")).otherwise("speaker").alias("speaker")
    assert corrected(corpus.rows.with_columns(other), changed, scheme=SCHEME).height


def test_without_probabilities_a_simple_random_sample_is_assumed(corpus: Invented) -> None:
    bare = corpus.gold.drop("inclusion_p", "sample_unit")
    assert find(corpus.rows, bare, SCHEME, Plan(resamples=100)).gold.assumed
    assert not find(corpus.rows, corpus.gold, SCHEME, Plan(resamples=100)).gold.assumed
    given, guessed = (
        corrected(corpus.rows, gold, scheme=SCHEME, wire="all")["corrected"].to_list() for gold in (corpus.gold, bare)
    )
    assert guessed == pytest.approx(given)


def test_corrected_differences_and_wider_intervals(corpus: Invented) -> None:
    found = compare(corpus.rows, gold=corpus.gold, scheme=SCHEME, wire="all")
    wider = found.filter(pl.col("corrected_low").is_not_null())
    assert wider.height > 0
    assert ((wider["corrected_high"] - wider["corrected_low"]) > 0).all()
    # Outlets of two kinds: the union speaks 24 % of the time in one and 7 % in the other, the company 8 and 26 %.
    pair = wider.filter((pl.col("group") == "Nordhaven Echo") & (pl.col("versus") == "The Tide"))
    union, company = (pair.filter(pl.col("item") == item).row(0, named=True) for item in ("union", "company"))
    assert union["corrected_low"] < 0.17 < union["corrected_high"]
    assert company["corrected_low"] < -0.18 < company["corrected_high"]
    # By the true labels of this very corpus the union's shares lie 12 points apart, the company's 19: with twelve
    # hand-labelled articles an outlet only the larger difference can be told from chance among thirty.
    assert company["corrected_discovery"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("other ids", "no hand-labelled sentence is among the rows"),
        ("other texts", "other sentences than the rows say"),
        ("bad p", "bad 'inclusion_p'"),
        ("some p", "missing in some rows"),
        ("mixed p", "several inclusion probabilities"),
        ("twice", "stands there twice"),
        ("unit", "what was drawn"),
        ("label", "unknown speaker"),
        ("sentences without p", "no 'inclusion_p'"),
    ],
)
def test_wrong_gold_is_named(corpus: Invented, change: str, message: str) -> None:
    gold = corpus.gold
    edits = {
        "other ids": lambda: gold.with_columns(pl.format("x{}", "article").alias("article")),
        "other texts": lambda: gold.with_columns(pl.col("text").shift(1, fill_value="Nothing.")),
        "bad p": lambda: gold.with_columns(pl.lit(0.0).alias("inclusion_p")),
        "some p": lambda: gold.with_columns(pl.when(pl.col("sentence") > 0).then("inclusion_p").alias("inclusion_p")),
        "mixed p": lambda: gold.with_columns(pl.int_range(1, pl.len() + 1).truediv(pl.len()).alias("inclusion_p")),
        "twice": lambda: pl.concat([gold, gold.head(2)]),
        "unit": lambda: gold.with_columns(pl.lit("page").alias("sample_unit")),
        "label": lambda: gold.with_columns(pl.lit("onion").alias("speaker")),
        "sentences without p": lambda: gold.drop("inclusion_p").with_columns(pl.lit("sentence").alias("sample_unit")),
    }
    with pytest.raises((RowError, SchemeError), match=message):
        corrected(corpus.rows, edits[change](), scheme=SCHEME)


def test_errors_that_differ_between_outlets_are_found() -> None:
    # By construction the model errs on 6, 11 and 16 % of the three kinds of outlet.
    corpus = invented(n_articles=600, n_outlets=3, gold_share=0.5, seed=1)
    view = find(corpus.rows, corpus.gold, SCHEME, Plan(resamples=100, wire="all")).main
    rates = view.scores.filter((pl.col("head") == "speaker") & (pl.col("group") != "(all)"))
    assert rates["accuracy"].to_list() == pytest.approx([0.84, 0.94, 0.89], abs=0.03)
    test = view.tests.filter((pl.col("kind") == "error_rate") & (pl.col("head") == "speaker"))
    assert test["differs"].to_list() == [True]


def test_welch_anova_is_welchs_t_test_for_two_groups() -> None:
    from scipy import stats

    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, 15), rng.normal(0.8, 3, 10)
    se = np.array([a.std(ddof=1) / 15**0.5, b.std(ddof=1) / 10**0.5])
    f, p = welch_anova(np.array([a.mean(), b.mean()]), se, np.array([14.0, 9.0]))
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert f == pytest.approx(welch.statistic**2)
    assert p == pytest.approx(welch.pvalue)


def test_a_group_without_hand_labels_leaves_the_total_uncorrected(corpus: Invented) -> None:
    missed = "The Tide"
    gold = corpus.gold.filter(pl.col("outlet") != missed)
    for drawn in (gold, gold.drop("inclusion_p", "sample_unit")):
        found = corrected(corpus.rows, drawn, scheme=SCHEME, wire="all")
        told = found.filter(pl.col("corrected").is_not_null())["group"].unique()
        assert set(told) == set(corpus.rows["outlet"].unique()) - {missed}
        assert set(found.filter(pl.col("group") == "(all)")["corrected_note"]) == {"holds groups without hand labels"}
    # Months take in the missing outlet's articles, so nothing there is corrected either.
    findings = find(corpus.rows, gold, SCHEME, Plan(by=("outlet", "month"), resamples=100, wire="all"))
    assert findings.views[1].estimates["corrected"].null_count() == findings.views[1].estimates.height
    assert findings.main.scores is not None
    whole = findings.main.scores.filter(pl.col("group") == "(all)")
    assert whole["accuracy"].null_count() == whole["macro_f1"].null_count() == whole.height
    assert f"Warning: The hand-labelled sample holds nothing of outlet {missed}" in " ".join(summary(findings))
    assert f"holds nothing of outlet {missed}" in " ".join(methods(findings, Provenance()))


def test_a_small_group_missed_by_chance_does_not_stop_the_total(corpus: Invented) -> None:
    # The sample was drawn from everything; of a desk with two articles it happens to hold none.
    labelled = set(corpus.gold["article"])
    two = [article for article in corpus.rows["article"].unique().sort() if article not in labelled][:2]
    rows = corpus.rows.with_columns(pl.when(pl.col("article").is_in(two)).then(pl.lit("two")).alias("desk"))
    found = corrected(rows, corpus.gold, scheme=SCHEME, by="desk", wire="all")
    assert found.filter(pl.col("group") == "(all)")["corrected"].null_count() == 0


def test_articles_labelled_in_part_are_no_whole_articles(corpus: Invented) -> None:
    bare = corpus.gold.drop("inclusion_p", "sample_unit")
    with pytest.raises(RowError, match="no article is labelled from end to end"):
        corrected(corpus.rows, bare.filter(pl.col("sentence") == 1), scheme=SCHEME)
    # One article in full of each outlet but one, the others in part: without a sampling unit these do not count.
    part = bare["article"].unique().sort()[0]
    cut = bare.filter((pl.col("article") != part) | (pl.col("sentence") < 3))
    left = corrected(corpus.rows, bare.filter(pl.col("article") != part), scheme=SCHEME, wire="all")
    assert corrected(corpus.rows, cut, scheme=SCHEME, wire="all").equals(left)
    # Where articles were drawn, those labelled in part still say something about sentences, not about whole articles.
    stated = corpus.gold.filter((pl.col("article") != part) | (pl.col("sentence") < 3))
    n_gold = {
        measure: corrected(corpus.rows, stated, scheme=SCHEME, measure=measure, wire="all")["n_gold_articles"].max()
        for measure in ("speaker", "silent")
    }
    assert n_gold["silent"] == n_gold["speaker"] - 1
    with pytest.raises(RowError, match="no article labelled to the end"):
        corrected(corpus.rows, corpus.gold.filter(pl.col("sentence") == 1), scheme=SCHEME, measure="silent")


def test_copies_that_do_not_count_were_drawn_all_the_same() -> None:
    # A third of the articles of both outlets by hand. In Echo two of three copies of a story do not count.
    def article(outlet: str, number: int, n_union: int, story: str | None) -> pl.DataFrame:
        speakers = ["union"] * n_union + ["outlet"] * (20 - n_union)
        texts = {"article": f"{outlet}-{number:03d}", "outlet": outlet, "text": "A line.", "stance": "reports"}
        columns = {name: pl.lit(value) for name, value in texts.items()} | {"cluster": pl.lit(story, pl.String)}
        return pl.DataFrame({"sentence": range(20), "speaker": speakers}).with_columns(**columns)

    echo = [article("Echo", i, 2 + i % 3, f"w{i // 3}" if i >= 30 else None) for i in range(90)]
    rows = pl.concat([*echo, *(article("Tide", i, 14 + i % 3, None) for i in range(60))])
    chosen = pl.col("article").str.slice(-3).cast(pl.Int64) % 3 == 1
    bare = rows.filter(chosen)
    stated = bare.with_columns(pl.lit(1 / 3).alias("inclusion_p"), pl.lit("article").alias("sample_unit"))
    for wire in ("once", "apart", "all"):
        given, guessed = (
            corrected(rows, gold, scheme=SCHEME, wire=wire)["gold_only"].to_list() for gold in (stated, bare)
        )
        assert guessed == pytest.approx(given, nan_ok=True)
    # An outlet without hand labels is left out, however many copies there are elsewhere.
    some = find(rows, bare.filter(pl.col("outlet") == "Echo"), SCHEME, Plan(resamples=100))
    assert some.gold.left_out == ("outlet Tide",)


def test_the_note_says_why_there_is_no_corrected_figure(corpus: Invented) -> None:
    # By hand the council has a sentence in two articles of the sample at most.
    quiet = pl.col("article").rank("dense") > 2
    gold = corpus.gold.with_columns(
        pl.when(quiet & (pl.col("speaker") == "council")).then(pl.lit("other")).otherwise("speaker").alias("speaker")
    )
    found = corrected(corpus.rows, gold, scheme=SCHEME, measure="asserted", wire="all")
    notes = found.filter((pl.col("item") == "council") & pl.col("corrected").is_null())
    assert notes.height
    for note, n_gold in notes.select("corrected_note", "n_gold_articles").iter_rows():
        assert n_gold > 5
        why = ("too few hand-labelled articles that have what is measured: ", "no figure: its interval")
        assert note.startswith(why)


def test_two_articles_borrow_their_spread_whether_they_show_an_error_or_not() -> None:
    corpus = invented(n_articles=120, n_outlets=3, gold_share=0.3, seed=2)
    gone = pl.when(pl.col("speaker") == "council").then(pl.lit("other")).otherwise("speaker").alias("speaker")
    rows, gold = corpus.rows.with_columns(gone), corpus.gold.with_columns(gone)
    found = corrected(rows, gold, scheme=SCHEME, measure="asserted")
    # By hand the company speaks in two articles of the Courier, and the model errs in them.
    heard = gold.filter((pl.col("outlet") == "Coast Courier") & (pl.col("speaker") == "company"))
    assert heard["article"].n_unique() == 2
    row = found.row(by_predicate=(pl.col("group") == "Coast Courier") & (pl.col("item") == "company"), named=True)
    assert row["corrected_note"].startswith(("few hand-labelled articles", "no figure: its interval would be wider"))
    for name in ("corrected_se", "corrected_high"):
        assert not found[name].is_infinite().any()


def test_one_assumed_design_for_the_whole_report(corpus: Invented) -> None:
    bare = corpus.gold.drop("inclusion_p", "sample_unit")
    findings = find(corpus.rows, bare, SCHEME, Plan(by=("outlet", "month"), resamples=100, wire="all"))
    totals = [
        view.estimates.filter((pl.col("group") == "(all)") & (pl.col("measure") == "speaker"))["corrected"].to_list()
        for view in findings.views
    ]
    assert totals[0] == pytest.approx(totals[1])
    assert "a simple random sample of articles within each outlet was assumed" in " ".join(
        methods(findings, Provenance())
    )


def test_the_model_counts_for_as_much_as_it_is_worth(corpus: Invented) -> None:
    # Whose word is vouched for: the model errs about who speaks, so its labels say little beside the hand labels.
    plan = ReplayPlan(measure="asserted", share=0.2, draws=25)
    table = replay(corpus.rows, corpus.truth, SCHEME, plan).filter(pl.col("corrected_width").is_finite())
    assert table.height > 0
    assert table["corrected_width"].mean() <= table["gold_only_width"].mean()
    whole = table.filter(pl.col("group") == "(all)")
    assert (whole["corrected_width"] <= 1.1 * whole["gold_only_width"]).all()
    assert whole["corrected_covers"].mean() >= 0.9
    # A model that guesses counts for nothing, and one without errors in full.
    rng = np.random.default_rng(5)
    guess = corpus.rows.with_columns(pl.Series("speaker", rng.permutation(corpus.rows["speaker"].to_numpy())))
    weights = [
        corrected(rows, corpus.gold, scheme=SCHEME, wire="all")["model_weight"].drop_nulls()
        for rows in (guess, corpus.truth)
    ]
    assert weights[0].mean() < 0.35
    assert weights[1].to_list() == pytest.approx([1.0] * len(weights[1]))


def test_too_few_articles_of_a_speaker_get_no_interval(corpus: Invented) -> None:
    found = corrected(corpus.rows, corpus.gold, scheme=SCHEME, measure="asserted", wire="all")
    known = found.filter(pl.col("corrected").is_not_null())
    assert (known["corrected_high"] - known["corrected_low"]).max() < 0.95
    assert known["corrected_se"].max() < 0.5
    heard = corpus.gold.group_by("outlet", "speaker").agg(pl.col("article").n_unique())
    rare = heard.filter(pl.col("article") < 2)
    for outlet, speaker in rare.select("outlet", "speaker").iter_rows():
        row = found.filter((pl.col("group") == outlet) & (pl.col("item") == speaker))
        assert row["corrected"].to_list() == row["gold_only"].to_list() == [None]
