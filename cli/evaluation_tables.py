"""Scores as tables for people: what `sayso evaluate` and `sayso benchmark` print."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ..evaluation.figures import Evaluation, GroupScores, HeadScores
from ..evaluation.resample import FEW_ARTICLES, Interval
from ..evaluation.risk import RiskPoint
from ..evaluation.robustness import Robustness
from ..evaluation.spans import SpanScore
from ..evaluation.traps import FamilyScore
from .terminal import safe
from .watching import counted

#: Columns that the tables need; a file or a pipe, which has no width of its own, gets so many.
WIDTH = 132
_TITLES = {"speaker": "Speaker", "stance": "Stance", "attributed": "Outlet against any source", "both": "Both right"}
#: Points of the risk-coverage curve that are printed; all of them are in the JSON form.
_SHOWN_COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


def stdout_console() -> Console:
    """Standard output, on which nothing is taken for markup."""
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    return (
        console
        if console.is_terminal
        else Console(file=sys.stdout, markup=False, highlight=False, emoji=False, width=WIDTH)
    )


def print_evaluation(console: Console, evaluation: Evaluation, title: str) -> None:
    """Everything about one collection of gold articles."""
    console.print(
        f"{safe(title)}: {counted(evaluation.n_sentences, 'sentence')} of {counted(evaluation.n_articles, 'article')}",
        style="bold",
    )
    console.print(_interval_note(evaluation))
    console.print(_main_table(evaluation))
    if evaluation.inclusion is not None and evaluation.inclusion.weighted:
        console.print(_weighted_table(evaluation.inclusion.weighted))
    for head in evaluation.heads:
        if head.head != "attributed":
            console.print(_label_table(head))
            console.print(_confusion_table(head))
    for kind in ("outlet", "gold"):
        groups = [g for g in evaluation.groups if g.kind == kind]
        if groups:
            console.print(_group_table(kind, groups))
    if evaluation.risk_coverage:
        console.print(_risk_table(evaluation.risk_coverage))
    if evaluation.spans:
        console.print(_span_table(evaluation.spans))


def _interval_note(evaluation: Evaluation) -> str:
    if evaluation.n_articles < 2 or evaluation.n_resamples == 0:
        return "no intervals: they need at least two articles, and resamples"
    note = f"brackets: 95 % intervals from {evaluation.n_resamples} samples of articles"
    if evaluation.n_articles < FEW_ARTICLES:
        note += f"; with only {evaluation.n_articles} articles they are too narrow"
    return note


def _table(title: str, columns: Sequence[str], n_text: int = 1) -> Table:
    """A table whose first `n_text` columns are words and the others figures."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, min_width=len(title)
    )
    for i, column in enumerate(columns):
        # On a narrow terminal figures are cut, and say so; a row without its name would say nothing.
        table.add_column(
            column,
            justify="left" if i < n_text else "right",
            no_wrap=i >= n_text,
            min_width=12 if i == 0 < n_text else None,
        )
    return table


def _main_table(evaluation: Evaluation) -> Table:
    table = _table("", ["", "macro-F1", "accuracy", "calibration error"])
    for head in evaluation.heads:
        calibration = "" if head.calibration_error is None else str(head.calibration_error)
        table.add_row(_TITLES[head.head], str(head.macro_f1), str(head.accuracy), calibration)
    if evaluation.both_right is not None:
        table.add_row(_TITLES["both"], "", str(evaluation.both_right), "")
    return table


def _weighted_table(weighted: Mapping[str, Interval]) -> Table:
    table = _table("Weighted by 1 / inclusion_p: estimates for the corpus", ["", "share right"])
    for name, share in weighted.items():
        table.add_row(_TITLES[name], str(share))
    return table


def short(interval: Interval) -> str:
    """An interval in few characters."""
    if math.isnan(interval.low):
        return f"{interval.value:.3f}"
    return f"{interval.value:.3f} [{interval.low:.2f}, {interval.high:.2f}]"


def _label_table(head: HeadScores) -> Table:
    table = _table(f"{_TITLES[head.head]} by label", ["", "gold", "model", "precision", "recall", "F1"])
    for label in head.by_label:
        figures = (short(label.precision), short(label.recall), short(label.f1))
        table.add_row(label.label, str(label.n_gold), str(label.n_predicted), *figures)
    return table


def _confusion_table(head: HeadScores) -> Table:
    used = [i for i, row in enumerate(head.confusion) if sum(row) + sum(r[i] for r in head.confusion) > 0]
    table = _table(f"{_TITLES[head.head]}: gold down, model across", ["", *(head.labels[i] for i in used)])
    for i in used:
        table.add_row(head.labels[i], *(str(head.confusion[i][j]) for j in used))
    return table


def _group_table(kind: str, groups: Sequence[GroupScores]) -> Table:
    heads = list(dict.fromkeys(name for group in groups for name in group.figures))
    table = _table(f"By {kind} (macro-F1)", ["", "articles", "sentences", *(_TITLES[h] for h in heads)])
    for group in groups:
        figures = [short(group.figures[h]) if h in group.figures else "" for h in heads]
        table.add_row(safe(group.name), str(group.n_articles), str(group.n_sentences), *figures)
    return table


def _risk_table(points: Sequence[RiskPoint]) -> Table:
    table = _table("Abstaining on the least certain", ["kept", "wrong", "--min-confidence"], n_text=0)
    nearest = (min(points, key=lambda p: abs(p.coverage - share)) for share in _SHOWN_COVERAGES)
    for point in dict.fromkeys(nearest):
        table.add_row(f"{point.coverage:.1%}", f"{point.risk:.3f}", f"{point.min_confidence:.3f}")
    return table


def _span_table(spans: Sequence[SpanScore]) -> Table:
    table = _table("Evidence", ["", "match", "gold", "model", "precision", "recall", "F1"], n_text=2)
    for span in spans:
        figures = (short(span.precision), short(span.recall), short(span.f1))
        table.add_row(span.kind, span.match, str(span.n_gold), str(span.n_predicted), *figures)
    return table


def print_traps(console: Console, families: Sequence[FamilyScore]) -> None:
    """Traps by family: a pair is passed if both sides are right."""
    table = _table("Traps: pairs passed, both sides right", ["family", "pairs", "passed", "share", "sides right"])
    for family in families:
        sides = f"{family.sides / (2 * family.n):.2f}"
        table.add_row(safe(family.family), str(family.n), str(family.passed), f"{family.share:.2f}", sides)
    n, passed = sum(f.n for f in families), sum(f.passed for f in families)
    table.add_section()
    table.add_row("all", str(n), str(passed), f"{passed / n:.3f}", f"{sum(f.sides for f in families) / (2 * n):.3f}")
    console.print(table)


def print_robustness(console: Console, changes: Sequence[Robustness]) -> None:
    """What each change of the text costs."""
    heads = [drop.figure for drop in changes[0].drops]
    columns = ["change", "sentences", *(_TITLES[h] for h in heads)]
    table = _table("Robustness: macro-F1 (both right: share) lost when the text changes", columns)
    for change in changes:
        table.add_row(change.change, str(change.n_changed), *(short(drop.drop) for drop in change.drops))
    console.print(table)


def print_benchmark(console: Console, systems: Sequence[tuple[str, Evaluation]], title: str) -> None:
    """Several models on the same gold."""
    first = systems[0][1]
    of = f"{counted(first.n_sentences, 'sentence')} of {counted(first.n_articles, 'article')}"
    console.print(f"{safe(title)}: {of}", style="bold")
    console.print(_interval_note(first))
    heads = [head.head for head in first.heads]
    columns = ["", *(f"{_TITLES[h]} F1" for h in heads), *(["Both right"] if first.both_right is not None else [])]
    table = _table("", columns)
    for name, evaluation in systems:
        figures = [str(evaluation.head(h).macro_f1) for h in heads]
        if evaluation.both_right is not None:
            figures.append(str(evaluation.both_right))
        table.add_row(safe(name), *figures)
    console.print(table)
