"""The data of a recipe: read, checked, split by article, and told about before any long work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..model.errors import ConfigError, RowError, SchemeError, some_of
from ..model.records import is_bare_id
from ..model.scheme import Scheme
from ..model.windows import MAX_SLOTS
from .examples import TrainingArticle, from_rows
from .polnear import STANCES as POLNEAR_STANCES
from .polnear import read_polnear
from .readings import read_readings
from .rows import RowFile, RowReader, check_across, checked_rows, fresh_labels, read_row_file
from .seeds import join_standoff, load_authored
from .settings import Data, Readings, TrainSettings

#: Labelled sentences below which nothing is learned: a few would only be repeated.
MIN_LABELLED = 20
#: Held-out labelled sentences below which a score may be off by more than eight points in a hundred.
FEW_HELD_OUT = 100
#: What the names of collections that are files of rows begin with.
ROWS = "rows:"


@dataclass(frozen=True, slots=True)
class Split:
    """Articles to learn from and articles to choose by; no article, and no identical text, is in both."""

    train: tuple[TrainingArticle, ...]
    validation: tuple[TrainingArticle, ...]
    notes: tuple[str, ...]


def load(
    data: Data,
    scheme: Scheme,
    *,
    read: RowReader = read_row_file,
    say: Callable[[str], None] = lambda line: None,
) -> list[TrainingArticle]:
    """All articles of a recipe's collections.

    Args:
        data: the collections.
        scheme: whose labels they have.
        read: reads a file of labelled rows.
        say: receives a line for whatever was left out or is missing.

    Raises:
        RowError: nothing to read, a file is wrong, a sentence has two different labels, or there is too little.
        SchemeError: a label is not in the scheme.
    """
    articles: list[TrainingArticle] = []
    for folder in data.authored:
        authored = load_authored(folder, scheme)
        articles += [a for x in authored for a in from_rows(x.rows, "authored")]
    for standoff in data.standoff:
        rows = join_standoff(standoff.labels, [standoff.texts])
        for row in rows:
            scheme.check_labels(row.speaker, row.stance, f"{standoff.labels}, sentence {row.sentence} of {row.article}")
        articles += [_reweighted(a, standoff.weight) for a in from_rows(rows, "standoff")]
    files: list[tuple[Path, RowFile]] = []
    taken: set[tuple[tuple[str, int] | None, str]] = set()
    for path in data.rows:
        files.append((path, read(path, scheme)))
        rows, notes = checked_rows(files[-1][1], scheme, path.name)
        rows, n_again = fresh_labels(rows, taken)
        if n_again:
            notes.append(f"{path.name}: labels left out because an earlier file gives them too: {n_again}")
        named_alike = sum(other.name == path.name for other in data.rows) > 1
        found = from_rows(rows, f"{ROWS}{path if named_alike else path.name}")
        labelled = [a for a in found if any(t.is_known for t in a.targets)]
        if len(labelled) < len(found):
            notes.append(
                f"{path.name}: articles left out because nothing in them is labelled: {len(found) - len(labelled)}"
            )
        for note in notes:
            say(note)
        articles += labelled
    for note in check_across(files, scheme):
        say(note)
    if data.polnear is not None:
        _check_stances(scheme)
        articles += _polnear(data.polnear, data.readings)
    if not articles:
        raise RowError(
            "nothing to learn from", expected="`data` in the recipe, or --data FILE", found="no labelled rows"
        )
    _check_ids(articles)
    if any(not article.voices for article in articles):
        _check_amount(articles, scheme, say)
    return articles


def _polnear(folder: Path, readings: Readings | None) -> list[TrainingArticle]:
    """PolNeAR's articles, those that were read by the codebook under the labels of that reading."""
    articles = list(read_polnear(folder))
    if readings is None:
        return articles
    read = read_readings(readings.folder, folder, articles)
    again = {article.id for article in read}
    return [a for a in articles if a.id not in again] + [
        replace(_reweighted(a, readings.weight), strangers=readings.strangers) for a in read
    ]


def _reweighted(article: TrainingArticle, factor: float) -> TrainingArticle:
    """The article with all its sentences' weights times a factor."""
    return replace(article, targets=tuple(replace(t, weight=t.weight * factor) for t in article.targets))


def _check_stances(scheme: Scheme) -> None:
    if not set(POLNEAR_STANCES) <= set(scheme.stance_ids):
        raise SchemeError(
            f"PolNeAR cannot teach the stances of scheme {scheme.name}",
            expected=" and ".join(POLNEAR_STANCES),
            found=", ".join(scheme.stance_ids),
            hint="leave PolNeAR out of the recipe",
        )


@dataclass(frozen=True, slots=True)
class Study:
    """A recipe's data, ready to learn from.

    Attributes:
        scheme: the labels.
        articles: all of them.
        parts: the same, split.
        summary: what was read, left out and held out, a line each.
    """

    scheme: Scheme
    articles: tuple[TrainingArticle, ...]
    parts: Split
    summary: tuple[str, ...]


def read_study(settings: TrainSettings, read: RowReader = read_row_file, *, hold_out: bool = True) -> Study:
    """Read, check and split a recipe's data; see `load` and `split` for the errors.

    Args:
        settings: the recipe.
        read: reads a file of labelled rows.
        hold_out: whether to hold articles out by the recipe; folds hold out each in turn.

    Raises:
        SchemeError: besides, the scheme has more speakers than a network has places for.
    """
    scheme = Scheme.load(settings.scheme)
    if len(scheme.speakers) > MAX_SLOTS:
        raise SchemeError(
            f"scheme {scheme.name} has too many speakers to learn",
            expected=f"at most {MAX_SLOTS}",
            found=str(len(scheme.speakers)),
            hint="make parties of them, or leave the rarest to the speaker that takes the rest",
        )
    notes: list[str] = []
    articles = load(settings.data, scheme, read=read, say=notes.append)
    parts = split(articles, settings) if hold_out else Split(tuple(articles), (), ())
    n_held = sum(t.is_known for a in parts.validation for t in a.targets)
    if 0 < n_held < FEW_HELD_OUT:
        notes.append(
            f"only {n_held} labelled sentences are held out: the best epoch and the scores that they give are rough; "
            "--folds measures on all"
        )
    return Study(scheme, tuple(articles), parts, (*describe(parts).splitlines(), *notes))


def _check_amount(articles: Sequence[TrainingArticle], scheme: Scheme, say: Callable[[str], None]) -> None:
    """See to it that the study's labels, PolNeAR's aside, are enough to tell something apart."""
    known = [t for a in articles if not a.voices for t in a.targets if t.is_known]
    if len(known) < MIN_LABELLED:
        raise RowError(
            "too few labelled sentences to learn from",
            expected=f"at least {MIN_LABELLED}; a few hundred teach something",
            found=str(len(known)),
            hint="`sayso sample` draws sentences to label next",
        )
    for head, labels, found in (
        ("speaker", scheme.speaker_ids, Counter(t.speakers[0] for t in known)),
        ("stance", scheme.stance_ids, Counter(str(t.stance) for t in known)),
    ):
        if len(found) == 1:
            raise RowError(
                f"only one {head} in all labelled sentences: there is nothing to tell apart",
                expected=f"at least two of {', '.join(labels)}",
                found=f"{next(iter(found))}, {len(known)} times",
                hint="is it the right column? `sayso scheme check SCHEME FILE` counts labels",
            )
        missing = [label for label in labels if label not in found]
        if missing:
            say(f"no sentence with the {head} {', '.join(missing)}: the model will hardly give it")


def _check_ids(articles: Sequence[TrainingArticle]) -> None:
    twice = [key for key, n in Counter((a.origin, a.id) for a in articles).items() if n > 1]
    if twice:
        raise RowError(f"article ids used twice: {twice[:5]}", expected="one id an article in each collection")


def split(articles: Sequence[TrainingArticle], settings: TrainSettings) -> Split:
    """Hold out whole articles of the study for validation; PolNeAR's, which have speakers of their own, only teach.

    Held-out articles are drawn from each collection in proportion, or named by the recipe. An article of which several
    files of rows hold sentences (samples drawn one after the other) is held out in all of them or in none. A training
    article with the text of a held-out one is dropped, and said.

    Raises:
        RowError: a share is asked for that leaves nothing on one side.
        ConfigError: the file of articles to hold out is wrong, or holds out everything.
    """
    is_held = _drawn(articles, settings) if settings.held_out is None else _named(articles, settings.held_out)
    train = [a for a in articles if not is_held[article_key(a)]]
    validation = [a for a in articles if is_held[article_key(a)]]
    kept = without_twins(train, validation)
    notes = (
        [f"training articles dropped because the same text is held out: {len(train) - len(kept)}"]
        if len(kept) < len(train)
        else []
    )
    if not kept and settings.held_out is not None:
        raise ConfigError("nothing is left to learn from", found=f"{settings.held_out} holds out every article")
    if not kept or (settings.validation_share > 0 and not validation):
        n_needed = next((n for n in range(2, 1000) if round(settings.validation_share * n) > 0), 1000)
        raise RowError(
            "too few articles to hold some out" if kept else "nothing is left to learn from",
            expected=f"at least {n_needed} articles for a validation share of {settings.validation_share}",
            found=f"{len(articles)} articles, {len(validation)} held out, {len(kept)} left",
            hint="label more articles, or change validation_share (0 holds nothing out: no scores, no early stopping)",
        )
    if not validation and any(not a.voices for a in kept):
        notes.append("nothing is held out: no scores, no early stopping, and probabilities are not calibrated")
    return Split(tuple(kept), tuple(validation), tuple(notes))


def _drawn(articles: Sequence[TrainingArticle], settings: TrainSettings) -> dict[tuple[str, str], bool]:
    """Whether each article is held out, drawn from each collection in proportion."""
    rng = np.random.default_rng(settings.split_seed)
    by_origin: dict[str, list[TrainingArticle]] = {}
    for article in articles:
        by_origin.setdefault(article.origin, []).append(article)
    is_held: dict[tuple[str, str], bool] = {}
    n_of_files = n_held_of_files = 0
    for origin, members in by_origin.items():
        fresh = [key for key in dict.fromkeys(map(article_key, members)) if key not in is_held]
        n_held = 0 if any(a.voices for a in members) else round(settings.validation_share * len(fresh))
        if origin.startswith(ROWS):
            # Rounded over all files of rows: ten of four articles each would else hold none out.
            n_of_files += len(fresh)
            n_held = round(settings.validation_share * n_of_files) - n_held_of_files
            n_held_of_files += n_held
        held = set(rng.permutation(len(fresh))[:n_held].tolist())
        is_held |= {key: i in held for i, key in enumerate(fresh)}
    return is_held


def _named(articles: Sequence[TrainingArticle], path: Path) -> dict[tuple[str, str], bool]:
    """Whether each article is held out, by a file of ids.

    Raises:
        ConfigError: there is no such file, it names nothing, or it names an article that the study does not have.
    """
    try:
        ids = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read held_out, {path}", expected="a text file, an id a line", found=str(error)
        ) from None
    named = {i for i in ids if i and not i.startswith("#")}
    if not named:
        raise ConfigError(f"held_out, {path}, names no article", expected="an id a line")
    known = {article.id for article in articles if not article.voices}
    if missing := sorted(named - known):
        raise ConfigError(
            f"{path} holds out articles that are not among the study's",
            expected="ids of articles in `data`, PolNeAR's aside",
            found=some_of(missing, 5),
        )
    return {article_key(article): article.id in named and not article.voices for article in articles}


def article_key(article: TrainingArticle) -> tuple[str, str]:
    """What an article is known by: files of rows share their ids, other collections have ids of their own.

    Rows without an article are numbered by their file, so that their ids mean nothing in another one.
    """
    shared = article.origin.startswith(ROWS) and not is_bare_id(article.id)
    return "rows" if shared else article.origin, article.id


def without_twins(
    train: Sequence[TrainingArticle], validation: Sequence[TrainingArticle]
) -> tuple[TrainingArticle, ...]:
    """The training articles whose text, case and white space aside, is none of a held-out article."""
    texts = {_normal(a.text) for a in validation}
    return tuple(a for a in train if _normal(a.text) not in texts)


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def weighted(articles: Sequence[TrainingArticle], settings: TrainSettings) -> list[TrainingArticle]:
    """The articles with their sentences' weights: rare speakers more, PolNeAR less, by the recipe."""
    counts: Counter[str] = Counter(
        t.speakers[0] for a in articles if not a.voices for t in a.targets if len(t.speakers) == 1 and t.weight > 0
    )
    mean = sum(counts.values()) / len(counts) if counts else 1.0
    factor = {speaker: (mean / n) ** settings.class_weight for speaker, n in counts.items()}
    out = []
    for article in articles:
        if article.origin == "polnear":
            out.append(_reweighted(article, settings.polnear_weight))
        elif article.voices:
            out.append(article)
        else:
            targets = tuple(
                replace(t, weight=t.weight * factor.get(t.speakers[0], 1.0)) if t.speakers else t
                for t in article.targets
            )
            out.append(replace(article, targets=targets))
    return out


def describe(split_data: Split) -> str:
    """What was read, in a few lines a researcher can check."""
    lines = []
    for name, articles in (("train", split_data.train), ("validation", split_data.validation)):
        for origin in dict.fromkeys(a.origin for a in articles):
            members = [a for a in articles if a.origin == origin]
            speakers = Counter(t.speakers[0] for a in members for t in a.targets if len(t.speakers) == 1)
            stances = Counter(t.stance for a in members for t in a.targets if t.stance is not None)
            n_sentences = sum(len(a.sentences) for a in members)
            n_known = sum(t.is_known for a in members for t in a.targets)
            has_own = any(a.voices for a in members)
            labels = "" if has_own else "; " + ", ".join(f"{k} {n}" for k, n in speakers.most_common())
            read = f", {n_known} of them labelled" if n_known < n_sentences and origin != "polnear" else ""
            lines.append(
                f"{name:10s} {origin}: {len(members)} articles, {n_sentences} sentences{read}{labels}; "
                + ", ".join(f"{k} {n}" for k, n in stances.most_common())
            )
    return "\n".join([*lines, *split_data.notes])
