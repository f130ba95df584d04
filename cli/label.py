"""`sayso label`: articles to rows with a speaker and a stance for every sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from ..model.errors import SaysoError
from ..model.readers.settings import ReadSettings
from .options import ModelFolder, OtherScheme, command

if TYPE_CHECKING:
    from ..batch import Engine, Task, Totals
    from ..model.labeller import LabelledArticle, Labeller, LabelSettings
    from ..model.readers.settings import Failure
    from .watching import Reporter

_READING = ReadSettings()
_COLUMNS = "Columns of tables (.jsonl .csv .tsv .parquet)"
_BOUNDS = "Bounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOptions:
    """The options of `sayso label`, each with what `--help` says about it."""

    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders, patterns, or - for standard input: .txt .md .html .jsonl .csv .tsv .parquet .warc, "
            "also with .gz or .zst.",
        ),
    ]
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for the rows: .jsonl .csv .tsv .parquet. Default: standard output."),
    ] = None
    table: Annotated[
        bool,
        typer.Option("--table", help="Print the readable table: what a terminal gets anyway if there is no --out."),
    ] = False
    model: ModelFolder = None
    scheme: OtherScheme = None
    keep_boilerplate: Annotated[
        bool, typer.Option("--keep-boilerplate", help="Label adverts, menus, share counts and the like too.")
    ] = False
    min_confidence: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, metavar="P", help="Mark rows of a less probable label (column `abstained`)."),
    ] = 0.0
    no_evidence: Annotated[
        bool, typer.Option("--no-evidence", help="Leave out the spans of source, cue and content.")
    ] = False
    dedup: Annotated[
        bool,
        typer.Option(
            "--dedup", help="Give copies of one story the same `cluster`; label identical articles once (ray: each)."
        ),
    ] = False
    threads: Annotated[
        int | None, typer.Option(min=1, help="Windows computed at the same time. Default: one a core.")
    ] = None
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="cuda: on a GPU, with torch (the extra train).")] = (
        "cpu"
    )
    batch_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Tokens computed together on a GPU; a CPU computes one window at a time."),
    ] = None
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what a stopped run with this --out had done.")] = (
        False
    )
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: one labeller a core of a Ray cluster; needs --out.")
    ] = "local"
    ray_address: Annotated[
        str | None, typer.Option(help="Of a running cluster (auto, HOST:PORT, ray://...). Default: this machine.")
    ] = None
    text_column: Annotated[str, typer.Option(help="Column with the text.", rich_help_panel=_COLUMNS)] = (
        _READING.text_column
    )
    id_column: Annotated[str, typer.Option(help="Its id.", rich_help_panel=_COLUMNS)] = _READING.id_column
    outlet_column: Annotated[str, typer.Option(help="Who published it.", rich_help_panel=_COLUMNS)] = (
        _READING.outlet_column
    )
    date_column: Annotated[str, typer.Option(help="Its date.", rich_help_panel=_COLUMNS)] = _READING.date_column
    title_column: Annotated[str, typer.Option(help="Its title.", rich_help_panel=_COLUMNS)] = _READING.title_column
    url_column: Annotated[str, typer.Option(help="Its address.", rich_help_panel=_COLUMNS)] = _READING.url_column
    max_article_chars: Annotated[int, typer.Option(min=1, help="Longer articles fail.", rich_help_panel=_BOUNDS)] = (
        _READING.max_article_chars
    )
    max_expansion: Annotated[
        float,
        typer.Option(min=1.0, help="Compressed files that grow more than so often fail.", rich_help_panel=_BOUNDS),
    ] = _READING.max_expansion

    def reading(self) -> ReadSettings:
        """How inputs are read."""
        return ReadSettings(
            text_column=self.text_column,
            id_column=self.id_column,
            outlet_column=self.outlet_column,
            date_column=self.date_column,
            title_column=self.title_column,
            url_column=self.url_column,
            max_article_chars=self.max_article_chars,
            max_expansion=self.max_expansion,
        )

    def labelling(self) -> LabelSettings:
        """How articles are labelled."""
        from ..model.labeller import LabelSettings
        from ..model.scheme import Scheme

        return LabelSettings(
            keep_boilerplate=self.keep_boilerplate,
            min_confidence=self.min_confidence,
            evidence=not self.no_evidence,
            scheme=None if self.scheme is None else Scheme.load(self.scheme),
        )

    def load(self) -> Labeller:
        """The labeller."""
        if self.device == "cuda":
            from ..train.device import BATCH_TOKENS, labeller_on

            batch_tokens = BATCH_TOKENS if self.batch_tokens is None else self.batch_tokens
            return labeller_on(self.device, self.model, self.labelling(), batch_tokens)
        from ..model.labeller import Labeller

        return Labeller.load(self.model, self.labelling(), n_threads=self.threads)

    def check(self) -> None:
        """See that the options go together.

        Raises:
            BadParameter: two of them do not.
        """
        if self.out is not None and self.table:
            raise typer.BadParameter("prints to standard output, so it does not go with --out", param_hint="--table")
        if self.out is None and self.engine == "ray":
            raise typer.BadParameter("needs --out, the file for the rows", param_hint="--engine")
        if self.engine == "ray" and self.device != "cpu":
            raise typer.BadParameter("labels on CPUs, so it does not go with --device cuda", param_hint="--engine")
        if self.engine == "local" and self.ray_address is not None:
            raise typer.BadParameter("goes with --engine ray", param_hint="--ray-address")
        if self.device == "cpu" and self.batch_tokens is not None:
            raise typer.BadParameter(
                "goes with --device cuda: a CPU computes one window at a time", param_hint="--batch-tokens"
            )
        if self.device == "cuda" and self.threads is not None:
            raise typer.BadParameter("is for CPUs; a GPU takes --batch-tokens", param_hint="--threads")


def run_label(options: LabelOptions) -> None:
    """Label every sentence of the articles: on whose word it rests, and whether the outlet vouches for it."""
    options.check()
    totals = _print_rows(options) if options.out is None else _write_rows(options, options.out)
    if totals.n_articles == 0:
        raise SaysoError(
            "no article was labelled",
            expected="at least one article",
            found=f"{totals.n_failed} that failed" if totals.n_failed else f"none in {', '.join(options.inputs)}",
            hint="" if totals.n_failed else "a folder is searched for files of known suffixes: see --help",
        )
    if totals.n_failed:
        raise typer.Exit(3)


def _print_rows(options: LabelOptions) -> Totals:
    """Rows or the readable table on standard output, as they come."""
    from ..batch import Local
    from ..batch.run import read_marked

    if sys.stdout is None:  # as `>&-` starts it
        raise SaysoError("standard output is closed", expected="somewhere to write rows", hint="name a file with --out")
    table = options.table or sys.stdout.isatty()
    labeller = options.load()
    engine = Local(labeller, options.reading(), options.dedup)
    # A bar and a table on one terminal would write over each other.
    reporter = _reporter(0, bar=not (table and sys.stdout.isatty()))
    try:
        with reporter:
            articles = read_marked(options.inputs, engine.reading, reporter, dedup=engine.dedup)
            outcomes = _told(engine.outcomes(articles), reporter)
            if table:
                _print_table(outcomes, labeller)
            else:
                _print_lines(outcomes)
    except BrokenPipeError:
        _let_go_of_stdout()
    except OSError as error:
        _forget_stdout()
        raise SaysoError("cannot write to standard output", found=error.strerror or str(error)) from None
    finally:
        labeller.close()
    _say_summary(reporter, reporter.totals)
    return reporter.totals


def _let_go_of_stdout() -> NoReturn:
    """End well: whoever read standard output (`| head`, `| less`) has left, and that is no fault."""
    _forget_stdout()
    raise typer.Exit


def _forget_stdout() -> None:
    """Let what Python still wants to flush when it ends find an open file."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(outcomes: Iterator[LabelledArticle | Failure], reporter: Reporter) -> Iterator[LabelledArticle]:
    """The articles that were labelled; the reporter is told of all."""
    from ..batch.run import remarks
    from ..batch.totals import totals_of
    from ..model.readers.settings import Failure

    for outcome in outcomes:
        failure = outcome if isinstance(outcome, Failure) else None
        reporter.finished(totals_of(outcome), failure, reporter.meter.n_bytes)
        for remark in remarks(outcome):
            reporter.warn(remark)
        if not isinstance(outcome, Failure):
            yield outcome


def _print_table(labelled: Iterator[LabelledArticle], labeller: Labeller) -> None:
    from .readable import PipedConsole, ReadableTable

    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    table = ReadableTable(PipedConsole(file=sys.stdout), labeller.scheme)
    n_articles = 0
    for article in labelled:
        table.article(article)
        n_articles += 1
    if n_articles:
        table.legend()


def _print_lines(labelled: Iterator[LabelledArticle]) -> None:
    from ..model.rowfiles import json_line

    for article in labelled:
        for row in article.rows:
            sys.stdout.buffer.write(f"{json_line(row)}\n".encode())
        sys.stdout.buffer.flush()


def _write_rows(options: LabelOptions, out: Path) -> Totals:
    """Rows in a file, part by part."""
    from ..batch import PartStore, label_into
    from .watching import counted

    replaces = out.is_file()
    with PartStore.opened(_task(options, out), fresh=options.fresh) as store, _engine(options) as engine:
        reporter = _reporter(store.listing.n_bytes, bar=True)
        try:
            with reporter:
                totals = label_into(store, engine, reporter)
        except KeyboardInterrupt:
            reporter.say(f"{counted(store.n_outcomes, 'article')} done and kept: the same command goes on after that")
            raise
    _say_summary(reporter, totals)
    if totals.n_failed:
        reporter.say(f"failures listed in {store.task.failed}")
    if totals.n_articles:
        reporter.say(f"wrote {out}{' (over the file that was there)' if replaces else ''}")
    return totals


@contextmanager
def _engine(options: LabelOptions) -> Iterator[Engine]:
    """What reads and labels."""
    from ..batch import Local

    if options.engine == "ray":
        from ..batch.on_ray import OnRay

        settings, reading = options.labelling(), options.reading()
        yield OnRay(options.model, settings, reading, options.dedup, options.threads, options.ray_address)
        return
    labeller = options.load()
    try:
        yield Local(labeller, options.reading(), options.dedup)
    finally:
        labeller.close()


def _task(options: LabelOptions, out: Path) -> Task:
    """What the rows depend on."""
    from .. import __version__
    from ..batch import Task
    from ..model.checkpoint import FILES, file_digest, read_config, shipped_model

    folder = shipped_model() if options.model is None else options.model
    read_config(folder)
    labelling = options.labelling()
    settings = {**asdict(options.reading()), **asdict(labelling), "dedup": options.dedup}
    # Plain data, which a manifest read back equals.
    settings["scheme"] = None if labelling.scheme is None else labelling.scheme.to_dict()
    if options.device != "cpu":
        settings["device"] = options.device
    return Task(tuple(options.inputs), out, __version__, file_digest(folder / FILES.config), settings)


def _reporter(n_bytes: int, *, bar: bool) -> Reporter:
    from rich.console import Console

    from .watching import Reporter

    return Reporter(n_bytes, bar=bar and sys.stderr.isatty(), console=Console(stderr=True))


def _say_summary(reporter: Reporter, totals: Totals) -> None:
    from .watching import summary

    for line in summary(totals, reporter.pace.seconds):
        reporter.say(line)


label = command("label", LabelOptions, run_label)
