"""What training changes about an article must leave what is learned from it alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.model.mentions import AliasMatcher
from sayso.model.scheme import Scheme, Speaker
from sayso.model.sentences import quotation_state, segment
from sayso.model.windows import WindowBuilder, WindowSettings
from sayso.train.augment import INVENTED_SURNAMES, Augmentation, rename, reparagraph, restyle_quotes, surnames_of
from sayso.train.encoders import load_encoder
from sayso.train.examples import Target, TrainingArticle, Voice
from sayso.train.polnear import OTHER, OUTLET, SOMEBODY
from sayso.train.targets import TargetBuilder, TargetWindow

TEXT = (
    "Mayor denies the bridge was closed\n\n"
    "The bridge was closed at noon. Mayor Hladun said it was open. "
    "“I walked across it. Nobody stopped me,” he said.\n\n"
    "Traffic stood for two hours. The Kremlin blamed saboteurs."
)
LABELS = ("governor", "outlet", "governor", "governor", "governor", "outlet", "kremlin")
NEVER = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _article(*, voices: bool = False) -> TrainingArticle:
    sentences = segment(TEXT).sentences
    assert len(sentences) == len(LABELS)
    if voices:
        speakers = [OUTLET if s == "outlet" else "hladun" if s == "governor" else SOMEBODY for s in LABELS]
    else:
        speakers = list(LABELS)
    targets = tuple(Target((s,), "asserts" if s in ("outlet", OUTLET) else "reports") for s in speakers)
    own = (
        (Voice("hladun", ("Hladun",), ("Hladun",)), Voice(OTHER, ("Others",)), Voice(OUTLET, ("The outlet",)))
        if voices
        else ()
    )
    return TrainingArticle("a1", "polnear" if voices else "authored", TEXT, tuple(sentences), targets, own)


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    return Scheme.load("belgorod")


def _windows(tiny_encoder: Path, scheme: Scheme, change: Augmentation, article: TrainingArticle) -> TargetWindow:
    encoder = load_encoder(str(tiny_encoder), 0.0)
    builder = WindowBuilder(encoder.tokenizer, WindowSettings(512, 96, 0), encoder.special)
    mask = encoder.tokenizer.token_to_id(encoder.mask)
    (window,) = TargetBuilder(builder, scheme, change, mask).windows(article, np.random.default_rng(3))
    return window


@given(st.integers(0, 2**32 - 1))
def test_new_paragraphs_change_nothing_else(seed: int) -> None:
    article = _article()
    changed = reparagraph(article, np.random.default_rng(seed))
    assert [s.text for s in changed.sentences] == [s.text for s in article.sentences]
    assert all(changed.text[s.start : s.end] == s.text for s in changed.sentences)
    assert changed.targets == article.targets
    paragraphs = [s.paragraph for s in changed.sentences]
    assert paragraphs[:2] == [0, 1], "the headline stays alone"
    assert all(0 <= b - a <= 1 for a, b in pairwise(paragraphs))
    # The fifth sentence goes on inside the quotation that the fourth opened.
    assert paragraphs[3] == paragraphs[4]


def test_some_draws_part_what_stood_together() -> None:
    drawn = {
        tuple(s.paragraph for s in reparagraph(_article(), np.random.default_rng(seed)).sentences) for seed in range(50)
    }
    assert len(drawn) > 5


def test_any_source_against_the_outlet(tiny_encoder: Path, scheme: Scheme) -> None:
    for voices in (False, True):
        window = _windows(tiny_encoder, scheme, replace(NEVER, generic=1.0), _article(voices=voices))
        assert window.speakers.shape[1] == 2
        assert list(window.window.known) == [0, 0]
        outlet = window.speakers.argmax(1)[LABELS.index("outlet")]
        assert [bool(row[outlet]) for row in window.speakers] == [label == "outlet" for label in LABELS]
        assert (window.speakers.sum(1) == 1).all()


def test_speakers_prompted_as_new_have_no_class(tiny_encoder: Path, scheme: Scheme) -> None:
    new = _windows(tiny_encoder, scheme, replace(NEVER, unknown=1.0), _article())
    known = _windows(tiny_encoder, scheme, NEVER, _article())
    assert not new.window.known.any()
    assert sorted(known.window.known) == list(range(1, len(scheme.speakers) + 1))
    assert (new.speakers.sum(1) == 1).all()


def test_other_news_under_the_studys_prompt(tiny_encoder: Path, scheme: Scheme) -> None:
    """An attributed sentence of PolNeAR may be anybody's but the outlet's; the others are the outlet's.

    generic=0.5 draws this branch for some seeds: own scheme, any source, or the study's; the study's has six slots.
    """
    encoder = load_encoder(str(tiny_encoder), 0.0)
    builder = WindowBuilder(encoder.tokenizer, WindowSettings(512, 96, 0), encoder.special)
    mask = encoder.tokenizer.token_to_id(encoder.mask)
    targets = TargetBuilder(builder, scheme, replace(NEVER, generic=0.5), mask)
    drawn = [targets.windows(_article(voices=True), np.random.default_rng(seed))[0] for seed in range(40)]
    studies = [w for w in drawn if w.window.known.any()]
    assert 0 < len(studies) < len(drawn)
    outlet = scheme.speaker_ids.index("outlet")
    for window in studies:
        for row, label in zip(window.speakers, LABELS, strict=True):
            expected = [i == outlet for i in range(6)] if label == "outlet" else [i != outlet for i in range(6)]
            assert row.tolist() == expected


def _study(**aliases: tuple[str, ...]) -> Scheme:
    speakers = [
        Speaker(id=name, name=f"The {name}", colour="#000000", letter=chr(65 + i), aliases=found)
        for i, (name, found) in enumerate(aliases.items())
    ]
    return Scheme(name="study", title="The Orlov affair", speakers=tuple(speakers), outlet=speakers[-1].id)


def test_surnames_are_told_from_other_names_by_the_scheme_alone() -> None:
    scheme = _study(
        town=("Ivan Petrov", "Petrov", "Sidorenko", "Town Council", "anti-Volkov front", "Volkov", "Orlov"),
        capital=("Berlin", "Berlin Senate"),
        outlet=(),
    )
    # Volkov stands inside another alias, Orlov in the title; Berlin ends like a surname, but its speaker has no person.
    assert surnames_of(scheme) == {"Petrov", "Sidorenko"}


def test_the_first_studys_surnames(scheme: Scheme) -> None:
    found = surnames_of(scheme)
    assert {"Gladkov", "Peskov", "Podolyak", "Kapustin"} <= found
    assert not {"Putin", "Kremlin", "Belgorod", "Moscow", "Kyiv", "Duma"} & found


def test_one_person_gets_one_new_surname() -> None:
    scheme = _study(town=("Ivan Petrov", "Petrov", "Petrov Foundation Board"), outlet=())
    assert not surnames_of(scheme), "the board is named after him"
    scheme = _study(town=("Ivan Petrov", "Petrov"), outlet=())
    text = "Ivan Petrov resigned\n\nPetrov's lawyer said so. Nobody asked Petrova."
    sentences = tuple(segment(text).sentences)
    article = TrainingArticle("a", "rows", text, sentences, (Target(("town",), "reports"),) * len(sentences))
    mentions = AliasMatcher(scheme.speakers).find(text)
    changed = rename(article, mentions, surnames_of(scheme), np.random.default_rng(0))
    new = changed.sentences[0].text.split()[1]
    assert new in INVENTED_SURNAMES
    assert changed.text == f"Ivan {new} resigned\n\n{new}'s lawyer said so. Nobody asked Petrova."
    assert all(changed.text[s.start : s.end] == s.text for s in changed.sentences)


@pytest.mark.parametrize(
    "text",
    [
        "‘It is over,’ he said. The army denied it. It said ‘nothing’ had changed, and the men’s boats were there.",
        "“She told me ‘go home’ and I went,” he said. The town’s clerk “knew nothing”.",
        '"Nobody stopped me," he said. It was 5.5" deep. "Go," she said.',
        "«Stop» is what the sign says.",
    ],
)
def test_other_quotation_marks_quote_the_same_words(text: str) -> None:
    sentences = tuple(segment(text).sentences)
    article = TrainingArticle("a1", "authored", text, sentences, tuple(Target((OUTLET,), "asserts") for _ in sentences))
    drawn = [restyle_quotes(article, np.random.default_rng(seed)) for seed in range(20)]
    assert len({one.text for one in drawn}) == 4
    for one in drawn:
        assert [s.text for s in one.sentences] == [one.text[s.start : s.end] for s in sentences]
        assert quotation_state(one.text).tolist() == quotation_state(text).tolist()
