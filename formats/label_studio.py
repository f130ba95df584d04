"""Label Studio: one task a sentence, in its JSON, with the labelling interface beside it.

Gold rows are written as annotations, the model's rows as predictions, which Label Studio shows as pre-annotations. All
other columns travel in the task's data. Its exports in other forms than JSON: `label_studio_flat`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ..model.errors import RowError
from ..model.records import PREDICTION_COLUMNS, LabelledSentence
from ..model.rowfiles import whole_file
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, articles_of, as_json, load_json, plain_columns, read_text, row_of
from .context import around
from .documents import LABELS, Document, Mark, cover
from .label_studio_flat import is_flat, is_table, read_table, unfolded

#: Names of the context that we add to a task; rows of a sample bring their own, `before` and `after`.
CONTEXT = ("context_before", "context_after")
_INTERFACE = """<View>
  <Text name="context_before" value="$context_before"/>
  <Header value="Whose word is it?"/>
  <Text name="text" value="$text"/>
  <Choices name="speaker" toName="text" choice="single" required="true">
{speakers}
  </Choices>
  <Header value="Does the outlet vouch for it?"/>
  <Choices name="stance" toName="text" choice="single" required="true">
{stances}
  </Choices>
  <Text name="context_after" value="$context_after"/>
</View>
"""


def is_label_studio(path: Path) -> bool:
    """Whether it is a `.json` file, or a table with the columns that Label Studio adds."""
    return (path.suffix.lower() == ".json" and path.is_file()) or is_table(path)


def write_label_studio(path: Path, rows: Sequence[LabelledSentence], scheme: Scheme | None) -> None:
    """Write tasks, and beside them the labelling interface (`NAME.interface.xml`) to paste into the project.

    Without a scheme and without labels there is nothing to choose from, and Label Studio refuses such an interface:
    none is written.
    """
    first = True
    with whole_file(path) as file:
        file.write("[\n")
        for _, members in articles_of(rows):
            for row in members:
                file.write(("" if first else ",\n") + as_json(_task(row, members)))
                first = False
        file.write("\n]\n")
    if scheme is not None or (any(row.speaker for row in rows) and any(row.stance for row in rows)):
        with whole_file(path.with_suffix(".interface.xml")) as file:
            file.write(interface(rows, scheme))


def interface(rows: Sequence[LabelledSentence], scheme: Scheme | None) -> str:
    """The labelling interface: choices of all labels of the scheme, or of those in the rows."""
    if scheme is None:
        speakers = {row.speaker: "" for row in rows if row.speaker}
        stances = {row.stance: "" for row in rows if row.stance}
    else:
        speakers = {speaker.id: speaker.description or speaker.name for speaker in scheme.speakers}
        stances = {stance.id: stance.description or stance.name for stance in scheme.stances}
    choices = [
        "\n".join(f"    <Choice value={quoteattr(label)} hint={quoteattr(hint)}/>" for label, hint in labels.items())
        for labels in (speakers, stances)
    ]
    return _INTERFACE.format(speakers=choices[0], stances=choices[1])


def _task(row: LabelledSentence, article: Sequence[LabelledSentence]) -> dict[str, Any]:
    context = dict(zip(CONTEXT, around(row, article), strict=True))
    task: dict[str, Any] = {"data": {**plain_columns(row, LABELS), **context}}
    if row.is_labelled and row.speaker_p is not None and row.stance_p is not None:
        result = [_choice("speaker", row.speaker, row.speaker_p), _choice("stance", row.stance, row.stance_p)]
        task["predictions"] = [{"model_version": "sayso", "score": row.speaker_p * row.stance_p, "result": result}]
    elif row.speaker or row.stance:
        result = [_choice(head, label) for head, label in zip(LABELS, (row.speaker, row.stance), strict=True) if label]
        task["annotations"] = [{"result": result}]
    return task


def _choice(head: str, label: str, score: float | None = None) -> dict[str, Any]:
    choice = {
        "id": head,
        "from_name": head,
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [label]},
    }
    return choice if score is None else {**choice, "score": score}


def read_label_studio(path: Path, options: ReadOptions) -> Reading:
    """Read an export in the form JSON, JSON_MIN, CSV or TSV, of choices for a sentence or of spans in an article.

    A task that several people annotated gives a row for each, with the column `annotator`. In an export, and as soon as
    one task was annotated, the others are unlabelled: what the model proposed for them is no label.

    Raises:
        RowError: it is no such file, or somebody chose two labels of one kind.
    """
    tasks = read_table(path) if is_table(path) else load_json(read_text(path), str(path))
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise RowError(f"{path}: no Label Studio export", expected="a JSON list of tasks")
    flat = bool(tasks) and all(is_flat(task) for task in tasks)
    if flat:
        tasks = unfolded(tasks, options)
    rows: list[LabelledSentence] = []
    unknown: Counter[str] = Counter()
    n_open = 0
    by_people = flat or any(_people(task) or _has_numbers(task) for task in tasks)
    for number, task in enumerate(tasks, 1):
        where = f"{path}: task {number}"
        if "data" not in task:
            rows.append(_minimal(task, options, where, len(rows)))
            continue
        if not isinstance(task["data"], dict):
            raise RowError(f"{where}: bad 'data'", expected="an object", found=repr(task["data"])[:80])
        data = {column: value for column, value in task["data"].items() if column not in CONTEXT}
        given = _people(task) if by_people else _listed(task.get("predictions"))[:1]
        if by_people:
            data = {column: value for column, value in data.items() if column not in PREDICTION_COLUMNS}
        n_open += not given
        for annotation in given or [{"result": []}]:
            rows += _rows(data, annotation, options, unknown, f"{where} ({task.get('id', 'no id')})", len(rows))
    notes = [f"{n_open} tasks without a label"] if n_open else []
    if unknown:
        notes.append("spans that name no label: " + ", ".join(f"{v} ({n})" for v, n in unknown.most_common(10)))
    if others := _others(tasks, options):
        named = ", ".join(f"{name} ({n})" for name, n in others.most_common(10))
        notes.append(f"answers left out because they are neither speaker nor stance: {named}; --column speaker=NAME?")
    return Reading(tuple(rows), tuple(notes))


def _people(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The task's annotations by people that were not cancelled ("skipped")."""
    found = _listed(task.get("annotations") or task.get("completions"))
    return [annotation for annotation in found if isinstance(annotation, dict) and not annotation.get("was_cancelled")]


def _results(annotation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was answered in an annotation, relations between spans aside."""
    found = [result for result in _listed(annotation.get("result")) if isinstance(result, dict)]
    return [result for result in found if isinstance(result.get("value"), dict)]


def _others(tasks: Sequence[Mapping[str, Any]], options: ReadOptions) -> Counter[str]:
    """How often people answered something that is no label here, by the names of the questions."""
    heads = {options.columns.get(head, head) for head in LABELS}
    return Counter(
        str(result.get("from_name"))
        for task in tasks
        for annotation in _people(task)
        for result in _results(annotation)
        if "start" not in result["value"] and str(result.get("from_name")) not in heads
    )


def _listed(value: object) -> list[Any]:
    """What should be a list, as one; nothing where it is none, so that it counts as not answered."""
    return value if isinstance(value, list) else []


def _has_numbers(task: Mapping[str, Any]) -> bool:
    """Whether it names its predictions by their numbers, as exports do; tasks to import hold them whole."""
    return any(not isinstance(prediction, dict) for prediction in _listed(task.get("predictions")))


def _minimal(task: Mapping[str, Any], options: ReadOptions, where: str, number: int) -> LabelledSentence:
    """A row in a list of JSON: its data and its labels side by side."""
    from ..model.rowfiles import renamed

    columns = {column: value for column, value in task.items() if column not in CONTEXT}
    if "annotator" in columns:
        columns["annotator"] = str(columns["annotator"])
    return row_of(renamed(columns, options.columns), where, number)


def _rows(
    data: Mapping[str, Any],
    annotation: Mapping[str, Any],
    options: ReadOptions,
    unknown: Counter[str],
    where: str,
    number: int,
) -> list[LabelledSentence]:
    """The rows of one annotation of a task."""
    from ..model.rowfiles import renamed

    columns = renamed(data, {our: theirs for our, theirs in options.columns.items() if our not in LABELS})
    person = _person(annotation.get("completed_by"))
    if person:
        columns["annotator"] = person
    results = _results(annotation)
    spans = [result for result in results if "start" in result["value"]]
    if spans:
        name = str(columns.get("article", where))
        document = Document(name, str(columns.pop("text", "")), tuple(_marks(spans, where)), columns)
        return cover(document, options, unknown)
    labels = dict.fromkeys(LABELS, "")
    for result in results:
        for head in LABELS:
            if result.get("from_name") == options.columns.get(head, head):
                for choice in map(str, _listed(result["value"].get("choices"))):
                    if labels[head] not in {"", choice}:
                        found = f"{labels[head]}, {choice}"
                        raise RowError(f"{where}: two labels for {head}", expected="one", found=found)
                    labels[head] = choice
    return [row_of({**columns, **labels}, where, number)]


def _marks(spans: Sequence[Mapping[str, Any]], where: str) -> Iterator[Mark]:
    for span in spans:
        value = span["value"]
        kind = str(span.get("type", "labels"))
        try:
            start, end = int(value["start"]), int(value["end"])
        except (KeyError, TypeError, ValueError):
            raise RowError(
                f"{where}: a span that is not counted in characters of a plain text",
                expected="start and end as numbers, as the tag Labels over Text gives them",
                found=f"{kind}, {value.get('start')!r} to {value.get('end')!r}"[:120],
                hint="spans in pages (HyperText), dialogues and recordings cannot be read",
            ) from None
        for label in _listed(value.get(kind) or value.get("labels") or value.get("choices")):
            yield Mark(start, end, {str(span.get("from_name", "")): str(label)})


def _person(completed_by: object) -> str:
    """Who it was: an address if the export says so, else a number."""
    if isinstance(completed_by, dict):
        return str(completed_by.get("email") or completed_by.get("id", ""))
    return "" if completed_by is None else str(completed_by)
