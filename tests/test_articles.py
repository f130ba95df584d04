"""Whatever lies in an input is read or named; nothing in it stops the batch."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.model.articles import Failure, ReadSettings, read_articles
from sayso.model.errors import ConfigError
from sayso.model.records import Article

PAGE = """<!DOCTYPE html><html><head><title>Mill reopens after nine years - Plover News</title>
<meta property="og:site_name" content="Plover News">
<meta property="article:published_time" content="2023-05-05T10:00:00Z">
</head><body><nav><a href="/">Home</a> <a href="/news">News</a></nav><article><h1>Mill reopens after nine years</h1>
<p>The mill by the river reopened on Monday after nine years, the owner said in a statement to the town.</p>
<p>“We are glad to be back,” said Anna Novak, who runs it. The town of Plover has waited long for this day.</p>
</article><footer>© Plover News</footer></body></html>"""


class Warnings(list[str]):
    def __call__(self, message: str) -> None:
        self.append(message)


def read(*inputs: Path | str, options: ReadSettings | None = None) -> tuple[list[Article], list[Failure], list[str]]:
    warnings = Warnings()
    outcomes = list(read_articles([str(name) for name in inputs], options, warn=warnings))
    articles = [o for o in outcomes if isinstance(o, Article)]
    return articles, [o for o in outcomes if isinstance(o, Failure)], warnings


def one(*inputs: Path | str, options: ReadSettings | None = None) -> Article:
    articles, failures, _ = read(*inputs, options=options)
    assert failures == []
    (article,) = articles
    return article


def reason(*inputs: Path | str, options: ReadSettings | None = None) -> str:
    articles, failures, _ = read(*inputs, options=options)
    assert articles == []
    (failure,) = failures
    assert "\n" not in failure.reason
    return failure.reason


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


class TestText:
    def test_text_stands_as_it_was_read(self, tmp_path: Path) -> None:
        text = "Mill reopens\r\n\r\nThe mill\treopened. \n“Good,” said Novak.\r"
        article = one(write(tmp_path / "mill.v2.txt", text))
        assert article == Article(id="mill.v2", text=text)

    def test_markdown_is_text(self, tmp_path: Path) -> None:
        assert one(write(tmp_path / "a.md", "# Mill\n\nIt *reopened*.")).text == "# Mill\n\nIt *reopened*."

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_unicode_encodings(self, tmp_path: Path, encoding: str) -> None:
        text = "Mühle “offen”, 中文, 🐐"
        assert one(write(tmp_path / "a.txt", text.encode(encoding))).text == text

    def test_windows_1252_is_read_with_a_warning(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.txt", "Café “Mühle”".encode("cp1252"))
        articles, failures, warnings = read(path)
        assert [a.text for a in articles] == ["Café “Mühle”"]
        assert failures == []
        assert len(warnings) == 1
        assert "Windows-1252" in warnings[0]
        assert str(path) in warnings[0]

    def test_bytes_that_windows_1252_lacks_are_latin_1(self, tmp_path: Path) -> None:
        assert one(write(tmp_path / "a.txt", b"caf\xe9 \x81")).text == "caf\xe9 \x81"

    @given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))))
    @settings(max_examples=50)
    def test_any_text_comes_back_unchanged(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        path = write(tmp_path_factory.mktemp("any") / "a.txt", "Start. " + text)
        # A text may begin with what looks like a byte-order mark only at its very start, which is ours.
        assert one(path).text == "Start. " + text

    @pytest.mark.parametrize("content", [b"", b" \n\t ", b"\xef\xbb\xbf", b"\xff\xfe"])
    def test_empty_files_fail(self, tmp_path: Path, content: bytes) -> None:
        assert "empty" in reason(write(tmp_path / "a.txt", content))

    @pytest.mark.parametrize(
        "content", [bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "plain".encode("utf-16-le")]
    )
    def test_binary_files_fail(self, tmp_path: Path, content: bytes) -> None:
        assert "binary" in reason(write(tmp_path / "a.txt", content))

    def test_a_long_article_fails_and_says_which_option_to_raise(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.txt", "Long. " * 500)
        assert "--max-article-chars" in reason(path, options=ReadSettings(max_article_chars=2999))
        assert len(one(path, options=ReadSettings(max_article_chars=3000)).text) == 3000

    def test_missing_and_unknown_files_fail(self, tmp_path: Path) -> None:
        assert "no such file" in reason(tmp_path / "no.txt")
        assert "unknown kind" in reason(write(tmp_path / "a.docx", "PK"))
        assert "matches no file" in reason(tmp_path / "*.txt")


class TestJsonl:
    def test_columns_and_what_rides_along(self, tmp_path: Path) -> None:
        row = {
            "id": 7,
            "text": "It fell.",
            "outlet": "Plover",
            "date": "2023-05-05",
            "title": "T",
            "url": "u",
            "k": [1, {"a": None}],
        }
        assert one(write(tmp_path / "a.jsonl", jsonl(row))) == Article(
            id="7",
            text="It fell.",
            outlet="Plover",
            date="2023-05-05",
            title="T",
            url="u",
            extra={"k": [1, {"a": None}]},
        )

    def test_other_names_for_columns(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", jsonl({"uid": "x", "body": "It fell.", "paper": "Plover", "text": "no"}))
        options = ReadSettings(text_column="body", id_column="uid", outlet_column="paper")
        article = one(path, options=options)
        assert (article.id, article.text, article.outlet) == ("x", "It fell.", "Plover")
        assert article.extra == {"input_text": "no"}, "an output column has this name, so the input's is marked"

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.jsonl", jsonl({"ID": "x", "Text": "It fell.", "Outlet": "Plover", "Date": "2024-05-01"})),
            ("a.csv", "ID,Text,Outlet,Date\nx,It fell.,Plover,2024-05-01\n"),
            ("b.csv", "ID;Text;Outlet;Date\nx;It fell.;Plover;2024-05-01\n"),
        ],
    )
    def test_capitals_in_the_names_of_columns(self, tmp_path: Path, name: str, content: str) -> None:
        article = one(write(tmp_path / name, content))
        assert article == Article(id="x", text="It fell.", outlet="Plover", date="2024-05-01")

    def test_capitals_do_not_decide_where_another_column_could_be_meant(self, tmp_path: Path) -> None:
        assert "no column 'text'" in reason(write(tmp_path / "a.csv", "Text,TEXT\nIt fell.,It rose.\n"))
        rows = jsonl({"text": "It fell.", "Text": "Heading"}, {"Text": "Heading"})
        articles, failures, _ = read(write(tmp_path / "a.jsonl", rows))
        assert [a.text for a in articles] == ["It fell."]
        assert "no text in column 'text'" in failures[0].reason

    def test_a_name_that_an_option_gave_away_is_no_other_column(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "Text,text,Date,day\nHeading,It fell.,x,2024-05-01\n")
        article = one(path, options=ReadSettings(date_column="day"))
        assert (article.text, article.date) == ("It fell.", "2024-05-01")
        assert article.extra == {"Text": "Heading", "Date": "x"}

    def test_line_4001_is_broken_and_the_rest_is_read(self, tmp_path: Path) -> None:
        lines = [json.dumps({"id": str(n), "text": f"Row {n}."}) for n in range(1, 5001)]
        lines[4000] = '{"id": "4001", "text": "cut o'
        lines[4001] = '{"id": "4002", "body": "no text"}'
        path = write(tmp_path / "a.jsonl", "\n".join(lines))
        articles, failures, _ = read(path)
        assert len(articles) == 4998
        assert articles[-1].id == "5000"
        assert [f.where for f in failures] == [f"{path}:4001", f"{path}:4002"]
        assert "not JSON" in failures[0].reason
        assert failures[1].id == "4002"
        assert "--text-column" in failures[1].reason

    @pytest.mark.parametrize("text", [None, 5, ["a"], "", "  \n"])
    def test_text_that_is_none(self, tmp_path: Path, text: object) -> None:
        assert "text" in reason(write(tmp_path / "a.jsonl", jsonl({"id": "a", "text": text})))

    def test_rows_without_an_id_are_called_by_their_line(self, tmp_path: Path) -> None:
        articles, _, _ = read(write(tmp_path / "a.jsonl", '\n{"text": "One."}\n{"id": null, "text": "Two."}\n'))
        assert [a.id for a in articles] == ["a:2", "a:3"]

    def test_broken_surrogates_and_nul(self, tmp_path: Path) -> None:
        rows = '{"text": "a\\ud800b\\u0000c", "k": ["\\udc00"]}\n{"text": "a\0b"}\n' + jsonl({"text": "long " * 50})
        path = write(tmp_path / "a.jsonl", rows)
        articles, failures, _ = read(path)
        assert articles[0].text == "a\ufffdb\0c"
        assert articles[0].extra == {"k": ["\ufffd"]}
        assert [f.where for f in failures] == [f"{path}:2"]

    def test_a_file_of_something_else_is_given_up(self, tmp_path: Path) -> None:
        _, failures, _ = read(write(tmp_path / "a.jsonl", "This is a text.\n" * 500))
        assert len(failures) == 21
        assert "gave up" in failures[-1].reason
        assert "binary" in reason(write(tmp_path / "b.jsonl", bytes(range(256)) * 100))

    def test_a_line_that_is_too_long_is_passed_over(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", jsonl({"text": "One."}, {"text": "x" * 2_000_000}, {"text": "Three."}))
        articles, failures, _ = read(path, options=ReadSettings(max_article_chars=1000))
        assert [a.text for a in articles] == ["One.", "Three."]
        assert [f.where for f in failures] == [f"{path}:2"]

    def test_deep_nesting_fails(self, tmp_path: Path) -> None:
        deep = '{"text": "a", "k": ' + "[" * 60 + "]" * 60 + "}"
        deeper = '{"text": "a", "k": ' + "[" * 100_000 + "]" * 100_000 + "}"
        articles, failures, _ = read(write(tmp_path / "a.jsonl", f'{deep}\n{deeper}\n{{"text": "b"}}\n'))
        assert [a.text for a in articles] == ["b"]
        assert len(failures) == 2

    def test_an_unescaped_latin_1_line_is_read_with_one_warning(self, tmp_path: Path) -> None:
        line = '{"text": "café"}\n'
        articles, _, warnings = read(write(tmp_path / "a.jsonl", line.encode() + line.encode("latin-1") * 2))
        assert [a.text for a in articles] == ["café"] * 3
        assert len([w for w in warnings if "line 2" in w]) == 1

    def test_utf_16(self, tmp_path: Path) -> None:
        assert one(write(tmp_path / "a.jsonl", '{"text": "Mühle"}\n'.encode("utf-16"))).text == "Mühle"


class TestTables:
    @pytest.mark.parametrize(
        ("name", "table"),
        [
            ("a.csv", 'id;text\n7;"Two houses burned; nobody was hurt."\n'),
            ("a.csv", '"id";"text"\n"7";"Two houses burned; nobody was hurt."\n'),
            ("a.csv", 'sep=;\nid;text\n7;"Two houses burned; nobody was hurt."\n'),
            ("a.csv", "id\ttext\n7\tTwo houses burned; nobody was hurt.\n"),
            ("a.csv", "id|text\n7|Two houses burned; nobody was hurt.\n"),
            ("a.tsv", "id,text\n7,Two houses burned; nobody was hurt.\n"),
        ],
    )
    def test_other_separators_are_told_by_the_header(self, tmp_path: Path, name: str, table: str) -> None:
        (article,), failures, warnings = read(write(tmp_path / name, table))
        assert (article.id, article.text, failures) == ("7", "Two houses burned; nobody was hurt.", [])
        assert "separated by" in warnings[0]

    def test_what_spreadsheets_leave_empty_is_no_row_and_no_column(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "\nid,text,,\n1,Two burned.,,\n,,,\n , \n,,,,,\n2,One burned.,,\n")
        articles, failures, warnings = read(path)
        assert [(a.id, a.text, a.extra) for a in articles] == [("1", "Two burned.", {}), ("2", "One burned.", {})]
        assert failures == warnings == []

    def test_csv_with_quoted_newlines(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", 'id,text,outlet,k\n1,"One.\nTwo, ""three"".",Plover,x\n2,Four.,,\n')
        articles, failures, _ = read(path)
        assert failures == []
        assert articles[0] == Article(id="1", text='One.\nTwo, "three".', outlet="Plover", extra={"k": "x"})
        assert articles[1] == Article(id="2", text="Four.", extra={"k": ""})

    def test_tsv_and_byte_order_mark(self, tmp_path: Path) -> None:
        assert one(write(tmp_path / "a.tsv", "\ufefftext\tid\nIt fell.\tx\n")).id == "x"

    def test_a_cell_that_never_closes_is_named_with_the_lines_it_swallowed(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", 'id,text\n1,One.\n2,"Two.\n3,Three.\n4,Four.\n')
        articles, failures, _ = read(path)
        assert [a.id for a in articles] == ["1"]
        assert [f.where for f in failures] == [f"{path}:3-5"]

    def test_wrong_rows_are_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", 'id,text\n1,One.\n2,Two.,extra\n3\n\n4,"Four" five\n5,Five.\n')
        articles, failures, _ = read(path)
        assert [a.id for a in articles] == ["1", "5"]
        assert [f.where for f in failures] == [f"{path}:3", f"{path}:4", f"{path}:6"]

    @pytest.mark.parametrize(
        ("content", "part"),
        [
            ("", "empty"),
            ("id,text\n", "empty"),
            ("id:text\n1:One.\n", "separated"),
            ("id,body\n1,One.\n", "--text-column"),
            ("id,text,id\n", "two columns"),
            ('id,"text"x\n1,One.\n', "header"),
            ("id,text\r1,One.\r", "header"),
        ],
    )
    def test_wrong_tables_fail_whole(self, tmp_path: Path, content: str, part: str) -> None:
        assert part in reason(write(tmp_path / "a.csv", content))

    def test_a_cell_longer_than_the_csv_modules_own_limit(self, tmp_path: Path) -> None:
        assert len(one(write(tmp_path / "a.csv", "text,id\n" + "x" * 500_000 + ",1\n")).text) == 500_000

    def test_parquet(self, tmp_path: Path) -> None:
        import datetime

        import pyarrow as pa
        import pyarrow.parquet as pq

        path = tmp_path / "a.parquet"
        day = datetime.date(2023, 5, 5)
        table = pa.table(
            {
                "id": [1, 2],
                "text": ["One.", None],
                "date": [day, day],
                "n": [1.5, None],
                "tags": [["a"], []],
                "day": [day, day],
            }
        )
        pq.write_table(table, path)
        articles, failures, _ = read(path)
        assert articles == [
            Article(id="1", text="One.", date="2023-05-05", extra={"n": 1.5, "tags": ["a"], "day": "2023-05-05"})
        ]
        assert [(f.id, f.where) for f in failures] == [("2", f"{path}: row 1")]
        json.dumps(articles[0].extra)

    @pytest.mark.parametrize("at", [4, 200, 400, -200])
    def test_damaged_parquet_fails_on_one_line(self, tmp_path: Path, at: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"id": ["1"], "text": ["One."]}), path)
        data = bytearray(path.read_bytes())
        data[at : at + 40] = b"\xff" * 40
        _, failures, _ = read(write(path, bytes(data)))
        assert failures
        assert all("\n" not in failure.reason for failure in failures)

    def test_values_that_json_does_not_know_become_text(self, tmp_path: Path) -> None:
        import uuid

        import pyarrow as pa
        import pyarrow.parquet as pq

        if not hasattr(pa, "uuid"):
            pytest.skip("this pyarrow has no type for UUIDs")
        number = uuid.UUID(int=7)
        table = pa.table({"id": pa.array([b"seven"]), "text": ["Words."], "n": pa.array([number.bytes], pa.uuid())})
        pq.write_table(table, tmp_path / "a.parquet")
        article = one(tmp_path / "a.parquet")
        assert (article.id, article.extra) == ("seven", {"n": str(number)})

    def test_columns_that_the_output_needs_get_other_names(self, tmp_path: Path) -> None:
        row = {"text": "Words.", "headline": "H", "title": "T", "abstained": "no", "speaker": "s"}
        article = one(write(tmp_path / "a.jsonl", jsonl(row)), options=ReadSettings(title_column="headline"))
        assert article.title == "H"
        assert article.extra == {"input_title": "T", "input_abstained": "no", "input_speaker": "s"}

    def test_lists_and_objects_where_a_word_belongs_ride_along(self, tmp_path: Path) -> None:
        row = {"text": "Words.", "id": ["a", 1], "outlet": {"name": "Gazette"}, "date": [2023, 5], "title": "T"}
        article = one(write(tmp_path / "a.jsonl", jsonl(row)))
        assert (article.id, article.outlet, article.date, article.title) == ("a:1", None, None, "T")
        assert article.extra == {"id": ["a", 1], "input_outlet": {"name": "Gazette"}, "input_date": [2023, 5]}

    def test_one_row_of_parquet_that_python_cannot_hold(self, tmp_path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = tmp_path / "a.parquet"
        text = pa.array([b"One.", b"Tw\xff.", b"Three."]).cast(pa.binary()).view(pa.string())
        pq.write_table(pa.table({"id": ["1", "2", "3"], "text": text}), path)
        articles, failures, _ = read(path)
        assert [a.id for a in articles] == ["1", "3"]
        assert [f.where for f in failures] == [f"{path}: row 1"]

    def test_broken_parquet(self, tmp_path: Path) -> None:
        assert "Parquet" in reason(write(tmp_path / "a.parquet", b"PAR1 and nothing"))

    @given(texts=st.lists(st.text(st.characters(codec="utf-8")).filter(lambda t: t.strip()), min_size=1, max_size=5))
    @settings(max_examples=50)
    def test_csv_and_jsonl_give_back_any_text(self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
        folder = tmp_path_factory.mktemp("any")
        table = io.StringIO(newline="")
        writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([["id", "text"], *([str(n), text] for n, text in enumerate(texts))])
        rows = jsonl(*({"id": str(n), "text": text} for n, text in enumerate(texts)))
        write(folder / "a.jsonl", rows)
        # Control characters in bulk are what binary data is told by.
        if not any(ord(char) < 32 for char in "".join(texts)):
            write(folder / "b.csv", table.getvalue())
        articles, failures, _ = read(folder)
        assert failures == []
        assert [a.text for a in articles] in (texts, texts * 2)


class TestPages:
    @pytest.fixture(autouse=True)
    def _needs_the_extra(self) -> None:
        pytest.importorskip("trafilatura")

    def test_html_with_its_metadata(self, tmp_path: Path) -> None:
        article = one(write(tmp_path / "mill.html", PAGE))
        assert (article.id, article.outlet, article.date) == ("mill", "Plover News", "2023-05-05")
        assert article.text.startswith("Mill reopens after nine years\nThe mill by the river")
        assert "Home" not in article.text
        assert article.text.count("Mill reopens") == 1

    def test_the_declared_encoding_is_used(self, tmp_path: Path) -> None:
        page = PAGE.replace("<head>", '<head><meta charset="windows-1251">').replace("Anna Novak", "Анна Новак")
        assert (
            "Анна Новак"
            in one(
                write(tmp_path / "a.htm", page.replace("“", '"').replace("”", '"').replace("©", "").encode("cp1251"))
            ).text
        )

    def test_the_menu_of_a_short_page_is_no_text_of_it(self, tmp_path: Path) -> None:
        start, end = PAGE.index("<p>"), PAGE.index("</article>")
        page = f"{PAGE[:start]}<p>The mill reopened on Monday.</p>{PAGE[end:]}"
        assert one(write(tmp_path / "a.html", page)).text.startswith("Mill reopens after nine years\nThe mill")

    @pytest.mark.parametrize(
        ("declared", "encoding"),
        [
            (
                "iso-8859-1",
                "cp1252",
            ),  # which browsers read as Windows-1252: curly quotes stand where Latin-1 has nothing
            ("us-ascii", "cp1252"),
            ("utf-8", "cp1252"),  # declared wrongly
            ("unicode_escape", "cp1252"),  # which Python knows and no page is written in
            ("nonsense", "cp1252"),
            (None, "cp1252"),
            ("windows-1250", "cp1250"),
            (None, "utf-8"),
            ("iso-8859-1", "utf-8"),
            (None, "utf-16"),
        ],
    )
    def test_pages_are_decoded_as_browsers_decode_them(
        self, tmp_path: Path, declared: str | None, encoding: str
    ) -> None:
        meta = "" if declared is None else f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">'
        quoted = "“We’re glad to be back – café and all,” said"
        page = PAGE.replace("<head>", f"<head>{meta}").replace("“We are glad to be back,” said", quoted)
        page = page.replace("the town.", "the town; it cost £20m." if encoding != "cp1250" else "the town.")
        text = one(write(tmp_path / "a.html", page.encode(encoding))).text
        assert quoted in text
        assert ("£20m" in text) == (encoding != "cp1250")

    def test_a_broken_character_does_not_change_the_encoding(self, tmp_path: Path) -> None:
        page = PAGE.encode().replace(b"long for", b"long \xe2\x80 for")
        assert "“We are glad to be back,”" in one(write(tmp_path / "a.html", page)).text

    @pytest.mark.parametrize(
        "page", ["", "<div><p></p></div>" * 500, "<div>" * 50_000, "<script>let a = 1</script>", "\0" * 500]
    )
    def test_pages_without_an_article_fail(self, tmp_path: Path, page: str) -> None:
        assert reason(write(tmp_path / "a.html", page))

    def test_no_file_is_read_through_an_entity(self, tmp_path: Path) -> None:
        secret = write(tmp_path / "secret", "the secret word")
        entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]>'
        page = PAGE.replace("<!DOCTYPE html>", '<?xml version="1.0"?>' + entity).replace("waited", "&x; waited")
        assert "secret word" not in one(write(tmp_path / "a.html", page)).text

    def test_no_connection_is_opened(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import socket

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a connection was opened")

        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        page = PAGE.replace("</head>", '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"></head>')
        assert (
            "Novak" in one(write(tmp_path / "a.html", page.replace("<p>", '<img src="http://127.0.0.1:9/x"><p>'))).text
        )

    def test_without_the_extra_the_error_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "trafilatura", None)
        assert 'pip install "sayso[crawl]"' in reason(write(tmp_path / "a.html", PAGE))


def warc_record(number: int, body: bytes, status: str = "200 OK", kind: str = "text/html", headers: str = "") -> bytes:
    http = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2023-05-05T10:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012d}>\r\n"
        f"WARC-Target-URI: https://plover.example/{number}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


class TestWarc:
    @pytest.fixture(autouse=True)
    def _needs_the_extra(self) -> None:
        pytest.importorskip("trafilatura")
        pytest.importorskip("fastwarc")

    RECORDS = (
        warc_record(0, PAGE.encode()),
        warc_record(1, PAGE.encode(), status="404 Not Found"),
        warc_record(2, b"\x89PNG", kind="image/png"),
        warc_record(3, b"<div></div>"),
        warc_record(4, gzip.compress(PAGE.encode()), headers="Content-Encoding: gzip\r\n"),
        warc_record(5, PAGE.encode()),
    )

    @pytest.mark.parametrize("packed", [False, True])
    def test_pages_are_read_and_the_rest_is_passed_over(self, tmp_path: Path, packed: bool) -> None:
        records = [gzip.compress(r) if packed else r for r in self.RECORDS]
        path = write(tmp_path / ("a.warc.gz" if packed else "a.warc"), b"".join(records))
        articles, failures, _ = read(path)
        assert [a.id for a in articles] == [f"https://plover.example/{n}" for n in (0, 4, 5)]
        assert articles[0].url == articles[0].id
        assert [(f.id, f.where) for f in failures] == [("https://plover.example/3", f"{path}: response 3")]

    @pytest.mark.parametrize("packed", [False, True])
    def test_an_archive_that_breaks_off_keeps_what_came_before(self, tmp_path: Path, packed: bool) -> None:
        whole = b"".join(gzip.compress(r) if packed else r for r in self.RECORDS)
        path = write(tmp_path / ("a.warc.gz" if packed else "a.warc"), whole[:-60])
        articles, failures, _ = read(path)
        assert [a.id[-1] for a in articles] == ["0", "4"]
        assert "cut off" in failures[-1].reason
        assert failures[-1].where == str(path)

    @pytest.mark.parametrize(
        ("body", "headers"),
        [
            (PAGE.encode(), "Content-Encoding: gzip\r\n"),  # unpacked by the crawler, which left the header
            (PAGE.encode(), "Transfer-Encoding: chunked\r\n"),
            (PAGE.encode(), "Content-Encoding: utf-8\r\n"),
            (gzip.compress(PAGE.encode()), "Content-Encoding: x-gzip\r\n"),
            (gzip.compress(PAGE.encode()), ""),
            (b"%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE.encode()), PAGE.encode()), "Transfer-Encoding: chunked\r\n"),
        ],
    )
    def test_a_response_is_decoded_whatever_its_header_says(self, tmp_path: Path, body: bytes, headers: str) -> None:
        path = write(tmp_path / "a.warc", warc_record(0, body, headers=headers) + self.RECORDS[5])
        articles, failures, _ = read(path)
        assert failures == []
        assert articles[0].text == articles[1].text

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            (warc_record(7, b"\1\2\3 nothing", headers="Content-Encoding: gzip\r\n"), "cannot be decoded"),
            (warc_record(7, b"5\r\nab", headers="Transfer-Encoding: chunked\r\n"), "cannot be decoded"),
            (warc_record(7, PAGE.encode(), headers=f"X-Long: {'a' * 100_000}\r\n"), "HTTP header"),
            (warc_record(7, b"").replace(b"HTTP/1.1 200 OK", b"rubbish/11 ?? ??"), "HTTP header"),
        ],
    )
    def test_a_wrong_response_costs_no_other(self, tmp_path: Path, wrong: bytes, said: str, packed: bool) -> None:
        records = [gzip.compress(r) if packed else r for r in (self.RECORDS[0], wrong, self.RECORDS[5])]
        articles, failures, _ = read(write(tmp_path / "a.warc", b"".join(records)))
        assert [a.id[-1] for a in articles] == ["0", "5"]
        assert [f.id[-1] for f in failures] == ["7"]
        assert said in failures[0].reason

    @pytest.mark.parametrize("kind", ["Text/HTML; charset=UTF-8", "application/xhtml+xml", ""])
    def test_pages_by_any_name_of_their_type(self, tmp_path: Path, kind: str) -> None:
        assert one(write(tmp_path / "a.warc", warc_record(0, PAGE.encode(), kind=kind))).title

    def test_what_has_no_type_and_looks_like_no_page_is_passed_over(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.warc", warc_record(0, b"{}", kind="") + self.RECORDS[5])
        assert one(path).id[-1] == "5"

    def test_the_encoding_that_the_server_names(self, tmp_path: Path) -> None:
        body = PAGE.encode("cp1250")
        path = write(tmp_path / "a.warc", warc_record(0, body, kind='text/html; charset="windows-1250"'))
        assert "“We are glad to be back,”" in one(path).text
        cyrillic = PAGE.replace("Anna", "Анна").replace("©", "").encode("cp1251")
        path = write(tmp_path / "b.warc", warc_record(0, cyrillic, kind="text/html; charset=windows-1251"))
        assert "“We are glad to be back,” said Анна" in one(path).text

    def test_an_address_between_angle_brackets(self, tmp_path: Path) -> None:
        record = self.RECORDS[0].replace(b"https://plover.example/0", b"<https://plover.example/0>")
        article = one(write(tmp_path / "a.warc", record))
        assert article.id == article.url == "https://plover.example/0"

    def test_rubbish_between_records(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.warc", self.RECORDS[0] + b"rubbish\r\n\r\n" + self.RECORDS[5])
        articles, failures, _ = read(path)
        assert [a.id[-1] for a in articles] == ["0"]
        assert "broken" in failures[0].reason

    @pytest.mark.parametrize("content", [b"", b"rubbish\n" * 50])
    def test_no_archive(self, tmp_path: Path, content: bytes) -> None:
        assert reason(write(tmp_path / "a.warc", content))


class TestCompression:
    def test_gzip_and_zstandard_whatever_the_name(self, tmp_path: Path) -> None:
        zstandard = pytest.importorskip("zstandard")
        text = "The mill reopened. " * 100
        assert one(write(tmp_path / "a.txt.gz", gzip.compress(text.encode()) + b"\0" * 16)) == Article(
            id="a", text=text
        )
        assert one(write(tmp_path / "b.txt.zst", zstandard.compress(text.encode()))) == Article(id="b", text=text)
        assert one(write(tmp_path / "c.txt", gzip.compress(text.encode()))) == Article(id="c", text=text)

    def test_any_number_of_zeros_after_the_last_member(self, tmp_path: Path) -> None:
        assert one(write(tmp_path / "a.txt.gz", gzip.compress(b"Words.") + b"\0" * 10_000)).text == "Words."

    def test_several_members(self, tmp_path: Path) -> None:
        parts = [gzip.compress(jsonl({"text": f"Part {n}."}).encode()) for n in range(3)]
        articles, failures, _ = read(write(tmp_path / "a.jsonl.gz", b"".join(parts)))
        assert [a.text for a in articles] == ["Part 0.", "Part 1.", "Part 2."]
        assert failures == []

    @pytest.mark.parametrize("kind", ["gz", "zst"])
    def test_a_file_that_is_cut_off_keeps_its_rows(self, tmp_path: Path, kind: str) -> None:
        rows = jsonl(*({"text": f"Row {n} of {n * n}."} for n in range(20_000))).encode()
        packed = gzip.compress(rows) if kind == "gz" else pytest.importorskip("zstandard").compress(rows)
        articles, failures, _ = read(write(tmp_path / f"a.jsonl.{kind}", packed[: len(packed) * 3 // 4]))
        assert len(articles) > 5_000
        assert [a.text for a in articles] == [f"Row {n} of {n * n}." for n in range(len(articles))]
        assert "cut off" in failures[-1].reason

    def test_broken_data_fails(self, tmp_path: Path) -> None:
        packed = bytearray(gzip.compress(os.urandom(5000)))
        packed[2000:2100] = b"\0" * 100
        assert "broken" in reason(write(tmp_path / "a.txt.gz", bytes(packed)))

    @pytest.mark.parametrize("kind", ["gz", "zst"])
    def test_a_bomb_is_not_unpacked(self, tmp_path: Path, kind: str) -> None:
        zeros = b"0" * 100_000_000
        bomb = gzip.compress(zeros, 9) if kind == "gz" else pytest.importorskip("zstandard").compress(zeros)
        assert "--max-article-chars" in reason(write(tmp_path / f"a.txt.{kind}", bomb))
        assert "--max-expansion" in reason(write(tmp_path / f"a.jsonl.{kind}", bomb))

    def test_without_the_extra_the_error_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "zstandard", None)
        assert 'pip install "sayso[crawl]"' in reason(write(tmp_path / "a.txt.zst", b"\x28\xb5\x2f\xfd rest"))


class TestInputs:
    def test_folders_globs_and_their_order(self, tmp_path: Path) -> None:
        for name in ("b.txt", "a.txt", "deep/er/c.txt", "deep/d.csv", ".hidden.txt", "picture.png"):
            write(tmp_path / name, "text\nWords.\n")
        articles, failures, _ = read(tmp_path)
        assert failures == []
        assert [a.id for a in articles] == ["a", "b", "d:1", "c"]
        articles, _, _ = read(tmp_path / "**" / "*.txt")
        assert sorted(a.id for a in articles) == ["a", "b", "c"]

    def test_standard_input_that_is_closed_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        assert reason("-") == "standard input is closed"

    def test_blank_lines_before_the_first_cost_no_more_than_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for content, texts in ((b'{"text": "One."}\n', ["One."]), (b"Words.", ["\n" * 500_000 + "Words."])):
            data = io.BufferedReader(io.BytesIO(b"\n" * 500_000 + content))  # type: ignore[arg-type]
            monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))
            articles, failures, _ = read("-")
            assert ([a.text for a in articles], failures) == (texts, [])

    def test_files_of_other_kinds_in_a_folder_are_told_and_packages_named(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        for name in ("a.txt", "in/b.json", "in/c.JSON", "in/index.html?id=5", "in/d", ".hidden.json"):
            write(tmp_path / name, "One.")
        articles, failures, warnings = read(tmp_path)
        assert ([a.id for a in articles], failures) == (["a"], [])
        assert warnings == [
            f"{tmp_path}: passed over 4 files of other kinds (.json 2, without a suffix 1, .html?id=5 1)"
        ]
        assert "unpack" in reason(write(tmp_path / "x.tar.gz", ""))

    def test_a_pattern_that_matches_folders_reads_each_file_once(self, tmp_path: Path) -> None:
        for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt"):
            write(tmp_path / "in" / name, "Words.")
        for pattern in (tmp_path / "in" / "**", tmp_path / "*" / "**", tmp_path / "**"):
            articles, failures, warnings = read(pattern)
            assert ([a.id for a in articles], failures, warnings) == (["a", "b", "c"], [], [])

    def test_ids_are_made_unique(self, tmp_path: Path) -> None:
        write(tmp_path / "x" / "a.txt", "One.")
        write(tmp_path / "y" / "a.txt", "Two.")
        write(tmp_path / "z.jsonl", jsonl({"id": "a", "text": "Three."}, {"id": "a#2", "text": "Four."}))
        articles, failures, warnings = read(tmp_path / "x", tmp_path / "y", tmp_path / "z.jsonl")
        assert [(a.id, a.text) for a in articles] == [
            ("a", "One."),
            ("a#2", "Two."),
            ("a#3", "Three."),
            ("a#2#2", "Four."),
        ]
        assert failures == []
        assert len(warnings) == 2

    def test_links_that_lead_in_a_circle(self, tmp_path: Path) -> None:
        write(tmp_path / "sub" / "a.txt", "One.")
        (tmp_path / "sub" / "back").symlink_to(tmp_path)
        (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
        (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
        articles, failures, _ = read(tmp_path)
        assert [a.text for a in articles] == ["One."]
        assert {Path(f.where).name for f in failures} == {"back", "self.txt", "gone.txt"}

    def test_a_file_that_vanishes_during_the_run(self, tmp_path: Path) -> None:
        for name in "abc":
            write(tmp_path / f"{name}.txt", f"Text {name}.")
        outcomes = []
        for outcome in read_articles([str(tmp_path)], warn=Warnings()):
            outcomes.append(outcome)
            (tmp_path / "b.txt").unlink(missing_ok=True)
        assert [type(o) for o in outcomes] == [Article, Failure, Article]
        assert "gone" in getattr(outcomes[1], "reason", "")

    def test_a_pipe_with_a_name(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = subprocess.Popen(["sh", "-c", f"printf 'It fell.' > '{pipe}'"])
        assert one(pipe).text == "It fell."
        writer.wait()

    def test_a_pipe_in_a_folder_is_named_and_nobody_waits_for_it(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.txt")
        (tmp_path / "b.txt").symlink_to("/dev/zero")
        write(tmp_path / "c.txt", "It fell.")
        articles, failures, _ = read(tmp_path)
        assert [a.id for a in articles] == ["c"]
        assert [Path(f.where).name for f in failures] == ["a.txt", "b.txt"]
        assert all(f.reason.startswith("no regular file") for f in failures)

    def test_a_name_that_is_no_utf_8(self, tmp_path: Path) -> None:
        path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")
        try:
            with open(path, "wb") as file:
                file.write(b"It fell.")
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
        assert one(tmp_path).id == "caf\ufffd"

    @pytest.mark.parametrize(
        ("content", "ids"),
        [
            (b"The mill reopened.\n{not json}\n", ["stdin"]),
            (b'\n\n{"id": "x", "text": "One."}\n{"text": "Two."}\n', ["x", "stdin:4"]),
            (b"{not json at all}\n", ["stdin"]),
            (b"\xef\xbb\xbf" + b'{"id": "x", "text": "One."}', ["x"]),
            (gzip.compress(b'{"id": "x", "text": "One."}'), ["x"]),
            # As PowerShell pipes it; the low byte of \u010a and \u4e0a is that of a line end.
            ('\n\n{"id": "x", "text": "\u010ane \u4e0a."}\r\n{"text": "Two."}\r\n'.encode("utf-16"), ["x", "stdin:4"]),
            (b"\xfe\xff" + '{"id": "x", "text": "One."}\n{"text": "Two."}'.encode("utf-16-be"), ["x", "stdin:2"]),
            ("The mill reopened.\n{not json}\n".encode("utf-16"), ["stdin"]),
        ],
    )
    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch, content: bytes, ids: list[str]) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content))))
        articles, failures, _ = read("-")
        assert failures == []
        assert [a.id for a in articles] == ids

    def test_empty_standard_input_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"\n"))))
        assert "empty" in reason("-")

    @pytest.mark.parametrize("wrong", [{"text_column": ""}, {"id_column": "text"}, {"max_article_chars": 0}])
    def test_wrong_settings(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ConfigError):
            ReadSettings(**wrong)  # type: ignore[arg-type]


def test_reading_text_imports_nothing_heavy(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "It fell.")
    write(tmp_path / "b.jsonl", '{"text": "It rose."}\n')
    code = (
        "import sys; from sayso.model.articles import read_articles; "
        f"assert len(list(read_articles([{str(tmp_path)!r}]))) == 2; "
        "heavy = {'torch', 'pyarrow', 'trafilatura', 'lxml', 'fastwarc', 'zstandard', 'polars', 'onnxruntime'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_hostile_corpus(tmp_path: Path) -> None:
    """One folder of everything that can be wrong; the good articles are all read, each bad thing is named once."""
    bad = {
        "zero.txt": b"",
        "binary.txt": bytes(range(256)) * 20,
        "long.txt": b"x" * 9_000_000,
        "bomb.txt.gz": gzip.compress(b"0" * 30_000_000),
        "cut.jsonl.gz": gzip.compress(jsonl({"text": "x"}).encode())[:-9],
        "cut.parquet": b"PAR1",
        "rows.csv": b'id,text\n1,"One.',
        "zero.warc": b"",
    }
    good = {
        "latin.txt": "Café".encode("latin-1"),
        "invalid.txt": b"Valid \xff\xfe\x80 not.",
        "right_to_left.txt": "\u202eשלום\u202c \u200b\u200dעולם. 中文。".encode(),
        "marks.txt": b'"' * 20_000 + b" a",
        "spaces.txt": b" " * 500_000 + b"a",
        "quoted.csv": b'id,text\nq,"One.\nTwo."\n',
        "nul.jsonl": b'{"id": "n", "text": "a\\u0000b"}\n{"id": "n", "text": "again"}\n',
    }
    for name, content in {**bad, **good}.items():
        write(tmp_path / name, content)
    (tmp_path / "circle").symlink_to(tmp_path)
    articles, failures, warnings = read(tmp_path)
    # nul.jsonl holds two articles, and the row before the cut in cut.jsonl.gz is whole.
    assert len(articles) == len(good) + 2
    assert len({a.id for a in articles}) == len(articles)
    named = {Path(f.where.rsplit(":", 1)[0] if ".csv:" in f.where else f.where).name.split(":")[0] for f in failures}
    assert named == {*bad, "circle"}
    assert all("\n" not in f.reason for f in failures)
    assert len(warnings) >= 3


class TestNamesThatAreWrong:
    def test_a_column_asked_for_must_be_in_a_table(self, tmp_path: Path) -> None:
        options = ReadSettings(text_column="Body", outlet_column="nope")
        path = write(tmp_path / "a.csv", "ID,Body,Publisher\n1,It fell.,Daily\n")
        _, (failure,), _ = read(path, options=options)
        assert "no column 'nope'" in failure.reason
        assert "'Publisher'" in failure.reason

    def test_a_column_that_no_json_row_has_is_told_once(self, tmp_path: Path) -> None:
        options = ReadSettings(outlet_column="nope", date_column="day")
        path = write(tmp_path / "a.jsonl", jsonl({"text": "One."}, {"text": "Two.", "day": "2024-05-01"}))
        articles, failures, warnings = read(path, options=options)
        assert [a.date for a in articles] == [None, "2024-05-01"]
        assert failures == []
        assert len(warnings) == 1
        assert "no row has 'nope'" in warnings[0]

    def test_no_column_is_lost_to_another_of_its_name(self, tmp_path: Path) -> None:
        article = one(write(tmp_path / "a.csv", "text,speaker,input_speaker,input_input_speaker\nIt fell.,a,b,c\n"))
        assert sorted(article.extra.values()) == ["a", "b", "c"]
        assert article.extra["input_speaker"] == "b"

    @pytest.mark.parametrize(
        ("name", "hint"), [("a.json", "jq"), ("a.docx", "plain text"), ("a.xlsx", "CSV"), ("a.xyz", ".txt")]
    )
    def test_files_of_other_kinds_are_told_what_to_become(self, tmp_path: Path, name: str, hint: str) -> None:
        assert hint in reason(write(tmp_path / name, "[]"))

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            ('[{"id": "1", "text": "The governor said so."}]', "JSON"),
            ('[\n {"id": "1"}]', "JSON"),
            ('{\n "id": "1",\n "text": "It fell."\n}', "JSON"),
            ("<!DOCTYPE html>\n<html><body>It fell.</body></html>", "web page"),
            ("id,text,outlet\n1,It fell.,Daily\n", "table"),
            ("id\ttext\n1\tIt fell.\n", "table"),
        ],
    )
    def test_a_stream_of_another_kind_is_no_article(
        self, monkeypatch: pytest.MonkeyPatch, content: str, kind: str
    ) -> None:
        assert kind in _streamed(monkeypatch, content)[1][0].reason

    @pytest.mark.parametrize(
        "content",
        [
            "[Update] The mill burned down.\n\nNobody was hurt.",
            "In text, outlet and date\n\nIt fell.",
            "{sic} it said.",
        ],
    )
    def test_an_article_that_begins_oddly_is_one(self, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
        assert [a.text for a in _streamed(monkeypatch, content)[0]] == [content]


def _streamed(monkeypatch: pytest.MonkeyPatch, content: str) -> tuple[list[Article], list[Failure]]:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content.encode()))))
    articles, failures, _ = read("-")
    return articles, failures
