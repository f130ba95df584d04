"""PolNeAR's articles as a reader with the codebook labelled them: speakers of their own, and stances that follow it.

PolNeAR marks attributions, not whether the outlet vouches for them, and names no parties. A reading adds both: for
each article a small scheme (who its sides are, in words), and for each sentence one of them and a stance. The tags of
tokens and the sources that sentences point to stay PolNeAR's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..model.errors import RowError
from ..model.records import LabelledSentence
from .examples import Target, TrainingArticle, Voice, from_rows
from .polnear import FIXED_VOICES, OUTLET, STANCES
from .seeds import join_standoff, read_table

#: A folder of readings: stand-off labels, and each article's own scheme (aliases parted by semicolons).
LABELS, SPEAKERS = "train.csv", "speakers.csv"
SPEAKER_COLUMNS = ("file", "id", "name", "description", "aliases")
#: Name of the collection.
ORIGIN = "readings"


def read_readings(folder: Path, polnear: Path, articles: Sequence[TrainingArticle]) -> list[TrainingArticle]:
    """The articles of a part of PolNeAR that were read by the codebook, with those labels instead of PolNeAR's.

    Args:
        folder: holds LABELS and SPEAKERS.
        polnear: the part of PolNeAR that they label.
        articles: that part, as `polnear.read_polnear` reads it.

    Raises:
        RowError: a file is missing or malformed, a text is another one, or a label is none of its article's.
    """
    for name in (LABELS, SPEAKERS):
        if not (folder / name).is_file():
            raise RowError(f"no readings of PolNeAR in {folder}", expected=f"files {LABELS} and {SPEAKERS}")
    voices = _read_voices(folder / SPEAKERS)
    rows = join_standoff(folder / LABELS, [polnear / "text"])
    for row in rows:
        _check(row, voices.get(row.article, ()), folder / LABELS)
    by_id = {article.id: article for article in articles}
    return [_read_anew(by_id[found.id], found, voices[found.id]) for found in from_rows(rows, ORIGIN)]


def _read_voices(path: Path) -> dict[str, tuple[Voice, ...]]:
    voices: dict[str, tuple[Voice, ...]] = {}
    for where, data in read_table(path, SPEAKER_COLUMNS, f"{path} lists no speakers of articles"):
        aliases = tuple(alias.strip() for alias in data["aliases"].split(";") if alias.strip())
        name, description = data["name"], data["description"]
        voice = Voice(data["id"], (description, f"{name}: {description}", name), aliases)
        article = Path(data["file"]).stem
        if voice.id in {v.id for v in (*voices.get(article, ()), *FIXED_VOICES)}:
            raise RowError(f"{where}: {article} has the speaker {voice.id} twice")
        voices[article] = (*voices.get(article, ()), voice)
    return {article: (*own, *FIXED_VOICES) for article, own in voices.items()}


def _check(row: LabelledSentence, voices: Sequence[Voice], path: Path) -> None:
    where = f"{path}, sentence {row.sentence} of {row.article}"
    ids = [voice.id for voice in voices]
    if row.speaker not in ids:
        raise RowError(f"{where}: its article has no such speaker", expected=", ".join(ids), found=row.speaker)
    if row.stance not in STANCES:
        raise RowError(f"{where}: no such stance", expected=" or ".join(STANCES), found=row.stance)


def _read_anew(article: TrainingArticle, labelled: TrainingArticle, voices: tuple[Voice, ...]) -> TrainingArticle:
    sources = {(s.start, s.end): t.sources for s, t in zip(article.sentences, article.targets, strict=True)}
    targets = tuple(
        replace(target, sources=_sources(target, sources.get((sentence.start, sentence.end))))
        for sentence, target in zip(labelled.sentences, labelled.targets, strict=True)
    )
    return replace(article, origin=ORIGIN, sentences=labelled.sentences, targets=targets, voices=voices)


def _sources(target: Target, marked: tuple[tuple[int, int], ...] | None) -> tuple[tuple[int, int], ...] | None:
    """Where a sentence's source stands: nowhere if it is the outlet's, where PolNeAR marked it, else unknown."""
    if target.speakers == (OUTLET,):
        return ()
    return marked or None
