from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.model.errors import ConfigError
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

    batch = collate([window], builder.pad_id)
    assert batch.ids.shape[1] % 64 == 0
    sums = batch.sentence_pool[0].sum(-1)
    assert np.allclose(sums[: len(article.sentences)], 1)
    assert np.allclose(sums[len(article.sentences) :], 0)
    assert np.allclose(batch.slot_pool[0].sum(-1), 1)
