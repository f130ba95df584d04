"""`sayso frame`: labelled rows to a framing report; `sayso frame-check`: would its correction find the truth?"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..model.errors import SaysoError
from .options import command

if TYPE_CHECKING:
    import polars as pl

    from ..framing.findings import Findings
    from ..framing.methods import Provenance

Wire = Literal["once", "apart", "all"]
Format = Literal["html", "md", "csv", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOptions:
    """The options of `sayso frame`, each with what `--help` says about it."""

    rows: Annotated[
        list[Path],
        typer.Argument(metavar="ROWS...", help="Labelled rows (.jsonl .csv .tsv .parquet) or folders of them."),
    ]
    gold: Annotated[
        Path | None,
        typer.Option(help="Hand-labelled rows of a sample of these rows (`sayso sample`): corrects for model errors."),
    ] = None
    scheme: Annotated[
        str | None,
        typer.Option("--scheme", "-s", help="Scheme name or YAML file. Default: the shipped scheme that fits."),
    ] = None
    by: Annotated[
        list[str] | None,
        typer.Option(help="Column to group by; may be given several times. Default: outlet. Also: month, year."),
    ] = None
    lean: Annotated[str | None, typer.Option(metavar="A:B", help="Measure the lean between two speakers.")] = None
    wire: Annotated[
        Wire, typer.Option(help="Copies of one story: once in each group, apart in a group of their own, or all.")
    ] = "once"
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap samples of articles.")] = 1000
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0
    format: Annotated[Format, typer.Option(help="A web page, or text for pipelines.")] = "html"
    model: Annotated[
        Path | None, typer.Option(help="The model folder that labelled the rows: named in the methods section.")
    ] = None
    agreement: Annotated[
        Path | None, typer.Option(help="Text about the coders' agreement (`sayso agree`), for the methods section.")
    ] = None
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the report; md, csv and json go to stdout without it.")
    ] = None


def run_frame(options: FrameOptions) -> None:
    """Who gets to speak, what the outlets vouch for, and how sure that is: tables, figures, a page to read."""
    if options.format == "html" and options.out is None:
        raise typer.BadParameter("an HTML report needs a folder: -o DIR", param_hint="--out")
    try:
        from ..framing.findings import Plan, find
        from ..framing.table import read_table, scheme_of
    except ImportError as error:
        raise missing_extra(error) from None
    rows = read_table(options.rows)
    gold = None if options.gold is None else read_table([options.gold])
    scheme = scheme_of(rows, options.scheme)
    by = ("outlet",) if options.by is None else tuple(dict.fromkeys(options.by))
    plan = Plan(by, _pair(options.lean), options.wire, options.resamples, options.seed)
    findings = find(rows, gold, scheme, plan)
    _warn_of_missing(findings)
    provenance = _provenance(options, _learned(options, gold))
    if provenance.learned:
        typer.echo(provenance.learned, err=True)
    if options.format == "html" and options.out is not None:
        _write_page(findings, provenance, options.out)
    else:
        _write_text(findings, provenance, options)


def _learned(options: FrameOptions, gold: pl.DataFrame | None) -> str:
    """A warning where the model learned from the labels that are to tell its errors."""
    from ..model.learned import learned_note

    if options.model is None or gold is None:
        return ""
    return learned_note(options.model, gold["text"].to_list(), "hand-labelled sample")


def _warn_of_missing(findings: Findings) -> None:
    from ..framing.missing import MOST_NAMED
    from ..framing.summary import counted
    from ..model.errors import some_of

    missing = () if findings.gold is None else findings.gold.missing
    if missing:
        articles = counted(len(missing), "hand-labelled article is", "hand-labelled articles are")
        typer.echo(f"warning: {articles} not among the rows: {some_of(missing, MOST_NAMED)}", err=True)


frame = command("frame", FrameOptions, run_frame)


def _pair(lean: str | None) -> tuple[str, str] | None:
    if lean is None:
        return None
    first, colon, second = lean.partition(":")
    if not (first and colon and second) or ":" in second:
        raise typer.BadParameter(f"expected two speakers, A:B; found {lean!r}", param_hint="--lean")
    return first.strip(), second.strip()


def _provenance(options: FrameOptions, learned: str) -> Provenance:
    from ..framing.methods import Provenance, digest, model_facts
    from ..framing.table import row_files

    sources = [digest(path, "rows") for path in row_files(options.rows)]
    if options.gold is not None:
        sources += [digest(path, "hand labels") for path in row_files([options.gold])]
    return Provenance(
        sources=tuple(sources),
        command=shlex.join(["sayso", *sys.argv[1:]]),
        model="" if options.model is None else model_facts(options.model),
        learned=learned,
        agreement="" if options.agreement is None else _text(options.agreement),
    )


def _text(path: Path, most: int = 4000) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SaysoError(f"cannot read {path}", expected="a UTF-8 text file", found=str(error)) from None
    return " ".join(text.split())[:most]


def _write_page(findings: Findings, provenance: Provenance, folder: Path) -> None:
    from ..framing.report import write_report
    from ..framing.summary import summary

    if folder.exists() and not folder.is_dir():
        raise SaysoError(f"{folder} is a file", expected="a folder for the report", hint="-o report/")
    try:
        pages = write_report(findings, provenance, folder)
    except ImportError as error:
        raise missing_extra(error) from None
    for paragraph in summary(findings):
        typer.echo(paragraph, err=True)
    typer.echo(f"wrote {pages[0]}" + (f" and {len(pages) - 1} pages of articles" if len(pages) > 1 else ""), err=True)


def _write_text(findings: Findings, provenance: Provenance, options: FrameOptions) -> None:
    from ..framing.text import to_csv, to_json, to_markdown
    from ..model.rowfiles import whole_file

    if options.format == "csv":
        text = to_csv(findings)
    elif options.format == "json":
        text = to_json(findings, provenance)
    else:
        text = to_markdown(findings, provenance)
    if options.out is None:
        sys.stdout.write(text)
        return
    path = options.out / f"report.{options.format}"
    with whole_file(path, newline="") as file:
        file.write(text)
    typer.echo(f"wrote {path}", err=True)


def frame_check(
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help="Hand-labelled rows of every article.")],
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help="The model's rows of the same articles.")],
    scheme: Annotated[str | None, typer.Option("--scheme", "-s", help="Scheme name or YAML file of ROWS.")] = None,
    measure: Annotated[str, typer.Option(help="What is measured.")] = "stance",
    by: Annotated[str, typer.Option(help="Column to group by.")] = "outlet",
    share: Annotated[float, typer.Option(help="Share of the articles drawn as the hand-labelled sample.")] = 0.2,
    draws: Annotated[int, typer.Option(min=1, help="How often a sample is drawn.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
) -> None:
    """Replay the report's correction on a corpus that was labelled by hand from end to end; prints CSV."""
    try:
        from ..framing.replay import ReplayPlan, replay
        from ..framing.table import read_table
    except ImportError as error:
        raise missing_extra(error) from None
    plan = ReplayPlan(measure, by, share, draws, seed)
    found = replay(read_table([rows]), read_table([gold]), scheme, plan)
    sys.stdout.write(found.write_csv(float_precision=4))


def missing_extra(error: ImportError) -> SaysoError:
    """The error for a machine without the extra `frame`."""
    return SaysoError(
        f"the framing report needs a package that is not installed: {error.name}",
        expected="the packages of the extra `frame`",
        hint="pip install 'sayso[frame]'",
    )
