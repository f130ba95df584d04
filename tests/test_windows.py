from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.model.errors import ConfigError
from sayso.model.introductions import Introductions, introductions
from sayso.model.records import Sentence
from sayso.model.scorer import _pointed
from sayso.model.windows import Span, WindowSettings, plan_windows


@given(
    st.lists(st.integers(0, 90), max_size=60),
    st.integers(20, 80),
    st.integers(0, 30),
    st.integers(0, 20),
)
def test_every_sentence_is_labelled_once_and_every_window_fits(
    lengths: list[int], budget: int, before: int, after: int
) -> None:
    spans = plan_windows(lengths, budget, before, after)
    labelled = [i for span in spans for i in range(span.label_first, span.label_last)]
    assert labelled == list(range(len(lengths)))
    for span in spans:
        assert span.first <= span.label_first < span.label_last <= span.last
        read = sum(min(n, budget) for n in lengths[span.first : span.last])
        assert read <= budget
        assert sum(min(n, budget) for n in lengths[span.first : span.label_first]) <= before


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(40, 80), st.data())
def test_windows_with_introductions_fit_too(lengths: list[int], budget: int, data: st.DataObject) -> None:
    earlier = st.integers(0, len(lengths) - 1)
    introduced = [tuple(sorted(set(data.draw(st.lists(earlier, max_size=3))))) for _ in lengths]
    known = Introductions(introduced, lengths, budget // 3)
    spans = plan_windows(lengths, budget, 15, 10, lambda span: known.before(span.first, span.label_last))
    assert [i for span in spans for i in range(span.label_first, span.label_last)] == list(range(len(lengths)))
    for span in spans:
        further_up = span.introductions
        assert list(further_up) == sorted(set(further_up))
        assert all(i < span.first for i in further_up)
        assert sum(lengths[i] for i in further_up) <= budget // 3
        read = sum(min(lengths[i], budget) for i in (*further_up, *range(span.first, span.last)))
        assert read <= budget


def test_eight_sentences_by_hand() -> None:
    # Eight sentences of 10 tokens, 45 tokens a window, context of 20 before and 10 after.
    # Window 1 starts at sentence 0 with no context: 0-3 fit (40 tokens), a fifth would make 50. The article goes on,
    # so sentence 3 (10 tokens) is only looked ahead to: 0, 1, 2 are labelled.
    # Window 2 labels from 3; sentences 1 and 2 are its context (20 tokens); 3 and 4 fit beside them (40 tokens).
    # 4 is looked ahead to, so only 3 is labelled. Window 3 labels 4 with context 2, 3 and so on, until window 6 starts
    # at 6 with context 4, 5 and reads 6 and 7; the article ends there, so both are labelled.
    assert plan_windows([10] * 8, 45, 20, 10) == [
        Span(0, 4, 0, 3),
        Span(1, 5, 3, 4),
        Span(2, 6, 4, 5),
        Span(3, 7, 5, 6),
        Span(4, 8, 6, 8),
    ]


def test_an_over_long_sentence_has_a_window_of_its_own() -> None:
    spans = plan_windows([5, 500, 5], 50, 10, 5)
    assert [(s.label_first, s.label_last) for s in spans] == [(0, 1), (1, 2), (2, 3)]


def _sentences(*texts: str) -> list[Sentence]:
    return [Sentence(i, i, 0, len(text), text) for i, text in enumerate(texts)]


def test_who_is_named_in_full_is_introduced_for_who_names_the_surname_alone() -> None:
    sentences = _sentences(
        "Brigade Chief Otto Farrow Resigns",  # a headline: every word has a capital, nobody is introduced
        "Otto Farrow, who led the brigade, resigned on Monday.",
        "Mayor Ida M. Lund of Port Ellery said it was time.",  # Lund; and Ellery, whom nobody names again
        "Farrow would not comment.",  # Farrow alone: sentence 1
        "“Otto Farrow was tired,” Lund’s deputy said.",  # Farrow in full: none; Lund alone: sentence 2
        "The mayor and Mr Farrow met.",  # "Mr" is not his given name: sentence 1
        "On Tuesday she left.",  # never named in full
    )
    assert introductions(sentences) == ((), (), (), (1,), (2,), (1,), ())


def test_the_first_word_of_a_sentence_is_nobodys_given_name() -> None:
    sentences = _sentences(
        "The Russian crossed the river.",  # "The" is capitalised for its place, not as a name
        "And I saw it.",
        "After Otto Farrow came the Russian, and I left.",  # nothing that was introduced
        "But Farrow stayed.",  # Farrow alone, behind a word that begins the sentence: sentence 2
    )
    assert introductions(sentences) == ((), (), (), (2,))


def test_who_is_at_home_in_the_window_is_introduced_first() -> None:
    # Sentence 0 names somebody whom six sentences name (two of them in the window), sentence 1 somebody whom the window
    # alone names, once. Both have 30 tokens: with room for one it is the second, although fewer sentences need it.
    introduced = [(), (), (0,), (0,), (0,), (0,), (0, 1), (0,)]
    lengths = [30, 30, *[10] * 6]
    assert Introductions(introduced, lengths, 40).before(6, 8) == (1,)
    assert Introductions(introduced, lengths, 60).before(6, 8) == (0, 1)
    assert Introductions(introduced, lengths, 29).before(6, 8) == ()
    # A window that begins at sentence 1 reads it anyway.
    assert Introductions(introduced, lengths, 60).before(1, 8) == (0,)


def test_a_pointer_stays_on_one_side_of_what_was_left_out() -> None:
    # Prompt, two tokens from further up (7, 8), the window's own from 20 on: 21 shares in the peak on 20, 8 does not.
    index = np.array([-1, 7, 8, 20, 21, 22])
    assert _pointed(np.array([0.0, 0.0, 0.3, 0.4, 0.3, 0.0], np.float32), index) == (3, 5)
    assert _pointed(np.array([0.0, 0.4, 0.3, 0.3, 0.0, 0.0], np.float32), index) == (1, 3)


@pytest.mark.parametrize(("n_tokens", "before", "after"), [(32, 0, 0), (128, 60, 10), (128, -1, 0)])
def test_settings_that_cannot_work_are_refused(n_tokens: int, before: int, after: int) -> None:
    with pytest.raises(ConfigError, match="window"):
        WindowSettings(n_tokens, before, after)


def test_budget_zero_length_sentences_do_not_loop() -> None:
    assert plan_windows([], 50, 10, 5) == []
    assert [s.label_last for s in plan_windows([0, 0, 0], 50, 10, 5)] == [3]


def test_windows_carry_their_tokens_back(tiny_encoder: object) -> None:
    from tokenizers import Tokenizer

    from sayso.model.mentions import AliasMatcher
    from sayso.model.scheme import Scheme
    from sayso.model.sentences import quotation_state, segment
    from sayso.model.windows import HEADLINE, PROMPT, QUOTED, WindowBuilder, collate

    text = 'Raid on the village\n\nThe governor said two houses burned. "We are not in the village," he said.'
    scheme = Scheme.load("belgorod")
    builder = WindowBuilder(
        Tokenizer.from_file(f"{tiny_encoder}/tokenizer.json"), WindowSettings(256, 64, 16), ("[CLS]", "[SEP]", "[PAD]")
    )
    slots = tuple(builder.slot(s.id, s.id.replace("_", " "), i + 1) for i, s in enumerate(scheme.speakers))
    article = builder.encode(segment(text).kept, quotation_state(text), AliasMatcher(scheme.speakers).find(text))
    (window,) = builder.windows(article, slots)

    inside = window.token_index >= 0
    # Each token's offsets, through the window, give its own word back (the tokenizer lower-cases).
    for token, place in zip(window.ids[inside], window.token_index[inside], strict=True):
        word = builder.tokenizer.id_to_token(int(token)).removeprefix("##")
        assert text[article.starts[place] : article.ends[place]].lower() == word
    assert (window.states[~inside] == PROMPT).all()
    assert window.states[inside][0] & HEADLINE
    governor = [s.speaker for s in slots].index("governor") + 1
    marked = {
        text[article.starts[i] : article.ends[i]] for i in window.token_index[(window.marks == governor) & inside]
    }
    assert marked == {"governor"}
    quoted = {
        text[article.starts[i] : article.ends[i]] for i in window.token_index[(window.states & QUOTED > 0) & inside]
    }
    assert {"We", "are", "not", "in", "the", "village"} <= quoted
    assert "houses" not in quoted

    # The same sentences with the second labelled only, and the headline repeated before it.
    later = builder.window(article, Span(1, 3, 1, 3, introductions=(0,)), slots)
    n_headline = article.lengths[0]
    assert later.n_sentences == 2
    body = np.flatnonzero(later.token_index >= 0)
    assert later.token_index[body].tolist() == list(range(int(article.bounds[3])))
    assert (
        later.token_sentence[body].tolist() == [-1] * n_headline + [0] * article.lengths[1] + [1] * article.lengths[2]
    )
    assert (later.states[body[:n_headline]] & HEADLINE > 0).all()

    batch = collate([window], builder.pad_id)
    assert batch.ids.shape[1] % 64 == 0
    sums = batch.sentence_pool[0].sum(-1)
    assert np.allclose(sums[: len(article.sentences)], 1)
    assert np.allclose(sums[len(article.sentences) :], 0)
    assert np.allclose(batch.slot_pool[0].sum(-1), 1)


def test_a_pointer_that_is_spread_over_everything_names_nobody() -> None:
    # Forty tokens share alike: no name is so long, and the sum of their shares is no certainty.
    p = np.full(41, 1 / 41, np.float32)
    p[7] *= 1.5
    assert _pointed(p, np.arange(-1, 40)) == (7, 8)
