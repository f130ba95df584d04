"""The report's files: complete, self-contained, safe against hostile text, the same for pipelines."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from typer.testing import CliRunner

pl = pytest.importorskip("polars", reason="the framing report needs the frame extra")
pytest.importorskip("matplotlib", reason="the framing report needs the frame extra")

import typer  # noqa: E402

from sayso.cli.frame import frame, frame_check  # noqa: E402
from sayso.framing import read_table  # noqa: E402
from sayso.framing.figures import draw_voices  # noqa: E402
from sayso.framing.findings import Findings, Plan, find  # noqa: E402
from sayso.framing.invented import SCHEME, invented  # noqa: E402
from sayso.framing.methods import Provenance, methods  # noqa: E402
from sayso.framing.page import html_pages, prefix_of, text_on  # noqa: E402
from sayso.framing.reading import PER_PAGE, pages, script_safe  # noqa: E402
from sayso.framing.report import write_report  # noqa: E402
from sayso.framing.summary import summary  # noqa: E402
from sayso.framing.text import to_csv, to_json, to_markdown  # noqa: E402
from sayso.model.errors import RowError, SaysoError  # noqa: E402
from sayso.model.learned import digests, write_learned  # noqa: E402
from sayso.model.rowfiles import read_rows  # noqa: E402
from sayso.model.scheme import Scheme  # noqa: E402

PLAN = Plan(resamples=100)
NOTHING, NONE = Provenance(), frozenset[str]()

HOSTILE = [
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=\"document.title='owned'\">",
    "</style></title></textarea><!-- ]]>",
    "“Quotes” 'and' \"more\" & \\u003c {{ 7*7 }} {% raw %} $x^2$ \u2028 🚢🧜‍♀️ שלום",
]


def hostile_rows() -> pl.DataFrame:
    """The invented corpus with an article, an outlet and a title that try to leave their place."""
    corpus = invented(n_articles=24, n_outlets=2)
    evil = corpus.rows.head(len(HOSTILE)).with_columns(
        pl.lit("evil</script>").alias("article"),
        pl.int_range(pl.len()).alias("sentence"),
        pl.lit("<b>Bold & $ons$</b>").alias("outlet"),
        pl.lit("<i>title</i>").alias("title"),
        pl.Series("text", HOSTILE),
        pl.lit(None, pl.String).alias("cluster"),
    )
    return pl.concat([corpus.rows, evil])


class Elements(HTMLParser):
    """What a browser would make of the page: tags, links, and the text of every script element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.scripts: list[str] = []
        self.policy = ""
        self.styles: list[str] = []
        self.open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open = tag
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")
        named = dict(attrs)
        assert not any(name.startswith("on") or name == "style" for name in named)
        self.targets += [named[name] or "" for name in ("href", "src", "data", "action") if name in named]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        # The parser may give the text of one element in several pieces.
        if self.open == "script":
            self.scripts[-1] += data
        if self.open == "style":
            self.styles[-1] += data


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = invented(n_articles=60)
    plan = Plan(by=("outlet", "month"), lean=("union", "company"), resamples=200)
    folder = tmp_path_factory.mktemp("report")
    write_report(find(corpus.rows, corpus.gold, SCHEME, plan), Provenance(command="sayso frame"), folder)
    return folder


def test_every_figure_has_its_data_and_its_drawing(report: Path) -> None:
    page = Elements((report / "index.html").read_text(encoding="utf-8"))
    links = [target for target in page.targets if not target.startswith("#")]
    assert {link.split("/")[0] for link in links} == {"data", "figures"}
    assert [link for link in links if not (report / link).is_file()] == []
    # A figure's data says what the figure shows.
    shares = pl.read_parquet(report / "data" / "speaker.parquet")
    assert shares["group"].n_unique() == 5
    assert pl.read_csv(report / "data" / "speaker.csv").shape == shares.shape
    assert (report / "figures" / "speaker.png").read_bytes().startswith(b"\x89PNG")
    assert {"figures/follows.svg", "figures/follows.png", "data/follows.parquet"} <= set(links)
    assert "Nordhaven Echo" in (report / "figures" / "speaker.svg").read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_and_runs_only_its_own(report: Path) -> None:
    html = (report / "index.html").read_text(encoding="utf-8")
    page = Elements(html)
    assert not re.search(r"https?://", html)
    assert not {"iframe", "object", "embed", "link", "img", "base"} & set(page.tags)
    own, style = page.scripts[-1], page.styles[0]
    assert '"use strict"' in own
    for text in (own, style):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    findings = find(hostile_rows(), None, SCHEME, Plan(resamples=100))
    write_report(findings, Provenance(command="sayso frame '<script>'"), tmp_path)
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    page = Elements(html)
    # Three script elements, all ours: two of data and one of code. No tag came from the rows.
    assert page.tags.count("script") == 3
    assert not {"img", "b", "i", "textarea"} & set(page.tags)
    articles = json.loads(page.scripts[0])
    evil = next(article for article in articles if article["id"].startswith("evil"))
    assert [sentence[0] for paragraph in evil["paragraphs"] for sentence in paragraph] == HOSTILE
    assert evil["title"] == "<i>title</i>"
    assert "{{ 7*7 }}" in html
    assert "<script>" not in to_markdown(findings, Provenance())
    assert "\\<b\\>Bold" in to_markdown(findings, Provenance())


def test_how_many_articles_a_figure_rests_on_is_no_tooltip_only(report: Path) -> None:
    html = (report / "index.html").read_text(encoding="utf-8")
    assert re.search(r'\]<span class="vh">, \d+ articles</span>', html)


def test_script_safe_json_reads_back() -> None:
    data = [*HOSTILE, "]]>", "<!--<script>", "\u2029"]
    text = script_safe(data)
    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)


def test_more_articles_than_a_page_holds_go_on_the_next(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "article": [f"a{i:05d}" for i in range(2 * PER_PAGE + 5)],
            "sentence": 0,
            "text": "Rain.",
            "speaker": "outlet",
            "stance": "asserts",
        }
    )
    findings = find(rows, None, SCHEME, Plan(resamples=100))
    parts = [json.loads(text) for text in pages(findings.rows, SCHEME)]
    assert [len(part) for part in parts] == [PER_PAGE, PER_PAGE, 5]
    written = write_report(findings, Provenance(), tmp_path)
    names = ["index.html", "articles-002.html", "articles-003.html"]
    assert [path.name for path in written] == names
    for path, n_here in zip(written, (PER_PAGE, PER_PAGE, 5), strict=True):
        html = path.read_text(encoding="utf-8")
        found = Elements(html)
        # Every page says how many articles it holds, and where the others are.
        assert f"This page holds {n_here} of {2 * PER_PAGE + 5} articles" in html
        assert path.name == "index.html" or path.name not in found.targets
        assert {*names} - {path.name} <= {*found.targets}
        assert len(json.loads(found.scripts[0])) == n_here


def test_more_groups_than_figures_show(tmp_path: Path) -> None:
    rows = pl.concat(
        invented(n_articles=3, n_outlets=1).rows.with_columns(
            pl.lit(f"Paper {i:02d}").alias("outlet"), pl.format("{}-{}", pl.lit(i), "article").alias("article")
        )
        for i in range(43)
    )
    findings = find(rows, None, SCHEME, Plan(resamples=100))
    (html,) = (html for _, html in html_pages(findings, Provenance(), frozenset()))
    bars = html[html.index('<div class="bars"') : html.index("</figure>")]
    assert "3 smaller groups are in the data only" in bars
    # Markdown has no room for all groups either: it says so once, and what all say together stands first.
    text = to_markdown(findings, Provenance())
    assert "the first 60 of 220 rows; `--format csv` has all" in text
    assert "beside this page" not in text
    assert text.index("| (all) |") < text.index("| Paper 00 |")


def test_three_stances_have_a_key_each() -> None:
    data = SCHEME.to_dict()
    data["stances"].append({"id": "asks", "name": "asks <b>"})
    rows = invented(n_articles=6, n_outlets=1).rows
    (html,) = (html for _, html in html_pages(find(rows, None, Scheme.from_dict(data, "test"), PLAN), NOTHING, NONE))
    key = html[html.index('<span class="s demo') :].splitlines()[0]
    assert "solid line: the outlet vouches for it" in key
    assert 'dotted">dotted line: reports<' in key
    assert 'dashed">dashed line: asks &lt;b&gt;<' in key
    assert "passed on as somebody" not in html


def test_names_of_groups_that_no_figure_can_hold(tmp_path: Path) -> None:
    name = "\x07Echo\x0b\n" + "of the long coast " * 20
    rows = invented(n_articles=6, n_outlets=1).rows.with_columns(pl.lit(name).alias("outlet"))
    drawn = draw_voices(find(rows, None, SCHEME, PLAN).main, SCHEME)
    text = "".join(ElementTree.fromstring(drawn["svg"].decode()).itertext())
    assert "Echo of the long coast" in text
    assert "…" in text


def test_the_methods_say_which_groups_were_compared() -> None:
    corpus = invented(n_articles=60, n_outlets=1)
    plan = Plan(by=("outlet", "month"), resamples=100)
    text = " ".join(methods(find(corpus.rows, None, SCHEME, plan), Provenance()))
    assert "Comparison. By month, all pairs of groups of at least 5 articles were compared" in text
    assert "Comparison." not in " ".join(methods(find(corpus.rows, None, SCHEME, PLAN), Provenance()))


def test_rows_without_outlet_are_of_no_outlet() -> None:
    rows = invented(n_articles=12, n_outlets=2).rows
    findings = find(rows.drop("outlet"), None, SCHEME, PLAN)
    assert "none of which names its outlet" in words_of(findings)
    assert "words); 12 articles name no outlet." in methods(findings, Provenance())[0]
    some = pl.when(pl.col("article") != rows["article"][0]).then("outlet").alias("outlet")
    text = methods(find(rows.with_columns(some), None, SCHEME, PLAN), Provenance())[0]
    assert "from 2 outlets; 1 article names no outlet." in text


def test_labels_of_people_are_not_called_a_models() -> None:
    corpus = invented(n_articles=20, n_outlets=2)
    by_hand = corpus.rows.drop("speaker_p", "stance_p")
    findings = find(by_hand, None, SCHEME, PLAN)
    assert "If people labelled them" in words_of(findings)
    assert "Each sentence was labelled with a speaker" in " ".join(methods(findings, Provenance()))
    assert "labelled by model with a speaker" in " ".join(methods(find(corpus.rows, None, SCHEME, PLAN), NOTHING))


def test_a_report_in_the_folder_of_another_leaves_nothing_of_it(tmp_path: Path) -> None:
    corpus = invented(n_articles=30, n_outlets=2)
    plain = find(corpus.rows, None, SCHEME, Plan(resamples=100))
    write_report(plain, Provenance(), tmp_path / "fresh")
    full = Plan(by=("outlet", "month"), lean=("union", "company"), resamples=100)
    write_report(find(corpus.rows, corpus.gold, SCHEME, full), Provenance(), tmp_path / "again")
    own = [tmp_path / "again" / name for name in ("notes.html", "data/notes.csv", "figures/figure1.png")]
    for path in (*own, tmp_path / "again" / "articles-002.html"):
        path.write_text("mine")
    assert (tmp_path / "again" / "data" / "by-month-lean.csv").is_file()
    write_report(plain, Provenance(), tmp_path / "again")
    assert all(path.is_file() for path in own)
    names = [{p.relative_to(folder) for p in folder.rglob("*")} for folder in (tmp_path / "again", tmp_path / "fresh")]
    assert names[0] - {path.relative_to(tmp_path / "again") for path in own} == names[1]


def test_columns_of_like_names_have_files_of_their_own() -> None:
    columns = ("outlet", "a b", "a-b", "A b", "a-b-2")
    rows = invented(n_articles=10, n_outlets=2).rows.with_columns(pl.lit("x").alias(name) for name in columns[1:])
    findings = find(rows, None, SCHEME, Plan(by=columns, resamples=100))
    prefixes = [prefix_of(findings, view) for view in findings.views]
    assert prefixes == ["", "by-a-b-", "by-a-b-2-", "by-A-b-3-", "by-a-b-2-2-"]


def test_an_article_of_two_outlets_stands_under_the_first() -> None:
    rows = pl.DataFrame(
        {
            "article": ["a"] * 50 + ["b"],
            "sentence": [*range(50), 0],
            "outlet": ["Post"] + ["Gazette"] * 49 + ["Herald"],
            "text": "Rain.",
            "speaker": "outlet",
            "stance": "asserts",
        }
    )
    (text,) = pages(find(rows, None, SCHEME, Plan(resamples=100)).rows, SCHEME)
    assert [(article["id"], article["outlet"]) for article in json.loads(text)] == [("b", "Herald"), ("a", "Post")]


def test_pipelines_get_the_same_figures() -> None:
    corpus = invented(n_articles=40, n_outlets=2)
    findings = find(corpus.rows, corpus.gold, SCHEME, Plan(resamples=100))
    data = json.loads(to_json(findings, Provenance()))
    table = pl.read_csv(to_csv(findings).encode(), infer_schema_length=None)
    from_json = {
        (r["group"], r["item"]): r["estimate"] for r in data["views"][0]["estimates"] if r["measure"] == "speaker"
    }
    shares = table.filter((pl.col("measure") == "speaker") & pl.col("versus").is_null())
    assert dict(
        zip(zip(shares["group"], shares["item"], strict=True), shares["estimate"], strict=True)
    ) == pytest.approx(from_json)
    assert table.filter(pl.col("versus").is_not_null())["measure"].unique().sort().to_list() == [
        "asserted",
        "speaker",
        "stance",
    ]
    assert data["summary"] == summary(findings)


def test_the_summary_says_what_is_open_without_gold() -> None:
    corpus = invented(n_articles=40, n_outlets=2)
    without = " ".join(summary(find(corpus.rows, None, SCHEME, Plan(resamples=100))))
    assert "no hand-labelled sample" in without
    assert "not corrected for the model's errors" in without
    with_gold = " ".join(summary(find(corpus.rows, corpus.gold, SCHEME, Plan(resamples=100))))
    assert "labelled by hand" in with_gold
    assert "no hand-labelled sample" not in with_gold


def test_the_summary_says_when_the_sample_is_too_small_to_compare() -> None:
    corpus = invented(n_articles=160, gold_share=0.1, seed=3)  # four articles by hand of each outlet's forty
    findings = find(corpus.rows, corpus.gold, SCHEME, Plan(resamples=100))
    assert findings.main.differences["discovery"].any()
    assert any(text.startswith("No two groups are compared: ") for text in summary(findings))


def words_of(findings: Findings) -> str:
    return " ".join(summary(findings))


def test_the_words_say_which_figures_are_corrected() -> None:
    corpus = invented(n_articles=40, n_outlets=2)
    parts = [text for text in summary(find(corpus.rows, None, SCHEME, Plan(resamples=100))) if "%" in text]
    assert all("corrected for the model's errors" in text.lower() for text in parts[:-1])
    # Too few articles by hand: nothing is corrected, and nothing says so.
    chosen = corpus.gold["article"].unique().sort().head(2)
    few = find(corpus.rows, corpus.gold.filter(pl.col("article").is_in(chosen.implode())), SCHEME, Plan(resamples=100))
    assert not few.main.corrected
    assert "called corrected" not in words_of(few)
    assert "too few to correct any figure" in words_of(few)
    assert "(Corrected" not in words_of(few)


def test_a_sample_of_sentences_leaves_some_figures_uncorrected_and_says_which() -> None:
    corpus = invented(n_articles=40, n_outlets=2)
    drawn = corpus.truth.filter(pl.int_range(pl.len()) % 4 == 0).drop("cluster")
    gold = drawn.with_columns(pl.lit(0.25).alias("inclusion_p"), pl.lit("sentence").alias("sample_unit"))
    texts = summary(find(corpus.rows, gold, SCHEME, Plan(resamples=100)))
    (voices,) = (text for text in texts if text.startswith("In their own voice"))
    (silent,) = (text for text in texts if text.startswith("Articles in which"))
    assert voices.endswith("(Corrected for the model's errors.)")
    assert silent.endswith("(Not corrected for the model's errors.)")


def test_a_sample_that_cannot_correct_the_groups_is_said() -> None:
    corpus = invented(n_articles=40, n_outlets=2)
    rows = corpus.rows.with_columns(
        pl.when(pl.col("sentence") < 3).then(pl.lit("top")).otherwise(pl.lit("end")).alias("part")
    )
    findings = find(rows, corpus.gold, SCHEME, Plan(by=("part",), wire="all", resamples=100))
    n_articles = corpus.gold["article"].n_unique()
    assert findings.gold.n_articles == n_articles
    assert f"of {n_articles} articles were labelled by hand. They cannot correct figures by part" in words_of(findings)
    assert "no hand-labelled sample" not in words_of(findings)
    (errors,) = (text for text in methods(findings, Provenance()) if text.startswith("Model errors."))
    assert "estimates were not corrected" in errors
    assert "Corrected estimates add" not in errors


def test_hand_labelled_articles_that_are_not_among_the_rows() -> None:
    corpus = invented(n_articles=40, n_outlets=2)
    articles = corpus.gold["article"].unique().sort().to_list()
    assert len(articles) == 10

    def lost(n: int) -> pl.DataFrame:
        other = pl.col("article").is_in(articles[:n])
        return corpus.gold.with_columns(
            pl.when(other).then(pl.format("x-{}", "article")).otherwise("article").alias("article")
        )

    with pytest.raises(RowError, match=f"6 of 10 hand-labelled articles(?s:.*)x-{articles[0]}"):
        find(corpus.rows, lost(6), SCHEME, Plan(resamples=100))
    findings = find(corpus.rows, lost(4), SCHEME, Plan(resamples=100))
    assert findings.gold.missing == tuple(f"x-{article}" for article in articles[:4])
    assert "4 more such articles are not among the rows (x-" in words_of(findings)


def test_small_and_undated_corpora_are_told_plainly() -> None:
    rows = invented(n_articles=3, n_outlets=3).rows.with_columns(pl.lit("3 June 2031").alias("date"))
    text = words_of(find(rows, None, SCHEME, Plan(resamples=100)))
    assert "No two groups are compared: a comparison needs 5 articles in each." in text
    assert "comparisons of a speaker's share" not in text
    assert "June" not in text


def test_copies_left_out_of_the_total_are_counted() -> None:
    rows = invented(n_articles=36, n_outlets=3).rows
    # Three stories, each in two outlets.
    text = words_of(find(rows, None, SCHEME, Plan(resamples=100)))
    assert "(0 copies left out) and once in all groups together (3 copies left out of the figures for all)" in text


def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    corpus = invented(n_articles=30, n_outlets=2)
    for name in ("one", "two"):
        write_report(find(corpus.rows, corpus.gold, SCHEME, Plan(resamples=100)), Provenance(), tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    different = [f for f in files if (tmp_path / "one" / f).read_bytes() != (tmp_path / "two" / f).read_bytes()]
    assert different == []


def test_text_on_a_colour_is_legible() -> None:
    assert text_on("#ffffff") == "#000"
    assert text_on("#1d1b18") == "#fff"
    assert text_on("#1f6fb2") == "#fff"


# The command line.

APP = typer.Typer()
APP.command("frame")(frame)
APP.command("frame-check")(frame_check)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = invented(n_articles=40, n_outlets=2)
    folder = tmp_path_factory.mktemp("rows")
    corpus.rows.write_ndjson(folder / "rows.jsonl")
    corpus.rows.write_csv(folder / "rows.csv")
    corpus.rows.write_parquet(folder / "rows.parquet")
    corpus.gold.write_csv(folder / "gold.csv")
    corpus.truth.write_csv(folder / "truth.csv")
    (folder / "harbour.yaml").write_text(yaml.safe_dump(SCHEME.to_dict()), encoding="utf-8")
    return folder


def run(*arguments: object) -> object:
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def test_command_writes_a_report(files: Path, tmp_path: Path) -> None:
    options = [
        "--gold",
        files / "gold.csv",
        "-s",
        files / "harbour.yaml",
        "--lean",
        "union:company",
        "--resamples",
        100,
    ]
    result = run("frame", files / "rows.jsonl", *options, "-o", tmp_path / "report")
    assert result.exit_code == 0, result.output
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    digest = hashlib.sha256((files / "rows.jsonl").read_bytes()).hexdigest()
    assert digest in html


def test_the_methods_name_the_model(files: Path, tmp_path: Path) -> None:
    config = {
        "encoder": {"name": "tiny-encoder", "config": {"hidden_size": 8}},
        "weights": "int8",
        "digests": {"model.onnx": "0f" * 32},
        "training": {"data": {"digest": "ab" * 32}, "recipe": {}},
        "scores": {
            "n_articles": 3,
            "n_sentences": 70,
            "speaker": {"accuracy": 0.9178, "macro_f1": 0.8979, "by_label": {"union": {"f1": 0.5}}},
            "stance": {"accuracy": 0.5, "macro_f1": 0.25},
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["-s", files / "harbour.yaml", "--resamples", 100, "--format", "json", "--model", tmp_path]
    result = run("frame", files / "rows.jsonl", *options)
    assert result.exit_code == 0, result.output
    labels = next(text for text in json.loads(result.stdout)["methods"] if text.startswith("Labels."))
    assert "encoder tiny-encoder, int8 weights" in labels
    assert "On 70 sentences of 3 validation articles" in labels
    assert "speaker accuracy 91.8 % and macro-F1 0.898, stance accuracy 50.0 % and macro-F1 0.250" in labels
    assert "ab" * 32 in labels
    assert "0f" * 32 in labels
    assert hashlib.sha256((tmp_path / "config.json").read_bytes()).hexdigest() in labels
    # The configuration itself is no text for a paper.
    assert "hidden_size" not in labels
    assert "by_label" not in labels


def test_a_sample_that_the_model_learned_from_is_told(files: Path, tmp_path: Path) -> None:
    config = {"encoder": {"name": "tiny-encoder"}, "weights": "int8", "digests": {}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["-s", files / "harbour.yaml", "--resamples", 100, "--format", "json", "--model", tmp_path]
    # The sentences of the invented corpus are short: here they are the words of longer ones.
    longer = pl.lit("one two three four five six ") + pl.col("text")
    pl.read_parquet(files / "rows.parquet").with_columns(text=longer).write_parquet(tmp_path / "rows.parquet")
    gold = pl.read_csv(files / "gold.csv").with_columns(text=longer)
    gold.write_csv(tmp_path / "gold.csv")

    def said() -> tuple[str, str]:
        result = run("frame", tmp_path / "rows.parquet", "--gold", tmp_path / "gold.csv", *options)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)["summary"][0], result.stderr

    write_learned(tmp_path, digests(gold["text"]))
    first, told = said()
    assert "WARNING: the model learned from" in first
    assert first in told
    write_learned(tmp_path, digests([]))
    first, told = said()
    assert "WARNING" not in first + told


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_formats_say_the_same(files: Path, suffix: str) -> None:
    options = ["-s", files / "harbour.yaml", "--resamples", 100, "--format", "csv"]
    result = run("frame", files / f"rows.{suffix}", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout == run("frame", files / "rows.jsonl", *options).stdout


def test_check_prints_what_the_correction_would_have_found(files: Path) -> None:
    options = ["-s", files / "harbour.yaml", "--draws", 5, "--share", 0.3]
    result = run("frame-check", files / "truth.csv", files / "rows.csv", *options)
    assert result.exit_code == 0, result.output
    table = pl.read_csv(result.stdout.encode())
    assert table["item"].unique().sort().to_list() == ["asserts", "reports"]
    assert table.filter(pl.col("group") == "(all)")["corrected_covers"].null_count() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl", "--format", "csv"], "cannot read rows from nowhere.jsonl"),
        (["{files}/rows.csv", "--format", "csv", "-s", "{files}/harbour.yaml", "--by", "desk"], "no column 'desk'"),
        (["{files}/rows.csv", "--format", "csv"], "no shipped scheme has these labels"),
        (["{files}/rows.csv", "-s", "{files}/harbour.yaml", "-o", "{files}/rows.csv"], "is a file"),
        (
            ["{files}/rows.csv", "-s", "{files}/harbour.yaml", "--format", "md", "--model", "{files}"],
            "cannot read .*config.json",
        ),
    ],
)
def test_mistakes_are_named(files: Path, arguments: list[str], message: str) -> None:
    result = run("frame", *(argument.replace("{files}", str(files)) for argument in arguments))
    assert isinstance(result.exception, SaysoError)
    assert re.search(message, str(result.exception))


@pytest.mark.parametrize(
    "arguments", [["rows.jsonl"], ["rows.jsonl", "--lean", "union", "-o", "out"], ["rows.jsonl", "--wire", "never"]]
)
def test_usage_mistakes_exit_2(arguments: list[str], files: Path) -> None:
    result = run("frame", files / arguments[0], "-s", files / "harbour.yaml", *arguments[1:])
    assert result.exit_code == 2


def test_a_broken_line_is_named(tmp_path: Path, files: Path) -> None:
    lines = (files / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    lines[7] = lines[7][:-5]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RowError, match=r"rows\.jsonl:8"):
        read_table([tmp_path / "rows.jsonl"])


ROWS = "article,sentence,text,speaker,stance\na,0,It rains.,outlet,asserts\na,1,“No”; she said.,other,reports\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows[2031].csv", ROWS),
        ("rows*.tsv", ROWS.replace(",", "\t")),
        ("excel.csv", "\ufeff" + ROWS.replace("; she", " she").replace(",", ";") + ";;;;\n"),
        ("marked.jsonl", "\ufeff"),
        ("rows[1].jsonl", ""),
    ],
)
def test_files_are_read_as_by_the_other_commands(tmp_path: Path, name: str, content: str) -> None:
    if name.endswith("jsonl"):
        rows = [{"article": "a", "sentence": i, "text": "T.", "speaker": "other", "stance": "reports"} for i in (0, 1)]
        content += "\n".join(map(json.dumps, rows))
    (tmp_path / name).write_text(content, encoding="utf-8")
    table = read_table([tmp_path / name])
    assert table.columns == ["article", "sentence", "text", "speaker", "stance"]
    assert table["sentence"].to_list() == [0, 1] == [row.sentence for row in read_rows(tmp_path / name)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ROWS.replace("article,", "Article,"), "no column article, but Article"),
        (ROWS.replace("stance\n", "stance,stance\n", 1), "two columns of one name"),
        (ROWS.replace("\na,1", "\n,1"), r"rows\.csv:3: no 'article', but .*rows\.csv:2 names one"),
        (ROWS.replace("other,", ","), r"rows\.csv:3: no usable 'speaker'"),
    ],
)
def test_files_that_other_commands_refuse_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text(content, encoding="utf-8")
    with pytest.raises(RowError, match=message):
        read_table([tmp_path / "rows.csv"])


def test_files_whose_columns_do_not_go_together(tmp_path: Path) -> None:
    for name, tags in (("one", ["a"]), ("two", "a")):
        row = {"article": name, "sentence": 0, "text": "T.", "speaker": "other", "stance": "reports", "tags": tags}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(RowError, match="do not go together"):
        read_table([tmp_path])


def test_a_column_that_starts_empty_keeps_its_values(tmp_path: Path, files: Path) -> None:
    rows = [json.loads(line) for line in (files / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["cluster"] = None
        row["probabilities"] = {"speaker": {"union": 1.0}}
    rows[-1]["cluster"] = "w1"
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    table = read_table([tmp_path])
    assert table["cluster"].to_list()[-1] == "w1"
    assert "probabilities" not in table.columns


def test_help_is_light() -> None:
    heavy = "('polars', 'matplotlib', 'scipy', 'torch')"
    code = f"import sys, sayso.cli.frame; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_framing_needs_no_torch() -> None:
    code = (
        "import sys; import sayso.framing.report, sayso.framing.replay; "
        "print([m for m in ('torch', 'transformers', 'onnxruntime') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
