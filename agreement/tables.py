"""Agreement as plain tables of text, and as plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .coefficients import MIN_ARTICLES
from .figures import Agreement, Confusion, Figure

_TITLES = {"agreement": "agree", "alpha": "Krippendorff's alpha", "kappa": "Cohen's kappa"}


def as_text(agreement: Agreement) -> str:
    """All figures, then who was mistaken for whom, in lines of fixed-width columns."""
    overall = agreement.figures[0]
    enough = overall.n_articles >= MIN_ARTICLES
    lines = [
        f"{overall.n_sentences} sentences of {overall.n_articles} articles labelled by at least two of "
        f"{', '.join(overall.coders)}",
        *agreement.notes,
        "95 % intervals by resampling articles" if enough else "too few articles for intervals",
    ]
    for head in dict.fromkeys(figure.head for figure in agreement.figures):
        lines += ["", "speaker and stance together" if head == "both" else head, *_figure_lines(agreement, head)]
        if head != "both":
            for confusion in agreement.confusions:
                if confusion.head == head:
                    lines += ["", *_confusion_lines(confusion)]
    return "\n".join(lines)


def as_data(agreement: Agreement) -> dict[str, Any]:
    """Plain data for JSON; figures that are not defined are None."""
    figures = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in asdict(f).items()}
        for f in agreement.figures
    ]
    confusions = [{**asdict(c), "counts": c.counts.tolist()} for c in agreement.confusions]
    return {"figures": figures, "confusions": confusions, "notes": list(agreement.notes)}


def _figure_lines(agreement: Agreement, head: str) -> list[str]:
    figures = [f for f in agreement.figures if f.head == head]
    columns = list(dict.fromkeys((f.measure, f.coders) for f in figures))
    several = sum(measure == "kappa" for measure, _ in columns) > 1
    header = ["", "given"]
    header += [_TITLES[m] + (f" {' x '.join(coders)}" if several and m == "kappa" else "") for m, coders in columns]
    cells = {(f.measure, f.coders, f.label): f for f in figures}
    given = {f.label: f.n_label for f in figures if f.measure == "alpha"}
    table = [header]
    for label, n_label in given.items():
        row = ["all labels" if label is None else label, "" if n_label is None else str(n_label)]
        table.append(row + [_cell(cells.get((*column, label))) for column in columns])
    return _aligned(table)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if math.isnan(figure.value):
        return "not defined"
    ends = "" if math.isnan(figure.low) else f" [{figure.low:.3f}, {figure.high:.3f}]"
    return f"{figure.value:.3f}{ends}"


def _confusion_lines(confusion: Confusion) -> list[str]:
    used = [i for i in range(len(confusion.labels)) if confusion.counts[i].sum() + confusion.counts[:, i].sum() > 0]
    table = [[f"{confusion.first} (down) x {confusion.second}", *(confusion.labels[j] for j in used)]]
    table += [[confusion.labels[i], *(str(confusion.counts[i, j]) for j in used)] for i in used]
    return _aligned(table)


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
