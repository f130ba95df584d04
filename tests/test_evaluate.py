"""`sayso evaluate` and what it is made of, on articles made for it."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sayso.cli.evaluate import evaluate as evaluate_command
from sayso.cli.evaluate import read_collections
from sayso.evaluation.gold import ANY_SOURCE, GoldArticle, gold_articles, read_gold
from sayso.evaluation.judge import judge
from sayso.evaluation.label_errors import confident_labels, suspects
from sayso.evaluation.measure import evaluate, score
from sayso.evaluation.mistakes import mistakes
from sayso.evaluation.page import page
from sayso.evaluation.perturb import CHANGES, people
from sayso.evaluation.phenomena import phenomena
from sayso.evaluation.risk import risk_coverage
from sayso.evaluation.robustness import robustness
from sayso.evaluation.rule import CueRule
from sayso.model.errors import RowError, SaysoError, SchemeError
from sayso.model.records import Article, Evidence, LabelledSentence, Sentence
from sayso.model.rowfiles import write_rows
from sayso.model.scheme import Scheme
from sayso.train.examples import from_rows

SCHEME = Scheme.load("belgorod")
LETTERS = {s.letter: s.id for s in SCHEME.speakers}
STANCES = {"a": "asserts", "r": "reports"}


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)


def row(code: str, number: int, text: str, *, article: str = "one", outlet: str | None = None) -> LabelledSentence:
    """A gold row of a two-letter code."""
    return LabelledSentence(
        article, number // 2, number, 0, len(text), text, LETTERS[code[0]], STANCES[code[1]], outlet
    )


def article(lines: str, name: str = "one", outlet: str | None = None) -> list[LabelledSentence]:
    """Gold rows of lines `code sentence`."""
    pairs = [line.strip().split(" ", 1) for line in lines.strip().splitlines()]
    return [row(code, i, text, article=name, outlet=outlet) for i, (code, text) in enumerate(pairs)]


RAID = article("""
    Na The mill in Ostrovka burned down.
    Kr Peskov said that nobody was hurt.
    Ur “We know of no mill,” Podolyak said.
    Ur “And of no bridge.”
""")
FAIR = article(
    """
    Na The fair opened on Monday.
    Gr The governor said that it would be short.
    """,
    "two",
)


class Scripted:
    """Gives each sentence the labels of a script by its text, 0.9 sure unless told otherwise; else outlet, asserts."""

    def __init__(self, said: Mapping[str, str], sure: Mapping[str, float] | None = None) -> None:
        self.scheme = SCHEME
        self._said = said
        self._sure = {} if sure is None else sure

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        return tuple(self._row(article, s) for s in sentences)

    def _row(self, article: Article, s: Sentence) -> LabelledSentence:
        code = self._said.get(s.text, "Na")
        p = self._sure.get(s.text, 0.9)
        speaker, stance = LETTERS[code[0]], STANCES[code[1]]
        others = [i for i in SCHEME.speaker_ids if i != speaker]
        return LabelledSentence(
            article.id,
            s.paragraph,
            s.sentence,
            s.start,
            s.end,
            s.text,
            speaker,
            stance,
            article.outlet,
            speaker_p=p,
            stance_p=p,
            probabilities={
                "speaker": {speaker: p, **{i: (1 - p) / len(others) for i in others}},
                "stance": {i: p if i == stance else 1 - p for i in SCHEME.stance_ids},
            },
        )


def script(rows: Sequence[LabelledSentence], **changed: str) -> dict[str, str]:
    """The gold labels of rows by their text, with those of sentence `sN` changed."""
    letters = {v: k for k, v in LETTERS.items()}
    said = {r.text: letters[r.speaker] + r.stance[0] for r in rows}
    return said | {rows[int(name[1:])].text: code for name, code in changed.items()}


def test_scores_by_hand() -> None:
    # Six sentences of two articles; the model takes Podolyak's two for the Kremlin's, one of them for asserted.
    # Speaker: 4 of 6 right. kremlin: 1 right of 3 predicted and 1 gold, F1 = 2/4; ukrainian_officials: 0 of 2, F1 = 0;
    # outlet (2 of 2) and governor (1 of 1): F1 = 1. Macro-F1 = (1/2 + 0 + 1 + 1) / 4 = 0.625.
    # Stance: asserts 2 gold, 3 predicted, 2 right: 4/5; reports 4 gold, 3 predicted, 3 right: 6/7. Mean = 29/35.
    # Outlet or source: never confused. Both right: 4/6. All are 0.9 sure: the speaker's calibration error is
    # 0.9 - 4/6, the stance's 0.9 - 5/6.
    gold = gold_articles([*RAID, *FAIR], "mine")
    result = evaluate(Scripted(script(RAID, s2="Kr", s3="Ka") | script(FAIR)), gold, 50)
    assert (result.n_articles, result.n_sentences) == (2, 6)
    speaker, stance = result.head("speaker"), result.head("stance")
    assert speaker.macro_f1.value == pytest.approx(0.625)
    assert stance.macro_f1.value == pytest.approx(29 / 35)
    assert result.head("attributed").macro_f1.value == 1.0
    assert result.both_right is not None
    assert result.both_right.value == pytest.approx(4 / 6)
    assert speaker.calibration_error is not None
    assert speaker.calibration_error.value == pytest.approx(0.9 - 4 / 6)
    assert stance.calibration_error is not None
    assert stance.calibration_error.value == pytest.approx(0.9 - 5 / 6)
    # The second article is all right, the first half right: samples range from the one twice to the other twice.
    assert (result.both_right.low, result.both_right.high) == (0.5, 1.0)
    assert [label.label for label in speaker.by_label] == ["kremlin", "ukrainian_officials", "governor", "outlet"]
    assert sum(map(sum, speaker.confusion)) == 6
    assert speaker.confusion[2][1] == 2


def test_samples_that_lack_a_label_say_nothing_of_its_precision_and_recall() -> None:
    # The governor's sentence stands in one article of twelve and is found. Samples without that article have none to
    # find, which is no miss. The Kremlin's is taken for the outlet's in each: never predicted, so its precision is 0
    # by convention, of which no sample says more.
    odd = article("Gr The governor said so.", "odd")
    usual = [article("Kr Peskov said so.", f"usual-{i}") for i in range(11)]
    gold = gold_articles([r for rows in (odd, *usual) for r in rows], "mine")
    by_label = {label.label: label for label in evaluate(Scripted(script(odd)), gold, 200).head("speaker").by_label}
    governor, kremlin = by_label["governor"], by_label["kremlin"]
    assert (governor.recall.value, governor.recall.low, governor.recall.high) == (1.0, 1.0, 1.0)
    assert (governor.precision.low, governor.precision.high) == (1.0, 1.0)
    assert kremlin.precision.to_dict() == {"value": 0.0, "low": None, "high": None}
    assert (kremlin.recall.value, kremlin.recall.low, kremlin.recall.high) == (0.0, 0.0, 0.0)


def test_groups_are_outlets_and_collections() -> None:
    one = gold_articles([replace(r, outlet="Post") for r in RAID], "mine")
    two = gold_articles([replace(r, outlet="Mail") for r in FAIR], "mine")
    result = evaluate(Scripted(script(RAID, s1="Gr") | script(FAIR)), [*one, *two], 0)
    assert [(g.kind, g.name, g.n_sentences) for g in result.groups] == [("outlet", "Post", 4), ("outlet", "Mail", 2)]
    post, mail = result.groups
    assert (post.figures["both"].value, mail.figures["both"].value) == (0.75, 1.0)


def test_the_same_seed_gives_the_same_json() -> None:
    gold = gold_articles([*RAID, *FAIR], "mine")
    labeller = Scripted(script(RAID, s2="Kr"))
    one, two, other = (json.dumps(evaluate(labeller, gold, 20, seed).to_dict(), allow_nan=False) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_risk_coverage_by_hand() -> None:
    # Four sentences, 0.9, 0.8, 0.7 and 0.6 sure; the third is wrong. Keeping all: 1 of 4 wrong; the surest three:
    # 1 of 3; the surest two: none; the surest one: none.
    sure = dict(zip((r.text for r in RAID), (0.9, 0.8, 0.7, 0.6), strict=True))
    judged = judge(Scripted(script(RAID, s2="Kr"), sure), gold_articles(RAID, "mine"))
    points = {p.min_confidence: (p.coverage, p.risk) for p in risk_coverage(judged)}
    assert points == {0.6: (1.0, 0.25), 0.7: (0.75, pytest.approx(1 / 3)), 0.8: (0.5, 0.0), 0.9: (0.25, 0.0)}


def test_a_rule_without_probabilities_has_no_calibration() -> None:
    result = evaluate(CueRule(SCHEME), gold_articles(RAID, "mine"), 0)
    assert result.head("speaker").calibration_error is None
    assert result.risk_coverage == ()


# Gold from files.


def test_gold_rows_and_authored_articles_read_alike(tmp_path: Path) -> None:
    codes = {v: k for k, v in LETTERS.items()}
    lines = [f"{codes[r.speaker]}{r.stance[0]}\t{r.text}" for r in RAID]
    (tmp_path / "one.txt").write_text("# note: invented\n\n" + "\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:]))
    write_rows(tmp_path / "rows.jsonl", RAID)
    (authored,) = read_gold(tmp_path / "one.txt", SCHEME)
    (rows,) = read_gold(tmp_path / "rows.jsonl", SCHEME)
    assert [(r.text, r.speaker, r.stance) for r in authored.rows] == [(r.text, r.speaker, r.stance) for r in rows.rows]
    assert authored.article.text == rows.article.text
    for r in rows.rows:
        assert rows.article.text[r.start : r.end] == r.text


def test_standoff_labels_are_joined_with_their_texts(tmp_path: Path) -> None:
    text = "The mill burned. Peskov said no."
    (tmp_path / "raid.txt").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    labels = tmp_path / "labels.csv"
    header = "file,sha256,paragraph,sentence,start,end,speaker,stance,confidence\n"
    labels.write_text(
        header + f"raid.txt,{digest},0,0,0,16,outlet,asserts,\n" + f"raid.txt,{digest},0,1,17,32,kremlin,reports,3\n"
    )
    (gold,) = read_gold(labels, SCHEME, [tmp_path])
    assert [r.text for r in gold.rows] == ["The mill burned.", "Peskov said no."]
    with pytest.raises(RowError, match="--texts"):
        read_gold(labels, SCHEME)
    (tmp_path / "raid.txt").write_text(text + " ")
    with pytest.raises(RowError, match="not the text"):
        read_gold(labels, SCHEME, [tmp_path])


@pytest.fixture
def polnear(tmp_path: Path) -> Path:
    """One article of PolNeAR's form: the second of three sentences is attributed."""
    text = "The mill burned. The miller said that the mill on the hill is gone for good. Rain fell."
    folder = tmp_path / "dev"
    for name in ("text", "attributions"):
        (folder / name).mkdir(parents=True)
    (folder / "text" / "gazette_1.txt").write_text(text)
    spans = {
        "T1": ("Source", "The miller"),
        "T2": ("Cue", "said that"),
        "T3": ("Content", "the mill on the hill is gone for good"),
    }
    lines = [
        f"{t}\t{kind} {text.index(words)} {text.index(words) + len(words)}\t{words}"
        for t, (kind, words) in spans.items()
    ]
    event = "E1\tAttribution:T2 Source:T1 Cue:T2 Content:T3"
    (folder / "attributions" / "gazette_1_ab.ann").write_text("\n".join([*lines, event]) + "\n")
    return folder


def test_polnear_measures_stance_side_and_evidence(polnear: Path) -> None:
    (gold,) = read_gold(polnear, SCHEME)
    assert [(r.speaker, r.stance) for r in gold.rows] == [
        ("outlet", "asserts"),
        (ANY_SOURCE, "reports"),
        ("outlet", "asserts"),
    ]
    (judged,) = judge(Scripted({gold.rows[1].text: "Or"}), [gold])
    # The model finds the cue "said" (one of its two words, so touching but not exact), the source exactly, no content,
    # and takes "Rain" for a source: tokens of sources right 2 of 3, spans 1 of 2; nothing of the content is found.
    found = [("source", "The miller"), ("cue", "said"), ("source", "Rain")]
    places = [(kind, gold.article.text.index(words), words) for kind, words in found]
    evidence = tuple(Evidence(kind, at, at + len(words), words, 0.9) for kind, at, words in places)
    first, second, third = (replace(r, evidence=()) for r in judged.predicted)
    second, third = replace(second, evidence=evidence[:2]), replace(third, evidence=evidence[2:])
    result = score([replace(judged, predicted=(first, second, third))], SCHEME, 0)
    assert [h.head for h in result.heads] == ["stance", "attributed"]
    assert result.both_right is None
    assert result.head("stance").macro_f1.value == 1.0
    spans = {(s.kind, s.match): (s.precision.value, s.recall.value) for s in result.spans}
    assert spans["source", "token"] == (pytest.approx(2 / 3), 1.0)
    assert spans["source", "overlap"] == (0.5, 1.0)
    assert spans["source", "exact"] == (0.5, 1.0)
    assert spans["cue", "token"] == (1.0, 0.5)
    assert spans["cue", "overlap"] == (1.0, 1.0)
    assert spans["cue", "exact"] == (0.0, 0.0)
    assert spans["content", "token"] == (0.0, 0.0)


def test_gold_spans_are_cut_where_sentences_end() -> None:
    (gold,) = gold_articles(FAIR, "mine")
    text = gold.article.text
    gold = replace(gold, spans=(("content", 0, len(text)),))
    (judged,) = judge(Scripted(script(FAIR)), [gold])
    said = tuple(replace(r, evidence=(Evidence("content", r.start, r.end, r.text, 0.9),)) for r in judged.predicted)
    result = score([replace(judged, predicted=said)], SCHEME, 0)
    assert {(s.match, s.f1.value) for s in result.spans if s.kind == "content"} == {
        ("token", 1.0),
        ("overlap", 1.0),
        ("exact", 1.0),
    }


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([replace(RAID[0], speaker="kreml")], SchemeError, "kremlin"),
        ([RAID[0], RAID[0]], RowError, "stands there twice"),
    ],
)
def test_bad_gold_is_refused(tmp_path: Path, rows: list[LabelledSentence], error: type[Exception], says: str) -> None:
    write_rows(tmp_path / "rows.jsonl", rows)
    with pytest.raises(error, match=says):
        read_gold(tmp_path / "rows.jsonl", SCHEME)


# Sampled sentences, and rows that nobody has labelled yet.


class Reader(Scripted):
    """Scripted, and remembers what it was given to read."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__(said)
        self.parts: list[tuple[str, ...]] = []

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        self.parts.append(tuple(s.text for s in sentences))
        assert article.text.split() == " ".join(self.parts[-1]).split()
        assert all(article.text[s.start : s.end] == s.text for s in sentences)
        return super().label_sentences(article, sentences)


def sampled() -> list[LabelledSentence]:
    """Two sentences of one article as `sayso sample` writes them: without what stood between them, but for context."""
    context = [{"before": RAID[0].text, "after": ""}, {"before": "“No.”\n\nRain fell.", "after": "He left."}]
    return [replace(r, extra=c) for r, c in zip((RAID[1], RAID[3]), context, strict=True)]


def test_sampled_sentences_are_read_in_their_context_and_scored_without_it() -> None:
    gold = gold_articles(sampled(), "mine")
    reader = Reader(script(RAID))
    (judged,) = judge(reader, gold)
    # Each by itself: what stands before the second one did not follow the first one.
    assert reader.parts == [(RAID[0].text, RAID[1].text), ("“No.”", "Rain fell.", RAID[3].text, "He left.")]
    (learned,) = from_rows(sampled(), "mine")
    assert (gold[0].article.text, [s.text for s in gold[0].sentences]) == (
        learned.text,
        [s.text for s in learned.sentences],
    )
    assert [(r.sentence, r.text) for r in judged.gold.rows] == [(1, RAID[1].text), (3, RAID[3].text)]
    assert [r.text for r in judged.predicted] == [RAID[1].text, RAID[3].text]
    result = score([judged], SCHEME, 0)
    assert (result.n_sentences, result.both_right and result.both_right.value) == (2, 1.0)
    wrong = mistakes(judge(Reader(script(RAID, s3="Kr")), gold), SCHEME)
    assert [(m.gold.sentence, m.before) for m in wrong.wrong] == [(3, "“No.”\n\nRain fell.")]


def test_every_change_is_made_to_the_context_too() -> None:
    (gold,) = gold_articles(sampled(), "mine")
    for name, change in CHANGES.items():
        new = change(gold, SCHEME, np.random.default_rng(0))
        assert [(r.sentence, r.speaker) for r in new.rows] == [(1, "kremlin"), (3, "ukrainian_officials")]
        assert len(new.sentences) == 6
        assert all(new.article.text[s.start : s.end] == s.text for s in new.sentences), name
    assert "RAIN FELL." in CHANGES["all capitals"](gold, SCHEME, np.random.default_rng(0)).article.text


def test_rows_without_both_labels_are_read_and_not_scored(tmp_path: Path) -> None:
    open_ = [replace(RAID[0], speaker="", stance=""), RAID[1], replace(RAID[2], stance=""), RAID[3]]
    write_rows(tmp_path / "rows.csv", [*open_, *(replace(r, speaker="", stance="") for r in FAIR)])
    notes: list[str] = []
    gold = read_gold(tmp_path / "rows.csv", SCHEME, note=notes.append)
    assert notes == [
        f"{tmp_path}/rows.csv: not scored because they lack a label: 4 of 6 sentences (1 of them one of the two)"
    ]
    # Nothing of the second article is labelled: it is no article of the samples behind the intervals.
    assert [[r.sentence for r in article.rows] for article in gold] == [[1, 3]]
    reader = Reader(script(RAID))
    judged = judge(reader, gold)
    assert reader.parts == [tuple(r.text for r in RAID)]
    assert score(judged, SCHEME, 0).n_sentences == 2


def test_gold_in_which_nothing_is_labelled_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [replace(r, speaker="") for r in RAID])
    with pytest.raises(RowError, match="no labelled sentence"):
        read_gold(tmp_path / "rows.jsonl", SCHEME)


def test_a_models_rows_are_no_gold_without_a_warning(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [replace(RAID[0], speaker_p=0.9, stance_p=0.8), *RAID[1:]])
    notes: list[str] = []
    read_gold(tmp_path / "rows.jsonl", SCHEME, note=notes.append)
    (said,) = notes
    assert "1 of 4 labelled sentences hold a model's probabilities" in said


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "gold.CSV").write_text('"' + "x" * 200_000)
    with pytest.raises(RowError, match=r"gold\.CSV"):
        read_gold(tmp_path / "gold.CSV", SCHEME)


def test_a_sentence_that_two_collections_hold_is_refused(tmp_path: Path) -> None:
    # Counted twice, an article would pass for two.
    write_rows(tmp_path / "all.jsonl", [*RAID, *FAIR])
    write_rows(tmp_path / "some.csv", RAID[1:3])
    with pytest.raises(RowError, match=r"two collections: 2\n(.|\n)*sentence 1 of article 'one' in .*all.jsonl and in"):
        read_collections([tmp_path / "all.jsonl", tmp_path / "some.csv"], SCHEME, None)
    write_rows(tmp_path / "other.csv", [replace(r, article="three") for r in RAID])
    ((title, gold),) = read_collections([tmp_path / "all.jsonl", tmp_path / "other.csv"], SCHEME, None)
    assert len(gold) == 3
    assert title.endswith("other.csv")


def test_what_only_convert_reads_is_told(tmp_path: Path) -> None:
    (tmp_path / "tasks_done.xlsx").write_bytes(b"PK")
    with pytest.raises(RowError, match=r"sayso convert .*tasks_done\.xlsx gold\.jsonl"):
        read_gold(tmp_path / "tasks_done.xlsx", SCHEME)


def drawn(p: Sequence[object]) -> list[LabelledSentence]:
    """RAID and FAIR with these inclusion probabilities."""
    return [replace(r, extra={"inclusion_p": x}) for r, x in zip([*RAID, *FAIR], p, strict=True)]


def test_weighted_shares_by_hand() -> None:
    # Weights 10, 2, 2, 2, 2, 2; the second sentence has the wrong speaker, the fifth the wrong stance and speaker:
    # speaker (20 - 4) / 20, stance (20 - 2) / 20, both (20 - 4) / 20. As drawn 4 of 6 are right.
    rows = drawn([0.1, 0.5, "0.5", 0.5, 0.5, 0.5])
    result = evaluate(Scripted(script(RAID, s1="Ur") | script(FAIR, s0="Gr")), gold_articles(rows, "mine"), 20)
    assert result.both_right is not None
    assert result.both_right.value == pytest.approx(4 / 6)
    assert result.inclusion is not None
    weighted = {name: share.value for name, share in result.inclusion.weighted.items()}
    assert weighted == pytest.approx({"speaker": 0.8, "stance": 0.9, "attributed": 0.9, "both": 0.8})
    # One article alone has 14 of 16 right, the other 2 of 4.
    both = result.inclusion.weighted["both"]
    assert (both.low, both.high) == (0.5, 0.875)


def test_gold_says_how_it_was_drawn() -> None:
    labeller = Scripted(script(RAID) | script(FAIR))
    assert evaluate(labeller, gold_articles(drawn([0.2] * 6), "mine"), 0).inclusion is None
    partly = evaluate(labeller, gold_articles(drawn([0.2, "", None, 0.2, 0.2, 0.2]), "mine"), 0).inclusion
    assert partly is not None
    assert partly.weighted == {}
    assert "2 of 6 sentences have no inclusion_p" in partly.note


@pytest.mark.parametrize("p", [0, 1.5, "often"])
def test_a_bad_inclusion_probability_is_told(tmp_path: Path, p: object) -> None:
    write_rows(tmp_path / "rows.jsonl", drawn([0.5, p, 0.5, 0.5, 0.5, 0.5]))
    with pytest.raises(RowError, match=r"sentence 1 of article 'one': bad 'inclusion_p'"):
        read_gold(tmp_path / "rows.jsonl", SCHEME)


# Changed texts.


def changed(name: str, rows: Sequence[LabelledSentence]) -> GoldArticle:
    return CHANGES[name](gold_articles(rows, "mine")[0], SCHEME, np.random.default_rng(0))


def test_quotation_marks_are_swapped_and_dropped() -> None:
    rows = article("""
        Ur "It’s ‘no’ mill," Podolyak said.
        Na It wasn't one.
    """)
    swapped, dropped = changed("quotation marks swapped", rows), changed("quotation marks dropped", rows)
    assert [r.text for r in swapped.rows] == ["‘It’s “no” mill,’ Podolyak said.", "It wasn't one."]
    assert [r.text for r in dropped.rows] == ["It’s no mill, Podolyak said.", "It wasn't one."]


def test_listed_people_get_other_names_and_keep_their_party() -> None:
    rows = article("""
        Kr Dmitry Peskov said that nobody was hurt.
        Kr Peskov’s word is all there is, the Kremlin said.
        Gr Governor Vyacheslav Gladkov said so too.
        Or Vyacheslav, a miller, said no.
    """)
    first, second, third, fourth = (r.text for r in changed("names invented", rows).rows)
    name = first.split()[0]
    assert name not in people(SCHEME)
    assert first == f"{name} (Kremlin) said that nobody was hurt."
    assert second == f"{name}’s word is all there is, the Kremlin said."
    # His office stands beside him already.
    assert third.startswith("Governor ")
    assert third.endswith(" said so too.")
    assert "Gladkov" not in third
    assert "(" not in third
    assert fourth == rows[3].text


def test_paragraphs_are_merged_behind_the_headline() -> None:
    assert [r.paragraph for r in RAID] == [0, 0, 1, 1]
    longer = [*RAID, row("Na", 4, "Rain fell.")]
    assert [r.paragraph for r in changed("paragraphs merged", longer).rows] == [0, 0, 1, 1, 1]


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_every_change_keeps_sentences_labels_and_offsets(texts: list[str]) -> None:
    rows = [row("Kr", i, text) for i, text in enumerate(texts)]
    for name in CHANGES:
        new = changed(name, rows)
        assert [(r.sentence, r.speaker, r.stance) for r in new.rows] == [
            (r.sentence, r.speaker, r.stance) for r in rows
        ]
        assert all(new.article.text[r.start : r.end] == r.text and r.text for r in new.rows)


def test_the_drop_is_what_the_change_costs() -> None:
    # The script knows the sentences by their letter, so in capitals it calls everything the outlet's: of the four
    # sentences only the first stays right, a drop of 3/4; merged paragraphs change no letter, and cost nothing.
    gold = gold_articles([*RAID, *FAIR], "mine")
    labeller = Scripted(script(RAID) | script(FAIR))
    drops = {r.change: {d.figure: d for d in r.drops} for r in robustness(labeller, judge(labeller, gold), 20)}
    assert drops["all capitals"]["both"].before == 1.0
    assert drops["all capitals"]["both"].after == pytest.approx(2 / 6)
    assert drops["all capitals"]["both"].drop.value == pytest.approx(4 / 6)
    assert drops["paragraphs merged"]["both"].drop.value == 0.0
    assert set(drops) == set(CHANGES)


# Mistakes.


def test_confident_learning_by_hand() -> None:
    # Labels 0, 0, 0, 1, 1 with these probabilities of label 0: the mean of those labelled 0 is (0.9 + 0.8 + 0.1) / 3 =
    # 0.6; the mean probability of 1 among those labelled 1 is (0.7 + 0.8) / 2 = 0.75. The third sentence has 0.9 of
    # label 1, which reaches 0.75: it counts as 1. The fourth has 0.7 of 1 and 0.3 of 0, reaches neither, keeps its own.
    p0 = np.array([0.9, 0.8, 0.1, 0.3, 0.2])
    counted = confident_labels(np.array([0, 0, 0, 1, 1]), np.stack([p0, 1 - p0], axis=1))
    assert counted.tolist() == [0, 0, 1, 1, 1]


def test_gold_without_speakers_hides_no_suspect_speaker() -> None:
    # The first sentence is given to the outlet, and by the probabilities surer the governor's than the second one is.
    known = gold_articles(
        article("""
            Nr The governor said that it would rain.
            Gr The governor said that it would be short.
        """),
        "mine",
    )
    first = known[0].rows[0].text
    unnamed = [replace(a, knows_speakers=False) for a in gold_articles(FAIR, "other")]
    labeller = Scripted(script(FAIR) | {first: "Gr"}, {first: 0.99})
    alone, beside = (suspects(judge(labeller, gold), SCHEME) for gold in (known, [*unnamed, *known]))
    assert [(s.head, s.likely) for s in alone[0, 0]] == [("speaker", "governor")]
    assert [(s.head, s.likely) for s in beside[1, 0]] == [("speaker", "governor")]


def test_kinds_of_attribution() -> None:
    rows = article("""
        Na The mill in Ostrovka burned down.
        Kr Peskov said that nobody was hurt.
        Kr He added that the bridge stood.
        Ur “We know of no mill,” Podolyak said.
        Ur “And of no bridge.”
        Ur Podolyak said that Peskov denied it.
    """)
    assert phenomena(gold_articles(rows, "mine")[0], SCHEME) == [
        ("narration",),
        ("indirect",),
        ("pronoun source",),
        ("direct quote",),
        ("source elsewhere", "direct quote"),
        ("several sources",),
    ]


def test_mistakes_are_most_confident_first_and_by_confusion() -> None:
    sure = {RAID[1].text: 0.6, RAID[2].text: 0.99, RAID[3].text: 0.7}
    labeller = Scripted(script(RAID, s1="Na", s2="Kr", s3="Kr"), sure)
    found = mistakes(judge(labeller, gold_articles(RAID, "mine")), SCHEME)
    assert [m.gold.sentence for m in found.wrong] == [2, 3, 1]
    assert [(name, len(members)) for name, members in found.by_confusion().items()] == [
        ("ukrainian_officials/reports → kremlin/reports", 2),
        ("kremlin/reports → outlet/asserts", 1),
    ]
    assert found.n_wrong("direct quote") == 2
    assert "nobody was hurt" in found.wrong[0].before


def test_the_page_escapes_everything_and_needs_nothing() -> None:
    pytest.importorskip("jinja2")
    rows = article("""
        Na The mill <script>alert(1)</script> burned & fell.
        Kr Peskov said no.
    """)
    rows = [replace(r, article="<b>x</b>", outlet='"><img src=x>') for r in rows]
    judged = judge(Scripted({rows[0].text: "Kr", rows[1].text: "Na"}), gold_articles(rows, "mine"))
    html = page(mistakes(judged, SCHEME), SCHEME)
    assert "2 of 2 sentences wrong" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; burned &amp; fell." in html
    for active in ("<script", "<img", "<b>x", "http:", "https:", "@import", "<link"):
        assert active not in html
    assert "&lt;img src=x&gt;" in html


# The command.


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(evaluate_command)
    return app


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    write_rows(path, [*(replace(r, outlet="Post") for r in RAID), *(replace(r, outlet="Mail") for r in FAIR)])
    return path


def test_the_command_prints_tables(app: typer.Typer, tiny_model: Path, rows_file: Path, polnear: Path) -> None:
    result = CliRunner().invoke(app, [str(rows_file), str(polnear), "--model", str(tiny_model), "--resamples", "20"])
    assert result.exit_code == 0, result.output
    for words in ("6 sentences of 2 articles", "Speaker by label", "By outlet", "Evidence", "too narrow"):
        assert words in result.stdout


def test_the_command_prints_json_and_traps_and_the_page(
    app: typer.Typer, tiny_model: Path, rows_file: Path, tmp_path: Path
) -> None:
    traps = tmp_path / "traps"
    traps.mkdir()
    side = '{text: "The mayor said no.", target: 0, speaker: governor, stance: reports}'
    (traps / "f.yaml").write_text(f"family: f\ntests: nothing\npairs:\n  - {{id: f-1, a: {side}, b: {side}}}\n")
    html = tmp_path / "wrong.html"
    command = [str(rows_file), "--model", str(tiny_model), "--traps", str(traps), "--robustness", "--errors", str(html)]
    result = CliRunner().invoke(app, [*command, "--json", "--resamples", "10"])
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    (gold,) = data["gold"]
    assert gold["n_sentences"] == 6
    assert {head["head"] for head in gold["heads"]} == {"speaker", "stance", "attributed"}
    assert [change["change"] for change in gold["robustness"]] == list(CHANGES)
    assert data["traps"][0]["n"] == 1
    wrong = 6 - round(gold["both_right"]["value"] * 6)
    assert f"{wrong} of 6 sentences wrong" in html.read_text(encoding="utf-8")


def test_the_command_says_what_is_not_scored_and_how_gold_was_drawn(
    app: typer.Typer, tiny_model: Path, tmp_path: Path
) -> None:
    rows = drawn([0.1, 0.5, 0.5, 0.5, 0.5, 0.5])
    write_rows(tmp_path / "gold.jsonl", [replace(rows[0], stance=""), *rows[1:4], replace(rows[4], extra={}), rows[5]])
    html = tmp_path / "wrong.html"
    command = [str(tmp_path / "gold.jsonl"), "--model", str(tiny_model), "--resamples", "5", "--errors", str(html)]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    assert "not scored because they lack a label: 1 of 6 sentences (1 of them one of the two)" in result.stderr
    assert "drawn with unequal probabilities" in result.stderr
    (gold,) = json.loads(result.stdout)["gold"]
    assert gold["n_sentences"] == 5
    assert "1 of 5 sentences have no inclusion_p" in gold["inclusion"]["note"]
    assert "drawn with unequal probabilities" in html.read_text(encoding="utf-8")
    write_rows(tmp_path / "gold.jsonl", rows)
    assert "Weighted by 1 / inclusion_p" in CliRunner().invoke(app, command[:3]).stdout


def test_nothing_to_evaluate_on_is_a_usage_error(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, []).exit_code == 2


def test_the_page_must_be_html(app: typer.Typer, tiny_model: Path, rows_file: Path, tmp_path: Path) -> None:
    command = [str(rows_file), "--model", str(tiny_model), "--errors", str(tmp_path / "wrong.txt")]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, SaysoError)
    assert not (tmp_path / "wrong.txt").exists()


def test_robustness_needs_gold(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--traps", str(tmp_path), "--robustness"])
    assert result.exit_code == 2
    assert "--robustness" in result.output


def test_a_page_that_cannot_be_made_is_told_before_models_are_loaded(
    app: typer.Typer, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(rows_file), "--model", str(tmp_path / "no model"), "--errors"]
    below_a_file = CliRunner().invoke(app, [*command, str(rows_file / "wrong.html")])
    assert "cannot write" in str(below_a_file.exception)
    (tmp_path / "folder.html").mkdir()
    assert "a folder of that name" in str(CliRunner().invoke(app, [*command, str(tmp_path / "folder.html")]).exception)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    without = CliRunner().invoke(app, [*command, str(tmp_path / "wrong.html")])
    assert "sayso[evaluate]" in str(without.exception)


def test_evaluating_needs_no_torch(tiny_model: Path, rows_file: Path) -> None:
    code = (
        "import sys\n"
        "from sayso.cli.evaluate import EvaluateOptions, run_evaluate\n"
        "from pathlib import Path\n"
        f"gold, model = Path({str(rows_file)!r}), Path({str(tiny_model)!r})\n"
        "run_evaluate(EvaluateOptions(gold=[gold], model=model, resamples=5))\n"
        "heavy = {'torch', 'transformers', 'datasets', 'sklearn', 'evaluate'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_metric_loads_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("evaluate")
    from sayso.train.metrics import load_metric

    def refuse(*args: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    gold = [{"speaker": r.speaker, "stance": r.stance} for r in RAID]
    said = [*gold[:3], {"speaker": "kremlin", "stance": "reports"}]
    figures = load_metric().compute(predictions=said, references=gold)
    # kremlin: 1 right, 2 predicted, 1 gold: 2/3; ukrainian_officials: 1 right, 1 predicted, 2 gold: 2/3; outlet: 1.
    assert figures == {"speaker_macro_f1": pytest.approx(7 / 9), "stance_macro_f1": 1.0, "both_right": 0.75}
