"""`sayso sample`: which articles or sentences to label by hand next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .options import command

if TYPE_CHECKING:
    from ..model.records import LabelledSentence


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOptions:
    """The options of `sayso sample`, each with what `--help` says about it."""

    rows: Annotated[
        list[Path], typer.Argument(metavar="ROWS...", help="Labelled rows (.jsonl .csv .tsv .parquet) to draw from.")
    ]
    n: Annotated[int, typer.Option("-n", min=1, help="How many articles or sentences.")]
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File for the sample, in any format that `sayso convert` writes.")
    ]
    to: Annotated[str | None, typer.Option(help="Its format, where its name does not tell.")] = None
    scheme: Annotated[
        str | None, typer.Option("--scheme", "-s", help="Scheme name or YAML file: fills the tool's lists of labels.")
    ] = None
    unit: Annotated[
        Literal["article", "sentence"],
        typer.Option(help="Whole articles allow every corrected figure; sentences spread over more articles."),
    ] = "sentence"
    by: Annotated[
        list[str] | None,
        typer.Option(help="Stratify by outlet, month, year, speaker (the model's) ...; may be given several times."),
    ] = None
    equal: Annotated[bool, typer.Option("--equal", help="As many from every stratum, not in proportion.")] = False
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Draw more of what the model is unsure of.")] = False
    show_labels: Annotated[
        bool, typer.Option("--show-labels", help="Leave the model's labels in; they sway whoever sees them.")
    ] = False
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same sample.")] = 0


def run_sample(options: SampleOptions) -> None:
    """Draw a sample to label by hand, with known probabilities, so that figures corrected by it are valid.

    A file in which labels were filled in is not replaced.
    """
    from ..formats import check_no_work_lost, format_to_write, write
    from ..model.scheme import Scheme
    from ..sampling import SampleSettings, draw_sample

    settings = SampleSettings(
        n=options.n,
        unit=options.unit,
        by=() if options.by is None else tuple(options.by),
        equal=options.equal,
        uncertain=options.uncertain,
        show_labels=options.show_labels,
        seed=options.seed,
    )
    scheme = None if options.scheme is None else Scheme.load(options.scheme)
    form = format_to_write(options.out, options.to)
    drawn = draw_sample(lambda: _rows(options.rows), settings)
    tasks = drawn.rows
    if form.name != "label-studio":  # there they are predictions, which somebody confirms
        # The probability of a label that a person changes would stay behind.
        tasks = tuple(row.with_labels(row.speaker, row.stance) for row in tasks)
    check_no_work_lost(options.out, tasks, options.to)
    for note in write(options.out, tasks, scheme, options.to):
        typer.echo(note, err=True)
    for name, n_units, n_drawn in drawn.strata:
        typer.echo(f"{' '.join(name) if name else 'in all'}: {n_drawn} of {n_units} {options.unit}s", err=True)
    n_there = sum(n_units for _, n_units, _ in drawn.strata)
    if n_there < options.n:
        typer.echo(f"fewer than asked for: there are only {n_there} {options.unit}s, and all are drawn", err=True)


sample = command("sample", SampleOptions, run_sample)


def _rows(paths: list[Path]) -> Iterator[LabelledSentence]:
    from ..model.rowfiles import read_rows

    for path in paths:
        yield from read_rows(path)
