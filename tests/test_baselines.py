"""The rule of cue verbs and names, and what learns little: each on sentences made for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from sayso.cli.benchmark import benchmark
from sayso.evaluation.baselines import Majority, TfIdf
from sayso.evaluation.cues import FACTIVE, FORMS, find_cues
from sayso.evaluation.gold import gold_articles, read_gold
from sayso.evaluation.measure import evaluate
from sayso.evaluation.rule import CueRule
from sayso.model.errors import RowError
from sayso.model.labeller import Labeller
from sayso.model.records import Article, LabelledSentence
from sayso.model.scheme import Scheme
from sayso.model.sentences import segment

SCHEME = Scheme.load("belgorod")
AUTHORED = """# outlet: The Tundra Post
# note: invented

Na\tThe mill in Ostrovka burned down.

Kr\tThe Kremlin said that nobody was hurt.
Ur\t"We know of no mill," said Podolyak.
Na\tThe road was closed.
"""


def labels(text: str) -> list[tuple[str, str]]:
    rows = CueRule(SCHEME).label_sentences(Article("a", text), segment(text).sentences)
    return [(row.speaker, row.stance) for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mill burned down on Monday.", ("outlet", "asserts")),
        ("Peskov said that the mill had burned.", ("kremlin", "reports")),
        ("Peskov confirmed that the mill had burned.", ("kremlin", "asserts")),
        ("Peskov confirmed: “We have lost the mill and the bridge.”", ("kremlin", "reports")),
        ("“We have lost the mill,” said Gladkov, the governor.", ("governor", "reports")),
        ("According to Podolyak, the mill is empty.", ("ukrainian_officials", "reports")),
        ("In Kyiv, a cook from Lviv told reporters the mill was empty.", ("other", "reports")),
        ("Vadim Stroev, a spokesman for the Russian Volunteer Corps, claimed the mill.", ("legion", "reports")),
        ("Residents say the mill is empty.", ("other", "reports")),
        ("The mill was reportedly empty.", ("other", "reports")),
        ("The governor declared a state of emergency.", ("governor", "asserts")),
        ("Peskov, who was in Tver, warned of more fires.", ("kremlin", "reports")),
        ("Moscow: the mill is ours", ("kremlin", "reports")),
        ("The claims of the miller were many.", ("outlet", "asserts")),
        ("The reports of the fire were read by the miller.", ("outlet", "asserts")),
    ],
)
def test_the_rule_reads_one_sentence(text: str, expected: tuple[str, str]) -> None:
    assert labels(text) == [expected]


def test_the_rule_remembers_who_spoke() -> None:
    # The pronoun and the role go back to Peskov; the quotation without a cue is his too; the last quotation opens a
    # paragraph, so whoever is named right after it is its speaker; Stroev was called a Legion man before.
    text = (
        "Peskov said that the mill was safe. He added that the bridge was safe too. “Nobody was hurt.”\n\n"
        "Vadim Stroev of the Freedom of Russia Legion claimed the bridge.\n\n"
        "“The mill is ours.” “So is the bridge,” Stroev said."
    )
    assert [speaker for speaker, _ in labels(text)] == ["kremlin"] * 3 + ["legion"] * 3


def test_the_list_of_cue_verbs_is_long_and_has_its_forms() -> None:
    assert len(set(FORMS.values())) >= 100
    assert {"said", "denies", "admitted", "told", "vowing"} <= set(FORMS)
    assert {"confirm", "admit", "reveal"} <= FACTIVE
    assert "say" not in FACTIVE


def test_cues_inside_quotation_marks_do_not_count() -> None:
    text = '"He said so," the miller insisted.'
    quoted = np.array([1] * 12 + [0] * (len(text) - 12), np.uint8)
    assert [cue.lemma for cue in find_cues(text, quoted)] == ["insist"]


def rows_of(pairs: list[tuple[str, str, str]]) -> list[LabelledSentence]:
    return [
        LabelledSentence(f"a{i // 4}", 0, i % 4, 0, len(text), text, speaker, stance)
        for i, (text, speaker, stance) in enumerate(pairs)
    ]


def test_majority_gives_the_most_frequent_label_of_each_head() -> None:
    gold = gold_articles(
        rows_of([("One.", "outlet", "asserts"), ("Two.", "kremlin", "reports"), ("Three.", "outlet", "reports")]), "g"
    )
    row = Majority(gold, SCHEME).label_sentences(gold[0].article, gold[0].sentences)[0]
    assert (row.speaker, row.stance) == ("outlet", "reports")


def test_tf_idf_learns_words_and_says_how_sure_it_is() -> None:
    pytest.importorskip("sklearn")
    said = [(f"The Kremlin said that mill {i} burned.", "kremlin", "reports") for i in range(12)]
    told = [(f"Mill {i} burned on the road.", "outlet", "asserts") for i in range(12)]
    gold = gold_articles(rows_of(said + told), "g")
    model = TfIdf(gold, SCHEME)
    text = "The Kremlin said that the road burned. A mill burned on the road."
    first, second = model.label_sentences(Article("x", text), segment(text).sentences)
    assert (first.speaker, first.stance, second.speaker, second.stance) == ("kremlin", "reports", "outlet", "asserts")
    assert first.probabilities is not None
    assert sum(first.probabilities["speaker"].values()) == pytest.approx(1)
    assert first.probabilities["speaker"]["legion"] == 0
    assert first.speaker_p == max(first.probabilities["speaker"].values())


def test_what_baselines_cannot_learn_from_is_told() -> None:
    pytest.importorskip("sklearn")
    gold = gold_articles(rows_of([("The mill burned.", "outlet", "asserts")] * 3), "g")
    with pytest.raises(RowError, match="TF-IDF cannot learn"):
        TfIdf(gold, SCHEME)
    unnamed = [replace(article, gold="polnear dev", knows_speakers=False) for article in gold]
    for learn in (Majority, TfIdf):
        with pytest.raises(RowError, match="cannot learn from polnear dev"):
            learn(unnamed, SCHEME)


def test_finetuning_learns_what_single_sentences_show(tiny_encoder: Path) -> None:
    from sayso.evaluation.finetuned import FinetuneSettings, finetune
    from sayso.train.encoders import load_encoder

    pairs = [("the kremlin said no", "kremlin", "reports"), ("houses burned", "outlet", "asserts")] * 100
    gold = gold_articles(rows_of(pairs), "g")
    steps: list[int] = []
    model = finetune(gold, SCHEME, FinetuneSettings(rate=1e-3), steps.append, load_encoder(str(tiny_encoder), 0.0))
    assert steps[-1] == 100
    evaluation = evaluate(model, gold[:2], 0)
    assert evaluation.both_right is not None
    assert evaluation.both_right.value == 1.0


def test_the_benchmark_asks_for_something_to_learn_from_before_it_loads_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(benchmark)
    result = CliRunner().invoke(app, ["gold.csv", "--model", str(tmp_path / "no model")])
    assert "no seeds/articles for the baselines" in str(result.exception)
    assert "--train" in str(result.exception)
    assert "clone" in str(result.exception)


def gold_and_train(folder: Path) -> list[str]:
    """Arguments of `sayso benchmark`: an article to score on, and another one to learn from."""
    texts = {"gold/001.txt": AUTHORED, "train/002.txt": AUTHORED.replace("mill", "barn")}
    for name, text in texts.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / "gold"), "--train", str(folder / "train")]


def test_baselines_never_learn_from_what_they_are_scored_on(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    gold, _, train = gold_and_train(tmp_path)
    app = typer.Typer()
    app.command()(benchmark)
    options = ["--scheme", "belgorod", "--resamples", "0"]
    result = CliRunner().invoke(app, [gold, "--train", gold, *options])
    assert "nothing in" in str(result.exception)
    # The same article under another name is left out too.
    (Path(train) / "003.txt").write_text(AUTHORED, encoding="utf-8")
    result = CliRunner().invoke(app, [gold, "--train", train, *options])
    assert result.exit_code == 0, result.output
    assert "do not learn from 1 of 2 articles" in result.stderr


def test_the_benchmark_closes_its_models(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    closed: list[Labeller] = []
    monkeypatch.setattr(Labeller, "close", lambda labeller: closed.extend([labeller]))
    command = [*gold_and_train(tmp_path), "--model", str(tiny_model), "--resamples", "0"]
    app = typer.Typer()
    app.command()(benchmark)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert len(closed) == 1


def test_the_benchmark_prints_one_table_from_nothing(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    command = [*gold_and_train(tmp_path), "--scheme", "belgorod", "--resamples", "10"]
    app = typer.Typer()
    app.command()(benchmark)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    for name in ("majority guess", "cue verbs and names", "TF-IDF"):
        assert name in result.stdout
    # The rule reads all four sentences rightly.
    gold = read_gold(Path(command[0]), SCHEME)
    evaluation = evaluate(CueRule(SCHEME), gold, 0)
    assert evaluation.both_right is not None
    assert evaluation.both_right.value == 1.0
    rule = next(line for line in result.stdout.splitlines() if line.strip().startswith("cue verbs"))
    assert rule.split()[-1] == "1.000"
