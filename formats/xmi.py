"""UIMA CAS XMI, as INCEpTION exports and imports it: a folder of `.xmi` with one `TypeSystem.xml`, or a zip of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from ..model.errors import RowError
from ..model.records import LabelledSentence
from ..model.rowfiles import whole_file
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, needs, read_text
from .documents import COLUMNS, LABELS, Document, Mark, article_id, file_stem, from_documents, to_documents

if TYPE_CHECKING:
    from cassis import Cas, TypeSystem

#: The layer: in INCEpTION a span layer of this name with the string features speaker, stance and columns.
LAYER = "webanno.custom.Say"
_SENTENCE = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Sentence"
_TOKEN = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"
_TYPES = "TypeSystem.xml"
WORD = re.compile(r"\w+|[^\w\s]")
#: What every document has, and nobody marked by hand.
_STRUCTURE = ("uima.", "de.tudarmstadt.ukp.dkpro.core.api.segmentation.", "de.tudarmstadt.ukp.dkpro.core.api.metadata.")


def is_xmi(path: Path) -> bool:
    """Whether it is an `.xmi` file, or a folder or zip with one in it."""
    if path.is_dir():
        return any(path.glob("*.xmi"))
    if path.suffix.lower() == ".zip":
        try:
            with ZipFile(path) as archive:
                return any(name.endswith(".xmi") for name in archive.namelist())
        except BadZipFile:
            return False
    return path.suffix.lower() == ".xmi"


def write_xmi(path: Path, rows: Sequence[LabelledSentence], _scheme: Scheme | None) -> None:
    """Write a folder with one `.xmi` for each article and the type system they share.

    Raises:
        RowError: a text has a character that XML cannot hold.
    """
    with needs("dkpro-cassis", "UIMA CAS files"):
        from cassis import Cas, TypeSystem
    path.mkdir(parents=True, exist_ok=True)
    types = TypeSystem()
    for name in (_SENTENCE, _TOKEN, LAYER):
        types.create_type(name=name, supertypeName="uima.tcas.Annotation")
    for feature in (*LABELS, COLUMNS):
        types.create_feature(domainType=LAYER, name=feature, rangeType="uima.cas.String")
    for document in to_documents(rows):
        cas = Cas(
            typesystem=types, sofa_string=document.text, sofa_mime="text/plain", document_language="x-unspecified"
        )
        _mark(cas, types, document)
        try:
            content = cas.to_xmi()
        except ValueError as error:
            raise RowError(
                f"article {document.name!r} has a character that XML cannot hold", found=str(error)
            ) from None
        with whole_file(path / f"{file_stem(document.name)}.xmi", newline="") as file:
            file.write(content)
    with whole_file(path / _TYPES, newline="") as file:
        file.write(types.to_xml())


def _mark(cas: Cas, types: TypeSystem, document: Document) -> None:
    layer, sentence, token = (types.get_type(name) for name in (LAYER, _SENTENCE, _TOKEN))
    for start, end in dict.fromkeys((mark.start, mark.end) for mark in document.marks):
        cas.add(sentence(begin=start, end=end))
        for word in WORD.finditer(document.text, start, end):
            cas.add(token(begin=word.start(), end=word.end()))
    for mark in document.marks:
        cas.add(layer(begin=mark.start, end=mark.end, **mark.features))


def read_xmi(path: Path, options: ReadOptions) -> Reading:
    """Read a file, a folder or a zip of CAS XMI.

    Raises:
        RowError: the type system is missing, or a file is malformed.
    """
    return from_documents(_documents(path), options)


def _documents(path: Path) -> Iterator[Document]:
    with needs("dkpro-cassis", "UIMA CAS files"):
        from cassis import load_cas_from_xmi, load_typesystem
    files = _contents(path)
    types = next((content for name, content in files if name.endswith(_TYPES)), None)
    if types is None:
        raise RowError(f"no type system with {path}", expected=f"a file {_TYPES} beside the .xmi files")
    try:
        system = load_typesystem(types)
    except Exception as error:  # as below
        raise RowError(f"{path}: {_TYPES} is no type system", found=f"{type(error).__name__}: {error}") from None
    for name, content in files:
        if not name.endswith(".xmi"):
            continue
        try:
            cas = load_cas_from_xmi(content, typesystem=system)
        except Exception as error:  # cassis lets through whatever lxml and its own parsing raise
            raise RowError(f"{path}: {name} is no readable CAS", found=f"{type(error).__name__}: {error}") from None
        yield Document(article_id(Path(name).stem), cas.sofa_string or "", tuple(_marks(cas)))


def _contents(path: Path) -> list[tuple[str, str]]:
    """(name, content) of the XML files there."""
    if path.suffix.lower() == ".zip":
        try:
            with ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.endswith((".xmi", ".xml"))]
                return [(name, archive.read(name).decode("utf-8")) for name in names]
        except (BadZipFile, UnicodeDecodeError) as error:
            raise RowError(f"{path} is no readable zip of CAS XMI", found=str(error)) from None
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_name(_TYPES)]
    wanted = [file for file in files if file.suffix in {".xmi", ".xml"} and file.is_file()]
    return [(file.name, read_text(file)) for file in wanted]


def _marks(cas: Cas) -> Iterator[Mark]:
    for annotation in cas.select_all_annotations():
        if annotation.type.name.startswith(_STRUCTURE):
            continue
        features = {f.name: _value(annotation, f.name) for f in annotation.type.all_features}
        said = {name: value for name, value in features.items() if isinstance(value, str) and value}
        yield Mark(annotation.begin, annotation.end, said if said else {"": annotation.type.name.split(".")[-1]})


def _value(annotation: Any, feature: str) -> Any:
    return getattr(annotation, feature, None)
