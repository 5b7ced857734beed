"""What a mail's bytes say: fields, bodies, files; damaged and endless ones included."""

import base64
import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels_ingest.email import charset, flowed, tnef
from channels_ingest.email.addresses import Address, parse_addresses
from channels_ingest.email.dates import parse_date
from channels_ingest.email.journal_key import journal_key
from channels_ingest.email.mime import ParsedEmail, parse
from tests.channels_ingest.email.bombs import BOMBS, HEAD

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())["files"]


def mail(fields: str = "", body: str | bytes = "") -> ParsedEmail:
    content = body if isinstance(body, bytes) else body.encode()
    return parse(HEAD + fields.encode() + b"\r\n" + content)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_fixture_is_read_as_expected(name):
    wanted = EXPECTED[name]
    found = parse((FIXTURES / name).read_bytes())

    if wanted["kind"] != "duplicate":  # which only the store can see
        assert found.kind == wanted["kind"]
    assert found.automatic is (wanted["kind"] not in ("customer_message", "duplicate"))
    assert wanted.get("text_contains", "") in found.text
    assert found.subject == wanted.get("subject", found.subject)
    if "attachments" in wanted:
        names = [file.filename for file in found.attachments]
        assert [each["filename"] for each in wanted["attachments"]] == [
            name for name in names if name != "winmail.dat"
        ]


# Fields


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("=?utf-8?q?Za=C5=BC=C3=B3=C5=82=C4=87?=", "Zażółć"),
        ("=?utf-8?b?xbs=?= =?utf-8?b?w7PFgnc=?=", "Żółw"),
        # cut in the middle of a character, as some senders do
        ("=?utf-8?q?=C5?= =?utf-8?q?=BCuk?=", "żuk"),
        ("=?iso-8859-2?Q?p=EAkni=EAty?= kubek", "pęknięty kubek"),
        ('"=?utf-8?q?w_cudzys=C5=82owie?="', '"w cudzysłowie"'),
        ("=?utf-8?b?bez konca", "=?utf-8?b?bez konca"),
        ("=?nieznany?q?a=20b?=", "a b"),
        ("wiersz\x00 z\x07 dzwonkiem", "wiersz z dzwonkiem"),
        ("plik\u202egpj.exe", "plikgpj.exe"),
    ],
)
def test_subject(written, wanted):
    assert parse(f"Subject: {written}\r\n\r\n".encode()).subject == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Anna <anna@example.com>", [("Anna", "anna@example.com")]),
        ("anna@example.com (Anna)", [("Anna", "anna@example.com")]),
        ("Kowalska, Anna <a@example.com>", [("Kowalska, Anna", "a@example.com")]),
        (
            '"Kowalska, Anna" <a@example.com>, b@example.com',
            [("Kowalska, Anna", "a@example.com"), ("", "b@example.com")],
        ),
        ("undisclosed-recipients:;", []),
        ("Zespół: a@x.pl, B <b@x.pl>; c@x.pl", [("", "a@x.pl"), ("B", "b@x.pl"), ("", "c@x.pl")]),
        ('"bank@bank.pl" <zly@example.com>', [("bank@bank.pl", "zly@example.com")]),
        ('"a b"@example.com', [("", '"a b"@example.com')]),
        ("=?utf-8?q?Jan_=3Cjan=40example=2Ecom=3E?=", [("Jan", "jan@example.com")]),
        ("MAILER-DAEMON (Mail System)", [("Mail System", "MAILER-DAEMON")]),
        ("Bez Adresu", []),
        ("<>", []),
    ],
)
def test_addresses(written, wanted):
    assert [(each.name, each.email) for each in parse_addresses(written)] == wanted


def test_addresses_compare_in_ascii_form():
    assert Address("", "Anna@ŻÓŁW.pl").key == Address("", "anna@xn--w-uga1v8h.PL").key


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Sun, 22 Nov 2026 11:00:00 +0100", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("22 Nov 2026 11:00 CET", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T11:00:00+01:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("Sun, 22 Nov 2026 10:00:60 -0000", datetime(2026, 11, 22, 10, 1, tzinfo=UTC)),
        ("niedziela, 22.11.2026 10:15", None),
        ("Sun, 99 Nov 2026 10:00:00 +0000", None),
        ("", None),
    ],
)
def test_dates(written, wanted):
    assert parse_date(written) == wanted


def test_date_of_the_future_gives_way_to_the_time_of_arrival():
    found = mail("Date: Sun, 22 Nov 2099 11:00:00 +0100\r\n")
    arrived_at = datetime(2026, 11, 22, 10, tzinfo=UTC)

    assert found.occurred_at(arrived_at) == arrived_at


def test_long_references_keep_the_first_and_the_newest():
    found = mail("References: " + "\r\n ".join(f"<{n}@x>" for n in range(50_000)) + "\r\n")

    assert found.references[0] == "0@x"
    assert len(found.references) == 21


def test_token_is_looked_for_where_the_mail_arrived_first():
    found = mail("Delivered-To: a@x.pl\r\nX-Gm-Original-To: b@x.pl\r\nCc: c@x.pl\r\n")

    assert [each.email for each in found.recipients] == [
        "b@x.pl",
        "a@x.pl",
        "pomoc@sklep.example.pl",
        "c@x.pl",
    ]


# Charsets


@pytest.mark.parametrize(
    ("data", "declared", "wanted"),
    [
        ("zażółć".encode(), "", "zażółć"),
        ("zażółć".encode("cp1250"), "", "zażółć"),
        ("zażółć".encode("iso-8859-2"), "latin2", "zażółć"),
        ("ślę źle".encode("cp1250"), "iso-8859-2", "ślę źle"),
        ("zażółć".encode(), "iso-8859-1", "zażółć"),
        ("właśnie".encode("iso-8859-2"), "iso-8859-1", "właśnie"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        ("zażółć".encode("cp1250"), "utf-8", "zażółć"),
        ("zażółć".encode(), "x-unknown", "zażółć"),
        ("zażółć".encode(), "unicode_escape", "zażółć"),
        ("人権".encode("iso2022_jp"), "ISO-2022-JP", "人権"),
        (b"abc", "base64", "abc"),
        ("\ufeffzażółć".encode(), "utf-8", "zażółć"),
    ],
)
def test_charset(data, declared, wanted):
    assert charset.decode(data, declared).text == wanted


# Bodies


def multipart(kind: str, *parts: str) -> ParsedEmail:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    return mail(f'Content-Type: multipart/{kind}; boundary="b"\r\n', body)


def test_placeholder_gives_way_to_the_html():
    found = multipart(
        "alternative",
        "Content-Type: text/plain\r\n\r\nYour mail program does not support HTML.",
        "Content-Type: text/html\r\n\r\n<p>Dzień dobry</p>",
    )

    assert found.text == "Dzień dobry"


def test_text_parts_are_joined_in_order_and_named_ones_are_files():
    found = multipart(
        "mixed",
        "\r\npierwsza",
        "Content-Type: text/html\r\n\r\n<p>druga</p>",
        "Content-Type: text/plain; name=lista.txt\r\n\r\nplik",
    )

    assert found.text == "pierwsza\ndruga"
    assert [file.filename for file in found.attachments] == ["lista.txt"]


def test_image_counts_as_inline_only_where_the_html_shows_it():
    found = multipart(
        "related",
        'Content-Type: text/html\r\n\r\n<img src="cid:jedno@x">',
        "Content-Type: image/png\r\nContent-ID: <jedno@x>\r\n\r\nA",
        "Content-Type: image/png\r\nContent-ID: <drugie@x>\r\n\r\nB",
    )

    assert [file.inline for file in found.attachments] == [True, False]


def test_forwarded_mail_is_a_file_and_its_fields_are_its_own():
    found = parse((FIXTURES / "17_forwarded_message_rfc822.eml").read_bytes())

    assert found.references == []
    assert b"References:" in found.attachments[0].content


@pytest.mark.parametrize(
    ("disposition", "wanted"),
    [
        ('filename="../../etc/passwd"', "passwd"),
        (r'filename="C:\\dane\\faktura.pdf"', "faktura.pdf"),
        ("filename*=UTF-8''za%C5%BC%C3%B3%C5%82%C4%87.pdf", "zażółć.pdf"),
        ("filename*0*=UTF-8''d%C5%82; filename*1=uga.pdf", "długa.pdf"),
        ('filename="=?utf-8?q?zdj=C4=99cie=2Epng?="', "zdjęcie.png"),
        ('filename="gpj.\u202eexe"', "gpj.exe"),
        ('filename="con.txt"', "_con.txt"),
        ('filename="' + "a" * 500 + '.pdf"', "a" * 196 + ".pdf"),
        ('filename=""', "zalacznik-1.pdf"),
        ('filename=".."', "zalacznik-1.pdf"),
    ],
)
def test_file_names(disposition, wanted):
    found = mail(
        f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {disposition}\r\n", "x"
    )

    assert [file.filename for file in found.attachments] == [wanted]


def test_flowed_lines_are_joined_within_their_depth():
    text = "raz \ndwa\n> cytat \n> dalej\n>> głębiej\n-- \npodpis"

    assert flowed.unflow(text, delete_space=False) == (
        "raz dwa\n> cytat dalej\n>> głębiej\n-- \npodpis"
    )


def test_invitation_is_read():
    card = parse((FIXTURES / "34_calendar_invite.eml").read_bytes()).invitation

    assert card is not None
    assert card.method == "REQUEST"
    assert card.summary == "Odbiór reklamacji"
    assert card.starts_at == datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_winmail_dat_is_unpacked_and_kept():
    found = parse((FIXTURES / "26_tnef_winmail_dat.eml").read_bytes())

    assert [(file.filename, file.from_tnef) for file in found.attachments] == [
        ("winmail.dat", False),
        ("umowa.txt", True),
    ]


def test_broken_winmail_dat_stays_a_file():
    content = base64.b64encode(tnef.SIGNATURE + b"\xff" * 300).decode()
    found = mail(
        "Content-Type: application/ms-tnef; name=winmail.dat\r\n"
        "Content-Transfer-Encoding: base64\r\n",
        content,
    )

    assert [file.filename for file in found.attachments] == ["winmail.dat"]


def test_base64_with_rubbish_is_read_and_noted():
    found = mail("Content-Transfer-Encoding: base64\r\n", "RHpp!!ZcWE\r\n")

    assert found.text.startswith("Dzi")
    assert "encoding" in found.damaged


def test_header_goes_on_behind_rubbish_lines():
    found = parse(b"Subject: raz\r\nsmieci bez dwukropka\r\nFrom: anna@example.com\r\n\r\ntekst")

    assert found.from_ == Address("", "anna@example.com")
    assert found.text == "tekst"


def test_body_without_a_blank_line_before_it_is_not_lost():
    found = parse(b"Subject: raz\r\nDzien dobry, gdzie jest paczka?\r\nAnna\r\n")

    assert found.text.startswith("Dzien dobry")


def test_long_text_is_cut_for_reading_and_kept_whole_as_a_file():
    found = mail("", b"abcdefg\n" * 300_000)

    assert "truncated" in found.damaged
    assert len(found.text) <= 1024 * 1024
    assert len(found.attachments[0].content) == 2_400_000


def test_content_hash_does_not_depend_on_the_encoding():
    plain = mail("Content-Type: text/plain; charset=utf-8\r\n", "Zażółć")
    encoded = mail(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n",
        base64.b64encode("Zażółć\r\n".encode()),
    )

    assert plain.content_hash == encoded.content_hash
    assert plain.content_hash != mail("", "co innego").content_hash


# The journal's key


def test_key_is_equal_for_a_copy_and_differs_for_another_mail_of_the_same_id():
    first, same, other = (
        journal_key((FIXTURES / name).read_bytes())
        for name in (
            "30a_duplicate_message_id_first.eml",
            "30b_duplicate_message_id_same.eml",
            "30c_duplicate_message_id_other_body.eml",
        )
    )

    assert first == same
    assert first != other
    assert first.startswith("message:")


def test_key_does_not_depend_on_how_the_mail_came():
    raw = (FIXTURES / "01_plain_utf8_qp_new.eml").read_bytes()

    assert journal_key(raw) == journal_key(raw.replace(b"\r\n", b"\n"))
    assert journal_key(raw) == journal_key(b"X-Trace: 1\r\n" + raw)


# Whatever the bytes are


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
@example(b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")
@example(b"Content-Type: text/plain; charset=\xff\r\n\r\n\xff")
def test_any_bytes_are_read(raw):
    found = parse(raw)

    assert "unreadable" not in found.damaged
    assert journal_key(raw)


_FIELD = st.sampled_from(
    "From To Date Subject Content-Type Content-Disposition References Return-Path"
    " Content-Transfer-Encoding X-Failed-Recipients Auto-Submitted".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_FIELD, st.text(max_size=60)), max_size=6), st.text(max_size=60))
def test_any_fields_are_read(fields, body):
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)

    found = parse(f"{head}\r\n{body}".encode("utf-8", "surrogatepass"))

    assert "unreadable" not in found.damaged
    assert "\x00" not in found.subject + found.text


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_truncated_and_corrupted_mail_is_read(name):
    raw = (FIXTURES / name).read_bytes()
    dice = random.Random(name)

    for _ in range(20):
        cut = raw[: dice.randrange(len(raw))]
        spoilt = bytearray(raw)
        for _ in range(10):
            spoilt[dice.randrange(len(raw))] = dice.randrange(256)
        for each in (cut, bytes(spoilt)):
            assert "unreadable" not in parse(each).damaged


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_hostile_mail_costs_little(name):
    raw = BOMBS[name]()
    began = time.process_time()

    found = parse(raw)
    journal_key(raw)

    assert time.process_time() - began < 3
    assert found.subject == "Pytanie"
    assert "unreadable" not in found.damaged


# ---------------------------------------------------------------- what programs get wrong


def test_parameter_that_lost_its_fold_is_read():
    found = mail(
        'Content-Type: multipart/mixed;\r\nboundary="b"\r\n',
        "--b\r\nContent-Type: text/plain\r\n\r\nDzień dobry\r\n--b--\r\n",
    )

    assert found.text == "Dzień dobry"


def test_header_goes_on_behind_a_line_of_blanks():
    found = parse(b"To: a@example.com,\n \n\tb@example.com\nSubject: Zwrot\n\nTekst")

    assert [address.email for address in found.to] == ["a@example.com", "b@example.com"]
    assert (found.subject, found.text) == ("Zwrot", "Tekst")


def test_body_may_begin_with_a_line_of_blanks():
    found = parse(b"Subject: Zwrot\n \nTekst: jaki?\n")

    assert (found.subject, found.text) == ("Zwrot", "Tekst: jaki?")


def test_parts_behind_a_boundary_closed_twice_are_read():
    inner = "--b\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    text = "--b\r\nContent-Type: text/plain\r\n\r\nTekst\r\n--b--\r\n"
    file = "--b\r\nContent-Type: image/png; name=a.png\r\n\r\nx\r\n--b--\r\n"
    found = mail("Content-Type: multipart/mixed; boundary=b\r\n", inner + text + file)

    assert found.text == "Tekst"
    assert [one.filename for one in found.attachments] == ["a.png"]


def test_of_two_types_the_one_that_the_content_bears_out():
    types = "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain\r\n"

    assert mail(types, "Dzień dobry").text == "Dzień dobry"
    assert mail(types, "--b\r\n\r\nW części\r\n--b--").text == "W części"


def test_footer_put_into_an_alternative_does_not_hide_the_text():
    part = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n"
    body = "".join(map(part.format, ["Treść", "Treść", "Stopka bramki"])) + "--b--"

    found = mail("Content-Type: multipart/alternative; boundary=b\r\n", body)

    assert found.text == "Treść\nStopka bramki"


def test_files_without_a_name_are_called_by_what_they_show():
    def part(kind: str, content: str = "x") -> str:
        return f"--b\r\nContent-Type: {kind}\r\n\r\n{content}\r\n"

    kinds = ["image/jpeg", "image/jpeg", "video/quicktime", "application/pdf"]
    message = part("message/rfc822", "Subject: Faktura 1/2\r\n\r\nx")
    body = "".join(map(part, kinds)) + message + "--b--"

    found = mail("Content-Type: multipart/mixed; boundary=b\r\n", body)

    assert [file.filename for file in found.attachments] == [
        "image.jpg",
        "image1.jpg",
        "video.mov",
        "zalacznik-4.pdf",
        "Faktura 1-2.eml",
    ]


@pytest.mark.parametrize(
    ("data", "declared", "wanted"),
    [
        ("一杯のため".encode(), "iso-2022-jp", "一杯のため"),
        ("メールの配信".encode("euc_jp"), "iso-2022-jp", "メールの配信"),
        ("Юникод запреще".encode() + b"\xd0", "", "Юникод запреще\ufffd"),
    ],
)
def test_charsets_that_are_not_what_they_say(data, declared, wanted):
    assert charset.decode(data, declared).text == wanted


def test_apostrophes_of_a_name():
    addresses = parse_addresses("\"'Anna' via Sklep\" <a@example.com>, 'Jan' <b@example.com>")

    assert [address.name for address in addresses] == ["'Anna' via Sklep", "Jan"]


def test_comments_inside_an_address():
    found = parse_addresses("Pete <pete(his account)@silly.test(his host)>")

    assert [address.email for address in found] == ["pete@silly.test"]
