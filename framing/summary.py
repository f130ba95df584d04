"""The findings in words, for readers who stop after the first screen. Plain text: writers escape it."""

from __future__ import annotations

import polars as pl

from ..model.dates import DATE_PATTERNS
from ..model.errors import some_of
from .findings import ALL, Findings, GoldFacts, View
from .missing import MOST_NAMED
from .resample import MIN_ARTICLES

_TAKEN_AS_TRUE = "every figure here takes the model's labels as true"


def percent(value: float | None, digits: int = 0) -> str:
    """A share as text: 0.314 is `31 %`; nothing known is a dash."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def figure(row: dict[str, object], prefix: str = "") -> str:
    """A share with its interval: `31 % (26 to 37)`."""
    value, low, high = (row.get(prefix + part) for part in ("estimate" if not prefix else "", "low", "high"))
    if prefix:
        value = row.get(prefix.rstrip("_"))
    if not isinstance(value, float):
        return "–"
    if not isinstance(low, float) or not isinstance(high, float):
        return percent(value)
    return f"{percent(value)} ({100 * low:.0f} to {100 * high:.0f})"


def _is_corrected(row: dict[str, object]) -> bool:
    return row.get("corrected") is not None


def best(row: dict[str, object], *, among: list[dict[str, object]]) -> str:
    """The corrected figure where there is one, else the uncorrected, marked if others beside it are corrected."""
    if _is_corrected(row):
        return figure(row, "corrected_")
    text = figure(row)
    if not any(map(_is_corrected, among)) or row["estimate"] is None:
        return text
    return f"{text[:-1]}, uncorrected)" if text.endswith(")") else f"{text} (uncorrected)"


def _status(rows: list[dict[str, object]]) -> str:
    """Whether the figures of a paragraph are corrected."""
    corrected = [_is_corrected(row) for row in rows if row["estimate"] is not None]
    if not any(corrected):
        return "(Not corrected for the model's errors.)"
    return "(Corrected for the model's errors" + (".)" if all(corrected) else ", but where marked uncorrected.)")


def counted(n: int, one: str, many: str | None = None) -> str:
    """`1 article`, `1,204 articles`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def summary(findings: Findings, learned: str = "") -> list[str]:
    """The report's first paragraphs.

    Args:
        findings: all of them.
        learned: a warning that the model learned from the hand-labelled sample, or nothing.
    """
    parts = [
        learned,
        _corpus(findings),
        _voices(findings),
        _vouching(findings),
        _silence(findings),
        _differences(findings),
        model_errors(findings),
        _limits(findings),
    ]
    return [part for part in parts if part]


def _rows(view: View, measure: str, group: str) -> list[dict[str, object]]:
    chosen = (pl.col("measure") == measure) & (pl.col("group") == group)
    return view.estimates.filter(chosen).to_dicts()


def _corpus(findings: Findings) -> str:
    rows, view = findings.rows, findings.main
    dates = rows["date"].drop_nulls()
    known = [group for group in view.groups if group != f"(no {view.by})"]
    named = f"in {counted(len(view.groups), 'group')} by {view.by}" if known else f"none of which names its {view.by}"
    text = f"{counted(rows['article'].n_unique(), 'article')} with {counted(rows.height, 'sentence')}, {named}"
    # Other dates have no order as text.
    if len(dates) and dates.str.contains(DATE_PATTERNS["year"]).all():
        first, last = str(dates.min())[:10], str(dates.max())[:10]
        text += f", {first}" if first == last else f", {first} to {last}"
    return text + "."


def _voices(findings: Findings) -> str:
    names = {speaker.id: speaker.name for speaker in findings.scheme.speakers}
    rows = {str(row["item"]): row for row in _rows(findings.main, "speaker", ALL)}
    among = list(rows.values())
    own = rows.pop(findings.scheme.outlet)
    others = sorted(rows.values(), key=lambda row: -_value(row))
    listed = ", ".join(f"{names[str(row['item'])]} {best(row, among=among)}" for row in others)
    return (
        f"In their own voice the articles speak in {best(own, among=among)} of the sentences. "
        f"Of all sentences the other speakers have: {listed}. {_status(among)}"
    )


def _value(row: dict[str, object]) -> float:
    for name in ("corrected", "estimate"):
        value = row.get(name)
        if isinstance(value, float):
            return value
    return 0.0


def _vouching(findings: Findings) -> str:
    names = {speaker.id: speaker.name for speaker in findings.scheme.speakers}
    rows = [
        row
        for row in _rows(findings.main, "asserted", ALL)
        if row["item"] != findings.scheme.outlet and row["low"] is not None
    ]
    if not rows:
        return ""
    rows.sort(key=lambda row: -_value(row))
    listed = ", ".join(f"{names[str(row['item'])]} {best(row, among=rows)}" for row in rows)
    return f"How much of a speaker's word the articles vouch for instead of passing it on: {listed}. {_status(rows)}"


def _silence(findings: Findings) -> str:
    names = {speaker.id: speaker.name for speaker in findings.scheme.speakers}
    rows = [row for row in _rows(findings.main, "silent", ALL) if row["item"] != findings.scheme.outlet]
    if not rows:
        return ""
    rows.sort(key=lambda row: -_value(row))
    listed = ", ".join(f"{names[str(row['item'])]} {best(row, among=rows)}" for row in rows)
    return f"Articles in which a speaker has no sentence at all: {listed}. {_status(rows)}"


def _differences(findings: Findings) -> str:
    view = findings.main
    if view.uncompared is not None:
        return f"Groups are not compared: {view.uncompared}."
    table = view.differences.filter(pl.col("measure") == "speaker")
    prefix = "corrected_" if "corrected_q" in table.columns else ""
    tested = table.filter(pl.col(f"{prefix}q").is_not_null())
    if prefix and not tested.height:
        return (
            f"No two groups are compared: a comparison that allows for the model's errors needs {MIN_ARTICLES} "
            "hand-labelled articles in each. The uncorrected differences take the model's labels as true."
        )
    if not tested.height:
        return f"No two groups are compared: a comparison needs {MIN_ARTICLES} articles in each."
    found = tested.filter(pl.col(f"{prefix}discovery"))
    kind = "corrected for the model's errors" if prefix else "not corrected for the model's errors"
    text = (
        f"{found.height:,} of {tested.height:,} comparisons of a speaker's share between two groups show a difference "
        f"({kind}; false-discovery rate 5 %)."
    )
    if prefix:
        lost = table.filter(pl.col("discovery") & ~pl.col("corrected_discovery")).height
        if lost:
            text += f" {counted(lost, 'more difference')} would be claimed without the correction."
    if found.height:
        names = {speaker.id: speaker.name for speaker in findings.scheme.speakers}
        row = found.sort(pl.col(f"{prefix}difference").abs(), descending=True).row(0, named=True)
        gap, low, high = (100 * row[f"{prefix}{part}"] for part in ("difference", "low", "high"))
        more, less = (row["group"], row["versus"]) if gap > 0 else (row["versus"], row["group"])
        low, high = (low, high) if gap > 0 else (-high, -low)
        text += (
            f" The largest: {names[row['item']]} speaks in {abs(gap):.0f} percentage points ({low:.0f} to {high:.0f}) "
            f"more of the sentences in {more} than in {less}."
        )
    return text


def model_errors(findings: Findings) -> str:
    """How often the model is right, and whether the figures allow for its errors."""
    gold, view = findings.gold, findings.main
    if gold is None and not findings.predicted:
        return (
            "The rows carry no probabilities, as those of a model do. If people labelled them, the intervals show what "
            f"there is to show: chance between articles. If a model did, {_TAKEN_AS_TRUE}: label a sample by hand "
            "(`sayso sample`), and give it with --gold."
        )
    if gold is None:
        return (
            f"There is no hand-labelled sample: {_TAKEN_AS_TRUE}. The intervals show "
            "chance between articles, not the model's errors; a difference between groups may be a difference in how "
            "often the model errs on them. Draw a sample with `sayso sample`, label it, and give it with --gold."
        )
    if view.scores is None or view.tests is None:
        return (
            f"{_read(gold)}. They cannot correct figures by {view.by}, which differs within an article: "
            f"{_TAKEN_AS_TRUE}. Group by a column with one value for each article."
        )
    scores = {row["head"]: row for row in view.scores.filter(pl.col("group") == ALL).to_dicts()}
    listed = ", ".join(
        f"{name} right in {percent(scores[head]['accuracy'])}"
        + (
            ""
            if scores[head]["low"] is None
            else f" ({100 * scores[head]['low']:.0f} to {100 * scores[head]['high']:.0f})"
        )
        for head, name in (("speaker", "the speaker"), ("stance", "the stance"))
    )
    # A sample that leaves out whole groups gives no accuracy of all.
    known = f" By these the model has {listed} of the sentences." if scores["speaker"]["accuracy"] is not None else ""
    text = f"{_read(gold)}.{known} " + (
        "The figures that are called corrected allow for this; all others take the model's labels as true."
        if view.corrected
        else f"They are too few to correct any figure: {_TAKEN_AS_TRUE}."
    )
    if gold.left_out:
        text += f" Warning: {left_out(gold)}"
    differing = view.tests.filter(pl.col("differs"))
    if differing.height:
        text += (
            " Warning: the model errs differently for the groups compared, so uncorrected differences between them "
            "are not to be trusted."
        )
    return text


def left_out(gold: GoldFacts) -> str:
    """That the sample stands for some groups only, and what follows."""
    return (
        f"The hand-labelled sample holds nothing of {some_of(gold.left_out, MOST_NAMED)}, and not by chance: how the "
        "model errs there is unknown, so figures that take these articles in, such as those of all groups together, "
        "are neither corrected nor given an accuracy."
    )


def labelled_by_hand(gold: GoldFacts) -> str:
    """How much was labelled by hand, without a full stop."""
    return f"{counted(gold.n_sentences, 'sentence')} of {counted(gold.n_articles, 'article')} were labelled by hand"


def _read(gold: GoldFacts) -> str:
    """The same, and what of the sample is not among the rows."""
    text = labelled_by_hand(gold)
    if gold.missing:
        among = counted(len(gold.missing), "more such article is", "more such articles are")
        text += f"; {among} not among the rows ({some_of(gold.missing, MOST_NAMED)})"
    return text


def _limits(findings: Findings) -> str:
    view = findings.main
    texts = []
    thin = [group for group in view.thin if group != ALL]
    if thin:
        texts.append(f"Too few articles (under {MIN_ARTICLES}) for any interval: {some_of(thin, 10)}.")
    if findings.wire is not None:
        texts.append(_wire(findings))
    return " ".join(texts)


def _wire(findings: Findings) -> str:
    view = findings.main
    left_out = f"{counted(view.n_copies, 'copy', 'copies')} left out"
    if findings.plan.wire == "all":
        return "Every copy of a wire story counts."
    if findings.plan.wire == "apart":
        text = f"A story printed several times counts once, in a group of its own: {left_out}."
    else:
        everywhere = counted(view.n_copies + view.n_outside_total, "copy", "copies")
        text = (
            f"A story printed several times counts once in each group ({left_out}) and once in all groups together "
            f"({everywhere} left out of the figures for all)."
        )
    return f"{text} The copy of the earliest day counts; among those of one day a lot decides, whatever the outlet."
