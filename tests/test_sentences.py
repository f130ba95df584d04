"""Sentences have exact offsets, are cut where a reader would cut, and know what stands in quotation marks."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measure_sentences import hard_cases, ours

from sayso.model.paragraphs import paragraph_spans
from sayso.model.sentences import quotation_state, segment

#: Text in which the splitter's special characters are as common as letters.
TRICKY = st.lists(
    st.sampled_from(
        [*"aB ’‘“”\"'.!?…()[]«»—-:,\n\r\t\u00a0\u200b\u2028\ufeff0é中。", "U.S. ", "said ", "Gen. ", "p.m. "]
    )
).map("".join)


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in segment(text).sentences]


def quoted(text: str) -> str:
    """The characters inside quotation marks; runs of others become a middle dot."""
    state = quotation_state(text)
    return "".join(c if inside else "·" for c, inside in zip(text, state, strict=True)).strip("·")


def check_segmentation(text: str) -> None:
    sentences = segment(text).sentences
    covered = np.zeros(len(text), dtype=np.int64)
    for number, sentence in enumerate(sentences):
        assert sentence.sentence == number
        assert sentence.text == text[sentence.start : sentence.end]
        assert sentence.text
        assert sentence.text == sentence.text.strip()
        covered[sentence.start : sentence.end] += 1
    for left, right in pairwise(sentences):
        assert left.end <= right.start
        assert right.paragraph - left.paragraph in {0, 1}
    assert all(n == 1 for char, n in zip(text, covered, strict=True) if not char.isspace())
    assert covered.max(initial=0) <= 1


@given(st.text())
def test_every_character_belongs_to_one_sentence_in_any_text(text: str) -> None:
    check_segmentation(text)


@given(TRICKY)
@settings(max_examples=300)
def test_every_character_belongs_to_one_sentence_in_tricky_text(text: str) -> None:
    check_segmentation(text)


@given(TRICKY)
def test_quotation_state_has_one_entry_a_character(text: str) -> None:
    state = quotation_state(text)
    assert state.shape == (len(text),)
    assert state.dtype == np.uint8
    assert set(state.tolist()) <= {0, 1}


@given(st.text(alphabet="abc .,\n"))
def test_nothing_is_quoted_without_marks(text: str) -> None:
    assert not quotation_state(text).any()


@given(st.lists(TRICKY, max_size=4))
def test_segmenting_is_deterministic_and_boilerplate_is_among_the_sentences(parts: list[str]) -> None:
    text = "\n\n".join(parts)
    found = segment(text)
    assert found == segment(text)
    assert found.boilerplate <= {sentence.sentence for sentence in found.sentences}
    assert [*found.kept] == [s for s in found.sentences if s.sentence not in found.boilerplate]


#: Cases that the splitter is known to get wrong; docs/sentences.md says so too.
KNOWN_WRONG: set[str] = set()


@pytest.mark.parametrize(
    ("group", "text", "spans"), list(hard_cases()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_hard_case(group: str, text: str, spans: list[tuple[int, int]]) -> None:
    if text in KNOWN_WRONG:
        assert ours(text) != spans, "this one is right now: strike it from KNOWN_WRONG"
    else:
        assert [text[a:b] for a, b in ours(text)] == [text[a:b] for a, b in spans]


def test_a_page_by_hand() -> None:
    """Three paragraphs; the reasoning for every offset and number.

    Paragraph 0 is the headline, 12 characters, 0 to 12. A space and two line breaks follow, so paragraph 1 begins at
    15. Its first sentence, question and attribution together, is 26 characters long and ends at 41; the second begins
    one space later. Paragraph 2 is a READ MORE line: it is numbered like the others, and is boilerplate.
    """
    text = "Mill reopens \n\n“Is it safe?” Novak asked. It was.\nREAD MORE: Why mills close"
    found = segment(text)
    assert [(s.paragraph, s.sentence, s.start, s.end) for s in found.sentences] == [
        (0, 0, 0, 12),
        (1, 1, 15, 41),
        (1, 2, 42, 49),
        (2, 3, 50, 76),
    ]
    assert found.boilerplate == {3}
    assert [s.sentence for s in found.kept] == [0, 1, 2]
    # “Is it safe?” is 13 characters long, marks included.
    assert np.flatnonzero(quotation_state(text)).tolist() == list(range(15, 28))


class TestParagraphs:
    def test_every_kind_of_line_break_ends_one(self) -> None:
        text = "One.\nTwo.\r\nThree.\rFour.\u2028Five.\x0cSix."
        assert [text[a:b] for a, b in paragraph_spans(text)] == ["One.", "Two.", "Three.", "Four.", "Five.", "Six."]

    def test_a_text_wrapped_throughout_is_joined_also_where_its_blocks_do_not_tell(self) -> None:
        text = (
            "Talks in the border town\n"
            "   BELGOROD -- The governor said on Monday that two people had been\n"
            "hurt in the shelling and that the road was closed by order of\n"
            "President Ivanov.\n"
            "   He added that the region would pay for new windows, and that the\n"
            "schools would be closed for a week.\n"
            "\n"
            "The school was visited on Sunday and again on Tuesday by President\n"
            "Ivanov.\n"  # no line of this block goes on in lower case
            "GOVERNOR: Two people were hurt, and nobody has been found under it.\n"
            "REPORTER: And then?\n"
            "* Eleven people were taken to hospital, two of them children, he said\n"
            "* One bridge fell\n"
        )
        assert [text[a:b].split()[0] for a, b in paragraph_spans(text)] == [
            *("Talks", "BELGOROD", "He", "The", "GOVERNOR:", "REPORTER:", "*", "*")
        ]

    def test_one_line_that_stops_in_mid_sentence_joins_no_headlines(self) -> None:
        text = (
            "The doctor of the town's hospital told this newspaper that nobody\n"
            "had slept.\n\n"
            "Two people were hurt in the border town on Monday, the governor said\n"
            "Eleven were taken to hospital, two of them children, according to him\n"
            "The governor has declared a state of emergency in three districts\n"
            "Nobody knows who fired the shells\n"
            "A school burned to the ground in the night, and nobody was inside of it\n"
            "The bridge is closed"
        )
        assert len(paragraph_spans(text)) == 7

    def test_a_wrapped_block_is_one_paragraph(self) -> None:
        text = (
            "The council of Plover voted on Monday to reopen the old mill by\n"
            "the river, which had been closed since the flood of 2014. Anna\n"
            "Novak, who leads the council, said the town had waited too long\n"
            "for this day.\n\n"
            "It rained."
        )
        assert [s.paragraph for s in segment(text).sentences] == [0, 0, 1]
        assert texts(text)[0].endswith("flood of 2014.")

    def test_lines_of_a_live_blog_are_paragraphs(self) -> None:
        text = "10:45 The mayor arrives\n10:50 the crowd waits\n11:00 Nobody speaks\nNovak:\nWe are open."
        assert texts(text) == text.split("\n")

    def test_names_before_colons_keep_their_words(self) -> None:
        text = "Novak: We will appeal.\nMalek: They will lose."
        assert texts(text) == ["Novak: We will appeal.", "Malek: They will lose."]

    def test_blank_text_has_no_sentence(self) -> None:
        assert segment(" \n\t\u00a0\r\n").sentences == ()


def test_a_year_before_a_missing_space() -> None:
    assert texts("It ended in 2023.The next year was calm. Chapter 2.The end.") == [
        "It ended in 2023.",
        "The next year was calm.",
        "Chapter 2.The end.",
    ]


class TestQuotations:
    def test_curly_marks_and_apostrophes(self) -> None:
        text = "He said “we can’t wait” and left. It’s late."
        assert quoted(text) == "“we can’t wait”"

    def test_straight_marks_pair_up(self) -> None:
        assert quoted('He said "no" and "never".') == '"no"·····"never"'

    def test_british_single_quotes_beside_apostrophes(self) -> None:
        text = "‘We can’t wait for the boys’ hats,’ she said. The soldiers’ families can’t either."
        assert quoted(text) == "‘We can’t wait for the boys’ hats,’"

    def test_straight_single_quotes_beside_apostrophes(self) -> None:
        text = "'It's ours,' she said, and that wasn't true of the '90s or of the boys' hats."
        assert quoted(text) == "'It's ours,'"

    def test_a_nested_quotation_is_inside(self) -> None:
        text = "“She told me ‘no’ twice,” he said."
        assert quoted(text) == "“She told me ‘no’ twice,”"

    def test_a_quotation_over_paragraphs_opens_again_without_having_closed(self) -> None:
        text = 'He said: "We are open.\n\n"Come in.\n\n"All of you." They did.'
        assert quoted(text) == '"We are open.··"Come in.··"All of you."'

    def test_a_paragraph_that_closes_what_the_last_one_opened_is_inside(self) -> None:
        text = "He said: “We are open.\n\nCome in.” They did."
        assert quoted(text) == "“We are open.··Come in.”"

    def test_an_unclosed_quotation_ends_with_its_paragraph(self) -> None:
        text = "He said: “We are open.\n\nThey did not come. Nobody did."
        assert quoted(text) == "“We are open."

    def test_inches_are_no_quotation(self) -> None:
        assert quoted('The 5\' 11" guard held a 12" pipe.') == ""

    def test_other_marks(self) -> None:
        assert quoted("Er rief: „Komm!“ Sie kam.") == "„Komm!“"
        assert quoted("Il a dit « non » hier.") == "« non »"
        assert quoted("He said ``no'' twice.") == "``no''"

    def test_an_unclosed_single_quote_is_an_apostrophe(self) -> None:
        assert quoted("He was one of ‘em and said ‘so what. Nobody heard.") == ""


@pytest.mark.parametrize(
    "unit",
    [
        '"',
        "'",
        "‘",
        "”",
        '" ',
        "). ",
        ").",
        ".)",
        "?” ",
        "a.B",
        ". ",
        "\n",
        " ",
        "x",
        "said ",
        "中。",
        "Mr. ",
        "“\n\n",
        "READ MORE\n",
    ],
)
def test_time_grows_with_length_alone(unit: str) -> None:
    """Eight times the text may take at most thirty times as long; a square law would take sixty-four."""

    def seconds(n_chars: int) -> float:
        text = unit * (n_chars // len(unit))
        begin = time.process_time()
        segment(text)
        return time.process_time() - begin

    segment("Warm. Up.")
    short = min(seconds(10_000) for _ in range(3))
    # The least of three on both sides: one slow run on a busy machine says nothing about the law of growth.
    assert min(seconds(80_000) for _ in range(3)) < 30 * short + 0.2


def test_twenty_thousand_quotation_marks_in_a_row() -> None:
    check_segmentation('"' * 20_000)
    check_segmentation("“" * 10_000 + "”" * 10_000)
