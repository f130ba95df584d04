"""Fuzz readers and splitter with damaged files: not part of the tests, run by hand.

    python tests/fuzz_inputs.py SECONDS [SEED]

Every file must end in articles and failures, never in another exception; every article must be writable and cut into
sentences that cover it; nothing may take longer than it should. Whatever breaks this is saved and named.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from test_articles import PAGE, TestWarc, jsonl
from test_sentences import check_segmentation

from sayso.model.articles import Failure, ReadSettings, read_articles
from sayso.model.records import Article

SLOW_SECONDS = 5.0
TEXT = "“Is it safe?” Gen. Novak asked at 9 a.m. He said: ‘It’s the boys’ mill.’\r\n\r\nREAD MORE: Mills\n• One\n"
PIECES = [
    *(
        p.encode()
        for p in [
            "“",
            "”",
            "‘",
            "’",
            '"',
            "'",
            "\u200b",
            "\u202e",
            "\ufeff",
            "\u2028",
            "…",
            ". ",
            "?” she said",
            "中。",
        ]
    ),
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\n\n",
        b",",
        b"\t",
        b'""',
        b"{",
        b"}",
        b"[",
        b"\\u0000",
        b"\\ud800",
    ),
    *(
        b"<",
        b">",
        b"</p>",
        b"<!--",
        b"<![CDATA[",
        b"&#x0;",
        b"&#xD800;",
        b"<!ENTITY",
        b"Content-Length: 99999999999\r\n",
        b"WARC/1.0\r\n",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"PAR1",
        b" " * 500,
        b'"' * 500,
        b"(" * 300,
    ),
]


def seeds(folder: Path) -> dict[str, bytes]:
    """A good file of each kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import zstandard

    rows = jsonl(*({"id": n, "text": TEXT, "k": [1, {"a": "b"}]} for n in range(3))).encode()
    pq.write_table(pa.table({"id": [1, 2], "text": [TEXT, "It fell."]}), folder / "seed.parquet")
    warc = b"".join(TestWarc.RECORDS)
    return {
        "a.txt": TEXT.encode() * 3,
        "b.txt": TEXT.encode("utf-16"),
        "a.jsonl": rows,
        "a.csv": ("id,text,k\n" + "".join(f'{n},"{TEXT}",x\n' for n in range(3))).replace('"“', "“").encode(),
        "a.html": PAGE.encode(),
        "a.warc": warc,
        "b.warc.gz": gzip.compress(warc),
        "a.jsonl.gz": gzip.compress(rows),
        "a.jsonl.zst": zstandard.compress(rows),
        "a.parquet": (folder / "seed.parquet").read_bytes(),
    }


def damaged(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16, 64])):
        at = rng.randrange(len(out) + 1)
        action = rng.random()
        if action < 0.25:
            out[at : at + 1] = bytes([rng.randrange(256)])
        elif action < 0.4:
            del out[at : at + rng.choice([1, 4, 50, 400])]
        elif action < 0.85:
            out[at:at] = rng.choice(PIECES)
        elif action < 0.97:
            begin = rng.randrange(len(out) + 1)
            out[at:at] = out[begin : begin + rng.choice([10, 100, 1000])] * rng.choice([1, 2, 20])
        else:
            del out[at:]
        if not out:
            break
    return bytes(out[:200_000])


def check(path: Path, counts: Counter[str]) -> None:
    for outcome in read_articles([str(path)], ReadSettings(max_article_chars=100_000), warn=lambda message: None):
        counts["articles" if isinstance(outcome, Article) else "failures"] += 1
        if isinstance(outcome, Failure):
            assert "\n" not in outcome.reason
            (outcome.id + outcome.where + outcome.reason).encode()
            continue
        assert outcome.text.strip()
        json.dumps({"id": outcome.id, "title": outcome.title, **outcome.extra}, ensure_ascii=False).encode()
        outcome.text.encode()
        check_segmentation(outcome.text)


def main() -> None:
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = seeds(folder)
        while time.monotonic() < end:
            kind = rng.choice(list(files))
            path = folder / kind
            path.write_bytes(damaged(files[kind], rng))
            begin = time.process_time()
            try:
                check(path, counts)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                counts["broken"] += 1
                kept = Path(f"fuzz-{seed}-{counts['files']}-{kind}")
                kept.write_bytes(path.read_bytes())
                print(f"BROKEN {kept}: {type(error).__name__}: {str(error)[:200]}", flush=True)
            if time.process_time() - begin > SLOW_SECONDS:
                counts["slow"] += 1
                kept = Path(f"fuzz-slow-{seed}-{counts['files']}-{kind}")
                kept.write_bytes(path.read_bytes())
                print(f"SLOW {kept}: {time.process_time() - begin:.1f} s", flush=True)
            counts["files"] += 1
    print(dict(counts))


if __name__ == "__main__":
    main()
