"""Boilerplate is told from the article, and the article is never taken for boilerplate."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.model.boilerplate import KINDS
from sayso.model.boilerplate_lines import LINE_RULES
from sayso.model.sentences import segment

ARTICLE = (
    "Mill reopens after nine years\n\nThe mill by the river reopened on Monday.\n\n{}\n\nThe owner was glad about it."
)


def kind_of(line: str) -> str | None:
    """The kind of the first sentence of a line between two paragraphs of an article."""
    return segment(ARTICLE.format(line)).kinds.get(2)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("READ MORE: Why the mills of Plover closed", "link"),
        ("READ MORE ON MILLS", "link"),
        ("Read more", "link"),
        ("Most read in News", "link"),
        ("More on Plover", "link"),
        ("Recommended articles", "link"),
        ("Continue reading here at the Plover", "link"),
        ("Watch the whole speech below:", "link"),
        ("https://plover.example/mill", "link"),
        ("More at https://plover.example/mill", "link"),
        ("TRENDING: A goat on the roof", "link"),
        ("👉 Follow our live blog for all of it", "link"),
        ("Share this article", "share"),
        ("Share on Facebook", "share"),
        ("Facebook Twitter WhatsApp Email", "share"),
        ("1.2K shares", "share"),
        ("Follow us on Twitter @plovernews", "share"),
        ("Sign up for our newsletter and never miss a goat.", "plea"),
        ("To hear more of this, please sign up to one of our newsletters today.", "plea"),
        ("Subscribe to our mailing list", "plea"),
        ("You can unsubscribe any time.", "plea"),
        ("Do you have a story for the Plover?", "plea"),
        ("Email us at desk@plover.example or call 555 0100.", "plea"),
        ("Join our WhatsApp channel", "plea"),
        ("© 2023 Plover News", "legal"),
        ("Copyright 2023 Plover News. All rights reserved.", "legal"),
        ("Source: Read Full Article", "legal"),
        ("Leave a reply", "form"),
        ("Your email address will not be published.", "form"),
        ("12 comments", "share"),
        ("Advertisement", "form"),
        ("We use cookies to make this page better.", "form"),
        ("Shopping cart", "form"),
        ("By Anna Novak, Plover", "byline"),
        ("by Petr Malek, The Plover:", "byline"),
        ("Written by Anna Novak and Petr Malek", "byline"),
        ("(Reporting by Anna Novak; Editing by Petr Malek)", "byline"),
        ("Photo: Anna Novak/Plover News", "byline"),
        ("Image credit: Plover News", "byline"),
        ("Getty Images", "byline"),
        ("Published: 5 May 2023, 10:45", "byline"),
        ("THE FLOOD", "crosshead"),
        ("Wet and cold", "crosshead"),
        ("* * *", "marks"),
        ("…", "marks"),
        ("Mill reopens after nine years", "repeat"),
    ],
)
def test_boilerplate(line: str, kind: str) -> None:
    assert kind_of(line) == kind


@pytest.mark.parametrize(
    "line",
    [
        "Read more books, the minister told the pupils of Plover on Monday.",
        "Copyright law protects the song, the court said.",
        "The newsletter was read by nine hundred people.",
        "He asked readers to share the load and save the mill.",
        "Save the mill, the crowd shouted.",
        "The governor wrote on his Telegram channel that the bridge had fallen.",
        "“Follow us on Twitter,” the group wrote.",
        "“Subscribe to our channel. Sign up for free,” said the man.",
        "By Monday the water had gone.",
        "Source of the fire was a stove, officials said.",
        "She follows the case.",
        "The mayor has resigned, sources say",
        "Peskov: We know nothing of it.",
        "In other developments:",
        "He advertised the flat in the Plover.",
        "More on the strike was to come out in court, where a clerk had kept every letter.",
        "Why did it fall?",
        "Nobody knows.",
        "“Never again”, he said.",
        "• The bridge will open in May.",
        "Comments by the minister angered the town.",
        "Stay informed and stay at home, the governor told residents.",
        "Register with the town hall by Monday, the ministry told reservists.",
        "Call us on Monday if nobody comes, the mayor said.",
        "— Follow the road to the school, she told them.",
        "- Join the queue by noon, the order says.",
        "No comment.",
        "The ministry is angry. It published the list at https://plover.example/list.",
    ],
)
def test_text_of_the_article_is_kept(line: str) -> None:
    assert segment(ARTICLE.format(line)).boilerplate == frozenset()


def test_a_headline_is_never_a_link_or_a_crosshead() -> None:
    for headline in ("Watch: goat climbs on roof", "Mill reopens", "Trending: goats"):
        assert segment(f"{headline}\n\nA goat climbed on the roof of the mill.").boilerplate == frozenset()


def test_the_second_copy_of_a_headline_is_left_out_with_or_without_its_date() -> None:
    text = "05/05/2023 Mill by the river reopens after flood\n\nMill by the river reopens after flood\n\nIt was closed."
    assert segment(text).kinds == {1: "repeat"}
    text = "Mill by the river reopens after flood | Plover\nMill by the river reopens after flood\nIt was closed."
    assert segment(text).kinds == {1: "repeat"}


def test_a_live_blog_may_say_a_thing_twice() -> None:
    news = "The mill has lost at least nine of its wheels."
    paragraphs = ["Mill loses wheels", "It began on Monday morning.", "The town looked on.", news]
    text = "\n\n".join([*paragraphs, "Nobody was hurt in it.", "The fire brigade came late.", news])
    assert segment(text).boilerplate == frozenset()


def test_links_under_their_heading_and_bullets_after_a_plea() -> None:
    text = (
        "Mill reopens after nine years\n\nThe mill reopened on Monday.\n\nDon’t miss…\n"
        "Goat seen on the roof of a mill\n"
        "Mayor says goat is not hers\n\nThe owner was glad.\n\nSign up to one of our newsletters here.\n\n"
        "  • Goat leaves the roof of the mill\n  • Mayor buys a goat of her own"
    )
    found = segment(text)
    assert [s.text for s in found.kept] == [
        "Mill reopens after nine years",
        "The mill reopened on Monday.",
        "The owner was glad.",
    ]


def test_a_list_of_the_article_is_kept() -> None:
    text = "Mill reopens after nine years\n\nThe council decided:\n• the road is closed for a year\n• the mill is open"
    assert segment(text).boilerplate == frozenset()


def test_what_follows_the_writers_portrait_is_left_out_at_the_end_only() -> None:
    body = "The mill by the river reopened on Monday after nine years of rain. The owner was glad about all of it."
    tail = "About the writer\n\nAnna Novak writes for the Plover. She lives by the river."
    found = segment(f"Mill reopens\n\n{body}\n\n{tail}")
    assert [s.text for s in found.kept][-1] == "The owner was glad about all of it."
    early = segment(f"Mill reopens\n\nAbout the writer\n\n{body} {body} {body}")
    assert [s.text for s in early.kept][-1] == "The owner was glad about all of it."


@given(st.text())
def test_kinds_are_known_and_marks_are_always_found(text: str) -> None:
    found = segment(text)
    assert set(found.kinds.values()) <= set(KINDS)
    assert found.boilerplate == set(found.kinds)
    for sentence in found.sentences:
        if not any(char.isalnum() for char in sentence.text):
            assert found.kinds[sentence.sentence] == "marks"


@pytest.mark.parametrize(("kind", "pattern"), LINE_RULES, ids=[kind for kind, _ in LINE_RULES])
@pytest.mark.parametrize(
    "line",
    [
        "By A B C D E F G " * 23,
        "read more " * 40,
        "share | " * 50,
        "a" * 400,
        "photo " * 66,
        "(c) (c) " * 50,
        "1 . " * 100,
    ],
)
def test_no_pattern_runs_away(kind: str, pattern: object, line: str) -> None:
    """A pattern that backtracks without bound would hang here: lines are as long as lines that are looked at."""
    import re
    import time

    assert isinstance(pattern, re.Pattern)
    begin = time.process_time()
    pattern.fullmatch(line[:399] + "~")
    assert time.process_time() - begin < 0.5


def test_a_byline_of_many_names_takes_no_time() -> None:
    # Each of these words may be a name, too: tried both ways, one line would take minutes.
    began = time.process_time()
    found = segment("The mill burned down.\n\nReporting by " + "Writing " * 24 + "x!x\n\nNobody was hurt.")
    assert time.process_time() - began < 1
    assert len(found.sentences) == 3
    line = "Reporting by Ann Lee in Harbour and J.P. Moss; additional reporting by Bo Li; editing by Sam Fox."
    assert len(segment(f"The mill burned down.\n\n{line}").boilerplate) == 1


def test_items_of_lists_and_rows_of_tables_belong_to_the_article() -> None:
    listed = segment("Mill burns\n\nThe owner:\n• denied it\n• said it was a lie\n")
    assert (len(listed.sentences), listed.boilerplate) == (4, frozenset())
    assert [kind_of(line) for line in ("2) two houses", "– Kyiv", "Ivan\t12\tgovernor")] == [None] * 3
    assert kind_of("Bitter loss") == "crosshead"


def test_names_over_the_turns_of_an_interview_are_kept() -> None:
    turns = "INTERVIEWER\n\nDid they shoot?\n\nANNA NOVAK\n\nThey did.\n\n"
    text = f"A talk with the miller.\n\n{turns}{turns}THE FLOOD\n\nIt rained.\n"
    segmentation = segment(text)
    assert [s.text for s in segmentation.sentences if s.sentence in segmentation.boilerplate] == ["THE FLOOD"]
