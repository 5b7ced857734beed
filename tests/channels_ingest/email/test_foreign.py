"""Mail of other projects' test suites: how much of it is read as those projects read it.

The figures are floors: a change that reads less of it must say why. The data and its sources are
described in `foreign/README.md`.
"""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from channels_ingest.email.mime import ParsedEmail, parse
from channels_ingest.email.reply import visible_text
from tickets.html import text_of

FOREIGN = Path(__file__).parent / "foreign"
NEAR = 0.95
# What is no failure, or says so itself.
NOT_BOUNCED = {"feedback", "vacation", "delivered"}


def cases(folder: str) -> Iterator[tuple[str, ParsedEmail, Any]]:
    expected = json.loads((FOREIGN / folder / "expected.json").read_text())
    for name, wanted in expected.items():
        yield name, parse((FOREIGN / folder / name).read_bytes()), wanted


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def alike(one: str, other: str) -> bool:
    """Whether two texts share nearly all their words (F1)."""
    a, b = words(one), words(other)
    return not a + b or 2 * (a & b).total() / (a.total() + b.total()) >= NEAR


def squeezed(text: str) -> str:
    return " ".join(text.split())


def read(mail: ParsedEmail, field: str, wanted: Any) -> list[bool]:
    """Whether a field is read as its source says; several answers for files."""
    sender = mail.from_
    match field:
        case "subject":
            return [squeezed(wanted) == squeezed(mail.subject)]
        case "from_email":
            return [wanted == (sender.email.lower() if sender else "")]
        case "from_name":
            return [wanted.lower() == (sender.name.lower() if sender else "")]
        case "to_first":
            return [wanted in {address.email.lower() for address in mail.to}]
        case "to":
            return [set(wanted) == {address.email.lower() for address in mail.to}]
        case "date":
            return [mail.date is not None and datetime.fromisoformat(wanted) == mail.date]
        case "message_id" | "in_reply_to":
            return [wanted.strip("<>") == getattr(mail, field)]
        case "references":
            return [[one.strip("<>") for one in wanted] == mail.references]
        case "text":
            return [alike(wanted, mail.text)]
        case "html" | "text_words" | "html_words":
            page = text_of(wanted) if field == "html" else wanted
            return [alike(page, mail.text) or alike(page, text_of(mail.html))]
        case "n_attachments":
            return [wanted == len(mail.attachments)]
        case "attachments":
            return list(read_files(mail, wanted))
        case "bounce":
            return [(mail.bounce is not None) == wanted]
    raise AssertionError(field)


def read_files(mail: ParsedEmail, wanted: list[dict[str, Any]]) -> Iterator[bool]:
    yield len(mail.attachments) == len(wanted)
    if names := Counter(one["filename"] for one in wanted if one.get("filename")):
        yield not names - Counter(file.filename for file in mail.attachments)
    if digests := Counter(one["sha256"] for one in wanted if one.get("sha256")):
        yield not digests - Counter(
            hashlib.sha256(file.content).hexdigest() for file in mail.attachments
        )


def test_fields():
    answers = [
        answer
        for _name, mail, wanted in cases("mail")
        for field, value in wanted.items()
        for answer in read(mail, field, value)
    ]

    assert len(answers) == 252
    assert sum(answers) >= 240
    assert sum(answers) / len(answers) >= 0.95


def test_bounces():
    bounced = [
        (mail, rows)
        for _name, mail, rows in cases("bounce")
        if rows and not {row["reason"] for row in rows} & NOT_BOUNCED
    ]
    found = [(mail.bounce, rows) for mail, rows in bounced if mail.bounce]
    certain = [(bounce, rows) for bounce, rows in found if len({row["hard"] for row in rows}) == 1]

    assert len(bounced) == 137
    assert len(found) >= 136
    assert sum(bounce.hard == rows[0]["hard"] for bounce, rows in certain) >= 131


def test_what_is_no_bounce_is_none():
    ordinary = [mail for _name, mail, wanted in cases("mail") if "bounce" not in wanted]
    vacations = [
        mail
        for _name, mail, rows in cases("bounce")
        if any(row["reason"] == "vacation" for row in rows)
    ]

    assert ordinary
    assert not any(mail.bounce for mail in ordinary)
    assert vacations
    assert all(mail.automatic for mail in vacations)


def new_words(case: dict[str, Any]) -> str:
    if "input_b64" in case:
        return visible_text(parse(base64.b64decode(case["input_b64"])).text)
    if case["kind"] == "html":
        page = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + case["input"].encode()
        return visible_text(parse(page).text)
    return visible_text(case["input"])


def test_replies():
    lines = (FOREIGN / "reply" / "cases.jsonl").read_text().splitlines()
    exact = 0
    for case in map(json.loads, lines):
        got, wanted = squeezed(new_words(case)), squeezed(case["reply"])
        exact += got.startswith(wanted) if case.get("first") else got == wanted
        assert not words(wanted) - words(got), f"{case['id']} lost words"

    assert len(lines) == 30
    assert exact >= 27
