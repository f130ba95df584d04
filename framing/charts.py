"""The figures of the page as plain numbers: positions in percent of a chart's width, and the text beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from ..model.scheme import Scheme
from .findings import ALL, View
from .summary import percent

#: A panel shows at most this many groups, those with most articles; the tables beside the page hold all.
MOST_ROWS = 40
#: Segments narrower than this (percent of the bar) have no room for a letter.
_LETTER_ROOM = 3.0
#: A space at which no line breaks.
_KEEP = "\u00a0"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar: a speaker's sentences with one stance.

    Attributes:
        speaker: index of the speaker in the scheme.
        vouched: whether the outlet vouches for these sentences.
        x: left end, percent of the bar.
        width: percent of the bar.
    """

    speaker: int
    vouched: bool
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Letter:
    """A speaker's letter above its piece of the bar, `x` in percent."""

    speaker: int
    x: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One group's stacked bar."""

    group: str
    segments: tuple[Segment, ...]
    letters: tuple[Letter, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with its interval, in percent of the chart's width."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """One row of a panel: a group's value.

    Attributes:
        group: its name.
        n: what it rests on, in words.
        plain: the uncorrected mark, None where too little is known.
        corrected: the corrected mark, or None.
        text: value and interval as text (the corrected one where there is one).
        other: the uncorrected text, where the corrected one is shown first.
        note: what to know about it.
        value: what the row is sorted by.
    """

    group: str
    n: str
    plain: Mark | None
    corrected: Mark | None
    text: str
    other: str
    note: str
    value: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One item of a measure for all groups; `ticks` are (position in percent, label)."""

    item: str
    title: str
    speaker: int | None
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    n_hidden: int


def bars(view: View, scheme: Scheme) -> list[Bar]:
    """Who speaks and what the outlet vouches for: one stacked bar a group."""
    found = []
    for group in shown_groups(view)[0]:
        rows = view.voices.filter(pl.col("group") == group)
        n = rows["n_sentences"].sum()
        counts = {(row["speaker"], row["stance"]): row["n_sentences"] for row in rows.to_dicts()}
        x, segments, letters, words = 0.0, [], [], []
        for i, speaker in enumerate(scheme.speaker_ids):
            start = x
            vouched = counts.get((speaker, scheme.vouched), 0)
            passed = sum(counts.get((speaker, stance), 0) for stance in scheme.stance_ids) - vouched
            for part, solid in ((vouched, True), (passed, False)):
                if part:
                    segments.append(Segment(i, solid, x, 100 * part / n))
                    x += 100 * part / n
            if x - start >= _LETTER_ROOM:
                letters.append(Letter(i, (start + x) / 2))
            if vouched + passed:
                name = scheme.speakers[i].name
                words.append(f"{name} {percent((vouched + passed) / n)} (vouched for {percent(vouched / n)})")
        found.append(Bar(group, tuple(segments), tuple(letters), f"{group}: " + "; ".join(words)))
    return found


def shown_groups(view: View) -> tuple[list[str], int]:
    """The groups that figures show, in order, and how many they leave out."""
    sizes = view.estimates.filter((pl.col("measure") == "speaker") & (pl.col("group") != ALL))
    sizes = sizes.unique("group").sort("n_articles", "group", descending=[True, False])
    chosen = set(sizes["group"].head(MOST_ROWS))
    return [group for group in view.groups if group in chosen], sizes.height - len(chosen)


def panels(view: View, scheme: Scheme, measure: str) -> list[Panel]:
    """One panel an item of a measure.

    Items that nothing is known of are left out, and the outlet's own voice where a panel shows what it vouches for.
    """
    rows = view.estimates.filter(pl.col("measure") == measure)
    groups, n_hidden = shown_groups(view)
    rows = rows.filter(pl.col("group").is_in([*groups, ALL]))
    names = {speaker.id: (i, speaker.name) for i, speaker in enumerate(scheme.speakers)}
    names_of_stances = {stance.id: stance.name for stance in scheme.stances}
    share = measure not in ("first_place", "place", "run_length", "lean")
    low, high = _range(rows, measure, share=share)
    ticks = _ticks(low, high, share=share)
    found = []
    for item in rows["item"].unique(maintain_order=True):
        mine = {row["group"]: row for row in rows.filter(pl.col("item") == item).to_dicts()}
        if mine[ALL]["estimate"] is None or (measure == "asserted" and item == scheme.outlet):
            continue
        dots = tuple(_dot(mine[group], low, high, share=share) for group in [*groups, ALL])
        index, title = names.get(item, (None, names_of_stances.get(item, _pair_name(item, scheme))))
        found.append(Panel(item, title, index, dots, ticks, n_hidden))
    return found


def _pair_name(item: str, scheme: Scheme) -> str:
    return " against ".join(scheme.speaker(part).name for part in item.split(":")) if ":" in item else item


def _range(rows: pl.DataFrame, measure: str, *, share: bool) -> tuple[float, float]:
    """Ends of the axis: one axis for all panels of a measure, so that they can be compared."""
    if measure == "lean":
        return -1.0, 1.0
    if measure in ("first_place", "place"):
        return 0.0, 1.0
    columns = [c for c in ("estimate", "high", "corrected", "corrected_high") if c in rows.columns]
    shown = rows.filter(pl.col("low").is_not_null())
    highest = max((float(cast(float, v)) for c in columns if (v := shown[c].max()) is not None), default=1.0)
    if not share:
        return 0.0, max(2.0, float(int(highest) + 1))
    steps = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
    return 0.0, next(step for step in steps if highest <= step or step == 1.0)


def _ticks(low: float, high: float, *, share: bool) -> tuple[tuple[float, str], ...]:
    values = [low, (low + high) / 2, high]
    return tuple((_at(v, low, high), percent(v) if share else f"{v:g}") for v in values)


def _at(value: float, low: float, high: float) -> float:
    """Position in percent, 2 % of the width kept free at both ends for the marks."""
    return round(2 + 96 * (min(max(value, low), high) - low) / (high - low), 2)


def _mark(row: dict[str, Any], names: tuple[str, str, str], low: float, high: float) -> Mark | None:
    value, least, most = (row.get(name) for name in names)
    if value is None or least is None or most is None:
        return None
    return Mark(_at(value, low, high), _at(least, low, high), _at(most, low, high))


def value_text(row: dict[str, Any], names: tuple[str, str, str], *, share: bool) -> str:
    """`31 % [26, 37]`, or the value alone where there is no interval; a narrow page breaks it before the bracket."""
    value, low, high = (row.get(name) for name in names)
    if value is None:
        return "–"
    if share:
        ends = "" if low is None or high is None else f" [{100 * low:.0f},{_KEEP}{100 * high:.0f}]"
        return percent(value).replace(" ", _KEEP) + ends
    ends = "" if low is None or high is None else f" [{low:.2f},{_KEEP}{high:.2f}]"
    return f"{value:.2f}{ends}"


PLAIN = ("estimate", "low", "high")
CORRECTED = ("corrected", "corrected_low", "corrected_high")


def _dot(row: dict[str, Any], low: float, high: float, *, share: bool) -> Dot:
    plain, corrected = _mark(row, PLAIN, low, high), _mark(row, CORRECTED, low, high)
    shown = CORRECTED if corrected else PLAIN
    notes = [row["note"]] + ([row.get("corrected_note")] if row.get("corrected_note") else [])
    return Dot(
        group=row["group"],
        n=f"{row['n_articles']:,} articles",
        plain=plain,
        corrected=corrected,
        text=value_text(row, shown, share=share) if plain or corrected else "–",
        other=value_text(row, PLAIN, share=share) if corrected else "",
        note="; ".join(note for note in notes if note),
        value=row[shown[0]] if row[shown[0]] is not None else -1.0,
    )


def matrix(view: View, scheme: Scheme) -> list[tuple[int, list[tuple[str, float]]]]:
    """Whose words follow whose, all groups together: for each speaker, (text, share) of each that follows."""
    rows = view.estimates.filter((pl.col("measure") == "follows") & (pl.col("group") == ALL))
    values = {row["item"]: row for row in rows.to_dicts()}
    found = []
    for i, before in enumerate(scheme.speaker_ids):
        cells = []
        for after in scheme.speaker_ids:
            row = values.get(f"{before}>{after}", {})
            names = CORRECTED if row.get("corrected") is not None else PLAIN
            cells.append((value_text(row, names, share=True), float(row.get(names[0]) or 0.0)))
        if values:
            found.append((i, cells))
    return found
