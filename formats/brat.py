"""brat stand-off: a folder of `NNN.txt` with `NNN.ann`.

We write each sentence as a text-bound annotation `Sentence` with the attributes `Speaker` and `Stance` and a note
with its other columns. Attributions as PolNeAR has them (source, cue, content) are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..model.errors import RowError, some_of
from ..model.records import LabelledSentence
from ..model.rowfiles import whole_file
from ..model.scheme import Scheme
from .attributions import AnnotatedFile, annotated_files, is_attribution_file, read_attributed
from .base import Reading, ReadOptions, read_text
from .documents import COLUMNS, Document, Mark, article_id, file_stem, from_documents, to_documents

# The text of a span may go on in lines that are neither.
_TEXT_BOUND, _ATTRIBUTE = re.compile(r"T\d+\t"), re.compile(r"[AM]\d+\t")
#: Files of one kind that an error or note names; it counts the others.
_N_NAMED = 10
_CONFIGURATION = """[entities]
Sentence

[relations]

[events]

[attributes]
Speaker\tArg:Sentence, Value:{speakers}
Stance\tArg:Sentence, Value:{stances}
"""


def is_brat(path: Path) -> bool:
    """Whether it is a folder with `.ann` files in it or in its folder `attributions`."""
    return path.is_dir() and bool(annotated_files(path))


def write_brat(path: Path, rows: Sequence[LabelledSentence], scheme: Scheme | None) -> None:
    """Write a folder of texts and annotations, with the `annotation.conf` that brat needs to show them.

    Raises:
        RowError: a text stands there that is another one; nothing is written then.
    """
    documents = {file_stem(document.name): document for document in to_documents(rows)}
    _check_texts(path, {stem: document.text for stem, document in documents.items()})
    path.mkdir(parents=True, exist_ok=True)
    for stem, document in documents.items():
        for suffix, content in ((".txt", document.text), (".ann", _annotations(document))):
            with whole_file(path / f"{stem}{suffix}", newline="") as file:
                file.write(content)
    speakers = {row.speaker: None for row in rows if row.speaker} if scheme is None else scheme.speaker_ids
    stances = {row.stance: None for row in rows if row.stance} if scheme is None else scheme.stance_ids
    with whole_file(path / "annotation.conf", newline="") as file:
        file.write(_CONFIGURATION.format(speakers="|".join(speakers), stances="|".join(stances)))


def _check_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """See that no text of somebody else's would be replaced: it may be the only copy of an article."""
    taken = {stem: folder / f"{stem}.txt" for stem in texts}
    other = [
        file.name
        for stem, file in taken.items()
        if file.exists() and not (file.is_file() and file.read_bytes() == texts[stem].encode())
    ]
    if other:
        raise RowError(
            f"{folder} holds {len(other)} texts of these names that are not the same",
            expected="a new folder, or one with the same texts",
            found=some_of(other, _N_NAMED),
            hint="nothing was written; name another folder",
        )


def _annotations(document: Document) -> str:
    lines = []
    n_attributes = 0
    for number, mark in enumerate(document.marks, 1):
        text = document.text[mark.start : mark.end]
        one_line = re.sub(r"[\r\n]+", " ", text)
        lines.append(f"T{number}\tSentence {_pieces(mark.start, text)}\t{one_line}")
        for head in ("speaker", "stance"):
            if head in mark.features:
                n_attributes += 1
                lines.append(f"A{n_attributes}\t{head.capitalize()} T{number} {mark.features[head]}")
        lines.append(f"#{number}\tAnnotatorNotes T{number}\t{mark.features[COLUMNS]}")
    return "".join(f"{line}\n" for line in lines)


def _pieces(start: int, text: str) -> str:
    """`start end;start end`: brat's spans cannot hold line breaks, so each line is a piece."""
    return ";".join(f"{start + m.start()} {start + m.end()}" for m in re.finditer(r"[^\r\n]+", text))


def read_brat(path: Path, options: ReadOptions) -> Reading:
    """Read a folder of annotations: ours, spans of one's own, or attributions.

    Raises:
        RowError: a text is missing, or a line is malformed.
    """
    files = annotated_files(path)
    if any(is_attribution_file(file.annotations) for file in files):
        reading = read_attributed(files, options)
    else:
        reading = from_documents((_document(f.name, f.text, f.annotations) for f in files), options)
    return Reading(reading.rows, (*reading.notes, *_unread(files)))


def _unread(files: Sequence[AnnotatedFile]) -> list[str]:
    """That texts stand there without annotations, which are not read."""
    read = {file.text for file in files}
    bare = sorted(
        {text.name for folder in {text.parent for text in read} for text in folder.glob("*.txt")}
        - {text.name for text in read}
    )
    return [f"texts left out because they have no .ann: {some_of(bare, _N_NAMED)}"] if bare else []


def _document(name: str, text_file: Path, annotations: Path) -> Document:
    text = read_text(text_file, keep_mark=True)
    marks = tuple(_marks(annotations, len(text)))
    return Document(article_id(name), text, marks)


def _marks(path: Path, n_chars: int) -> Iterator[Mark]:
    spans: dict[str, tuple[tuple[int, int], ...]] = {}
    features: dict[str, dict[str, str]] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.rstrip("\r").split("\t", 2)
        try:
            if _TEXT_BOUND.match(line):
                kind, place = fields[1].split(" ", 1)
                pieces = tuple(_piece(piece) for piece in place.split(";"))
                if not all(0 <= start < end <= n_chars for start, end in pieces):
                    raise RowError(f"{path}:{number}: span outside the text", expected=f"0 to {n_chars}", found=place)
                spans[fields[0]] = pieces
                features[fields[0]] = {} if kind == "Sentence" else {"": kind}
            elif _ATTRIBUTE.match(line):
                name, target, *value = fields[1].split(" ", 2)
                if target in features:
                    features[target][name.lower()] = value[0] if value else "true"
            elif line.startswith("#") and fields[1].startswith("AnnotatorNotes "):
                target = fields[1].removeprefix("AnnotatorNotes ")
                if target in features and fields[2].startswith("{"):
                    features[target][COLUMNS] = fields[2]
        except (IndexError, ValueError):
            raise RowError(f"{path}:{number}: bad line", expected="brat stand-off", found=line[:80]) from None
    for name, pieces in spans.items():
        yield Mark(min(start for start, _ in pieces), max(end for _, end in pieces), features[name], pieces)


def _piece(place: str) -> tuple[int, int]:
    """`start end` as numbers.

    Raises:
        ValueError: it is not two numbers.
    """
    start, end = place.split(" ")
    return int(start), int(end)
