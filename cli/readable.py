"""The readable table: an article as it was written, each sentence with its speaker, its stance and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.text import Text

from ..batch.totals import n_boilerplate
from ..model.labeller import LabelledArticle
from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from .terminal import safe

#: Narrower than this, the probabilities are left out; the text never gets less than this.
_NARROW, _MIN_TEXT = 60, 20


@dataclass(frozen=True, slots=True)
class Signs:
    """What stands for a stance where colour cannot.

    Attributes:
        vouched: the outlet vouches for the sentence.
        passed_on: it does not.
        solid: bar beside a sentence that the outlet vouches for.
        dotted: bar beside another one.
        elsewhere: before a source that another sentence names.
    """

    vouched: str
    passed_on: str
    solid: str
    dotted: str
    elsewhere: str


_UNICODE = Signs("■", "“", "│", "┊", "←")
_ASCII = Signs("#", '"', "|", ":", "<-")


class PipedConsole(Console):
    """A console that leaves it to its user what to do when the reader of a pipe has left."""

    def on_broken_pipe(self) -> None:
        """Hand it on."""
        raise BrokenPipeError


class ReadableTable:
    """Prints labelled articles.

    Args:
        console: where to; its width, colours and encoding are respected.
        scheme: names, letters and colours of the speakers.
    """

    def __init__(self, console: Console, scheme: Scheme) -> None:
        self._console = console
        self._scheme = scheme
        self._signs = _ASCII if console.options.ascii_only else _UNICODE
        self._wide = console.width >= _NARROW

    def article(self, labelled: LabelledArticle) -> None:
        """Print one article, its paragraphs apart."""
        article = labelled.article
        heading = [article.id, *(part for part in (article.outlet, article.date) if part is not None)]
        self._console.rule(Text(safe("  ".join(heading)), style="bold"), align="left", style="dim")
        for _, paragraph in groupby(labelled.rows, key=lambda row: row.paragraph):
            self._console.print()
            for row in paragraph:
                self._sentence(row)
        n_left_out = n_boilerplate(labelled)
        if n_left_out:
            self._print(Text(f"\nleft out as boilerplate: {n_left_out}", style="dim"))
        self._console.print()

    def legend(self) -> None:
        """Print what the letters, signs and numbers mean."""
        signs = self._signs
        speakers = Text()
        for number, speaker in enumerate(self._scheme.speakers):
            speakers.append("   " if number else "")
            speakers.append(speaker.letter, style=f"bold {speaker.colour}")
            speakers.append(f" {safe(speaker.name)}")
        stances = Text()
        for number, stance in enumerate(self._scheme.stances):
            vouched = stance.id == self._scheme.vouched
            sign = signs.vouched if vouched else signs.passed_on
            stances.append("   " if number else "")
            stances.append(f"{sign} {safe(stance.name)}", "" if vouched else "dim")
        marks = Text()
        if self._wide:
            marks.append("numbers: how sure of speaker and stance, in %   ")
        marks.append("?: less sure than --min-confidence   ")
        marks.append("underlined", "underline")
        marks.append(f": source and cue   {signs.elsewhere}: source in another sentence")
        width = max(_MIN_TEXT, self._console.width - 10)
        for name, text in (("speakers", speakers), ("stances", stances), ("marks", marks)):
            for number, line in enumerate(text.wrap(self._console, width)):
                line.rstrip()
                self._print(Text.assemble((f"{'' if number else name:<10}", "dim"), line))

    def _sentence(self, row: LabelledSentence) -> None:
        speaker = self._scheme.speaker(row.speaker)
        vouched = row.stance == self._scheme.vouched
        signs = self._signs
        bar = signs.solid if vouched else signs.dotted
        first = Text.assemble(
            (speaker.letter, f"bold {speaker.colour}"), " ", signs.vouched if vouched else signs.passed_on, " "
        )
        if self._wide:
            first.append(f"{_percent(row.speaker_p)} {_percent(row.stance_p)} ", style="dim")
        first.append("? " if row.extra.get("abstained") is True else "  ", style="bold")
        blank = Text(" " * first.cell_len)
        width = max(_MIN_TEXT, self._console.width - first.cell_len - 2)
        body = self._body(row, speaker.colour if vouched else f"dim {speaker.colour}")
        for number, line in enumerate(body.wrap(self._console, width, overflow="fold")):
            line.rstrip()
            gutter = first if number == 0 else blank
            self._print(Text.assemble(gutter, (f"{bar} ", speaker.colour), line))

    def _body(self, row: LabelledSentence, style: str) -> Text:
        """The sentence, what it was read from underlined."""
        body = Text(safe(row.text), style=style)
        for span in row.evidence if row.evidence is not None else ():
            if span.kind == "content":
                continue
            if row.start <= span.start and span.end <= row.end:
                body.stylize("underline", span.start - row.start, span.end - row.start)
            elif span.kind == "source":
                body.append(f"  {self._signs.elsewhere} {safe(span.text)}", style="dim italic")
        return body

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=False, highlight=False, markup=False, emoji=False)


def _percent(p: float | None) -> str:
    return "   " if p is None else f"{100 * p:3.0f}"
