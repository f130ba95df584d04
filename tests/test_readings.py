"""Readings of PolNeAR's articles by the codebook: joined with its text, its tags and its sources."""

from __future__ import annotations

import csv
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from sayso.model.errors import ConfigError, RowError
from sayso.model.records import LabelledSentence
from sayso.model.scheme import Scheme
from sayso.model.windows import WindowBuilder, WindowSettings
from sayso.train.augment import Augmentation
from sayso.train.data import load, split, weighted
from sayso.train.encoders import load_encoder
from sayso.train.examples import TrainingArticle, from_rows
from sayso.train.readings import LABELS, ORIGIN, SPEAKER_COLUMNS, SPEAKERS
from sayso.train.run import run
from sayso.train.seeds import STANDOFF_COLUMNS
from sayso.train.settings import Data, Readings, TrainSettings
from sayso.train.targets import TargetBuilder

ROOT = Path(__file__).parent.parent
TEXT = "The mayor confirmed the old bridge was shut. Ferries will run instead.\n\nMr. Lee said that fares rise. Ha."
#: The last sentence is left out, as a reader leaves out what is no sentence of the article.
LABELLED = (
    ("The mayor confirmed the old bridge was shut.", "town", "asserts"),
    ("Ferries will run instead.", "outlet", "asserts"),
    ("Mr. Lee said that fares rise.", "kremlin", "reports"),
)
SOURCE = (0, len("The mayor"))
#: The study's speakers as they are, in their order: no change to the article, its own scheme never drawn.
PLAIN = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """Two articles in PolNeAR's form, one attribution in each; the first was read by the codebook too."""
    part, folder = tmp_path / "train", tmp_path / "readings"
    for name in (part / "text", part / "attributions", folder):
        name.mkdir(parents=True)
    spans = {"T1": ("Source", "The mayor"), "T2": ("Cue", "confirmed"), "T3": ("Content", "the old bridge was shut")}
    marks = [f"{t}\t{kind} {TEXT.index(w)} {TEXT.index(w) + len(w)}\t{w}" for t, (kind, w) in spans.items()]
    for name in ("usa_1", "usa_2"):
        (part / "text" / f"{name}.txt").write_text(TEXT, encoding="utf-8")
        event = "E1\tAttribution:T2 Source:T1 Cue:T2 Content:T3"
        (part / "attributions" / f"{name}_ab.ann").write_text("\n".join([*marks, event]) + "\n")
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    places = [(TEXT.index(words), len(words), speaker, stance) for words, speaker, stance in LABELLED]
    _write(
        folder / LABELS,
        STANDOFF_COLUMNS,
        [("usa_1.txt", digest, i // 2, i, at, at + n, s, t, 3) for i, (at, n, s, t) in enumerate(places)],
    )
    _write(
        folder / SPEAKERS,
        SPEAKER_COLUMNS,
        [
            ("usa_1.txt", "town", "The town", "The town hall: its mayor and clerks", "The mayor; mayor"),
            ("usa_1.txt", "kremlin", "The Kremlin", "Russia's state", "Lee"),
        ],
    )
    return Data(polnear=part, readings=Readings(folder=folder, weight=0.5, strangers=True))


def _read(data: Data) -> TrainingArticle:
    (article,) = (a for a in load(data, Scheme.load("belgorod")) if a.origin == ORIGIN)
    return article


def test_a_reading_replaces_labels_and_keeps_tags_and_sources(data: Data) -> None:
    article = _read(data)
    assert [(s.text, *t.speakers, t.stance) for s, t in zip(article.sentences, article.targets, strict=True)] == list(
        LABELLED
    )
    # PolNeAR's "confirmed" teaches no stance by itself; the reader's "asserts" does, and the source is still marked.
    # The outlet's sentence has no source anywhere; where Lee's stands nobody marked.
    assert [t.sources for t in article.targets] == [(SOURCE,), (), None]
    assert article.tags is not None
    assert ("source", *SOURCE) in article.tags
    assert [v.id for v in article.voices] == ["town", "kremlin", "other", "outlet"]
    assert article.voices[0].prompts == (
        "The town hall: its mayor and clerks",
        "The town: The town hall: its mayor and clerks",
        "The town",
    )
    assert article.voices[0].aliases == ("The mayor", "mayor")
    assert {t.weight for t in article.targets} == {0.5}


def test_articles_pass_through_a_dataset_unchanged(data: Data) -> None:
    articles = load(data, Scheme.load("belgorod"))
    (bare,) = from_rows([LabelledSentence("b1", 0, 0, 0, 3, "No.", "kremlin", "reports")], "rows")
    articles = [*articles, bare]  # no tags, no sources, no voices
    rows = Dataset.from_list([article.to_dict() for article in articles])
    assert [TrainingArticle.from_dict(row) for row in rows] == articles


def test_an_article_that_was_read_is_not_learned_a_second_time_under_other_labels(data: Data) -> None:
    articles = load(data, Scheme.load("belgorod"))
    assert [(a.id, a.origin) for a in articles] == [("usa_2", "polnear"), ("usa_1", ORIGIN)]
    settings = TrainSettings(scheme="belgorod", validation_share=0.5, class_weight=1.0, polnear_weight=0.1)
    with pytest.raises(RowError, match="too few articles"):
        split(articles, settings)  # neither is the study's, so neither can be held out
    learned = weighted(articles, settings)
    assert [{t.weight for t in a.targets} for a in learned] == [{0.1}, {0.5}]


@pytest.mark.parametrize("strangers", [True, False])
def test_under_the_studys_speakers_a_stranger_is_the_rest(data: Data, tiny_encoder: Path, strangers: bool) -> None:
    scheme = Scheme.load("belgorod")
    encoder = load_encoder(str(tiny_encoder), 0.0)
    builder = WindowBuilder(encoder.tokenizer, WindowSettings(512, 96, 0), encoder.special)
    mask = encoder.tokenizer.token_to_id(encoder.mask)
    article = replace(_read(data), strangers=strangers)
    # Its own scheme is drawn as often as not; look for a draw of the study's, whose speakers are six.
    build = TargetBuilder(builder, scheme, replace(PLAIN, generic=0.5), mask)
    drawn = (build.windows(article, np.random.default_rng(seed))[0] for seed in range(100))
    window = next(w for w in drawn if w.speakers.shape[1] == len(scheme.speakers))
    allowed = [{scheme.speaker_ids[i] for i in np.flatnonzero(row)} for row in window.speakers]
    sources = set(scheme.speaker_ids) - {"outlet"}
    # The town hall is nobody whom the study knows; who has the id of a study's speaker is that speaker.
    assert allowed == ([{"other"}, {"outlet"}, {"kremlin"}] if strangers else [sources, {"outlet"}, sources])


def test_faults_are_named(data: Data) -> None:
    assert data.readings is not None
    folder = data.readings.folder
    scheme = Scheme.load("belgorod")
    right = (folder / LABELS).read_text(encoding="utf-8")
    for wrong, message in (
        (right.replace(",town,", ",village,"), "sentence 0 of usa_1: its article has no such speaker"),
        (right.replace(",reports,", ",doubts,"), "sentence 2 of usa_1: no such stance"),
        (right.replace("usa_1.txt", "usa_9.txt"), "usa_9.txt that .* labels is not here"),
    ):
        (folder / LABELS).write_text(wrong, encoding="utf-8")
        with pytest.raises(RowError, match=message):
            load(data, scheme)
    (folder / LABELS).write_text(right, encoding="utf-8")
    speakers = (folder / SPEAKERS).read_text(encoding="utf-8")
    (folder / SPEAKERS).write_text(speakers.replace(",kremlin,", ",town,"), encoding="utf-8")
    with pytest.raises(RowError, match=r"speakers.csv:3: usa_1 has the speaker town twice"):
        load(data, scheme)
    (folder / SPEAKERS).write_text(speakers.replace("aliases", "names"), encoding="utf-8")
    with pytest.raises(RowError, match="no aliases"):
        load(data, scheme)
    (folder / SPEAKERS).unlink()
    with pytest.raises(RowError, match="no readings of PolNeAR"):
        load(data, scheme)


def test_readings_need_the_texts_that_they_label() -> None:
    recipe = {"scheme": "belgorod", "data": {"readings": {"folder": "seeds/polnear"}}}
    with pytest.raises(ConfigError, match="--polnear"):
        TrainSettings.from_dict(recipe, "recipe.yaml")


def test_the_recipes_of_the_shipped_model_run(data: Data, tiny_encoder: Path, tmp_path: Path) -> None:
    """`make model` in small: both recipes as they are, with a tiny encoder, a few articles and short windows."""
    authored = tmp_path / "articles"
    authored.mkdir()
    for number in range(1, 11):
        shutil.copy(ROOT / "seeds" / "articles" / f"{number:03d}.txt", authored)
    small = {
        "epochs": 1,
        "window": {"n_tokens": 256, "context_before": 32, "context_after": 16},
        "precision": "float32",
    }
    first = TrainSettings.load(ROOT / "configs" / "attribution.yaml").to_dict() | small
    first |= {"encoder": str(tiny_encoder), "data": {"polnear": str(data.polnear)}}
    run(TrainSettings.from_dict(first, "attribution"), tmp_path / "first", command="test", say=lambda line: None)

    second = TrainSettings.load(ROOT / "configs" / "shipped.yaml").to_dict() | small
    assert data.readings is not None
    own = {"polnear": str(data.polnear), "readings": data.readings.model_dump(mode="json"), "authored": [str(authored)]}
    held_out = tmp_path / "held_out.txt"
    held_out.write_text("003\n007\n")
    second |= {"encoder": str(tmp_path / "first"), "data": own, "held_out": str(held_out), "polnear_share": 1.0}
    made = run(TrainSettings.from_dict(second, "shipped"), tmp_path / "second", command="test", say=lambda line: None)
    summary = "\n".join(made.training["data"]["summary"])
    for collection in ("train      authored: 8 articles", "train      polnear: 1 articles", "readings: 1 articles"):
        assert collection in summary
    assert made.training["data"]["held_out"] == ["003", "007"]
