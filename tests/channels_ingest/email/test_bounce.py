"""Bounces in every form are known, hard from soft, and nothing else is taken for one."""

import pytest

from channels_ingest.email.automatic import Kind
from channels_ingest.email.mime import ParsedEmail, parse

OURS = "hd.9b0c6c1e-0000-4000-8000-000000000001@sklep.example.pl"


def free_form(text: str, sender: str = "MAILER-DAEMON@mx.example.com") -> ParsedEmail:
    return parse(
        f"Return-Path: <>\r\nFrom: {sender}\r\nTo: pomoc@sklep.example.pl\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\n\r\n{text}".encode()
    )


def report(action: str, status: str, diagnostic: str) -> ParsedEmail:
    return parse(
        'From: MAILER-DAEMON@mx.example.com\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n'
        "--b\r\n\r\nYour mail.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; anna@example.com\r\n"
        f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{OURS}>\r\n\r\n--b--\r\n"
        "".encode()
    )


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.1.1", "550 5.1.1 User unknown", Kind.BOUNCE_HARD),
        ("5.0.0", "550 <anna@example.com>... No such user here", Kind.BOUNCE_HARD),
        ("5.4.4", "Host or domain name not found", Kind.BOUNCE_HARD),
        ("5.1.2", "", Kind.BOUNCE_HARD),
        ("5.2.2", "552 5.2.2 Mailbox full", Kind.BOUNCE_SOFT),
        ("5.1.1", "550 user anna over quota", Kind.BOUNCE_SOFT),
        ("5.7.1", "554 5.7.1 Message rejected as spam by our policy", Kind.BOUNCE_SOFT),
        ("5.1.8", "553 5.1.8 Sender address rejected: Domain not found", Kind.BOUNCE_SOFT),
        ("4.4.7", "Delivery time expired", Kind.BOUNCE_SOFT),
        ("5.0.0", "something else", Kind.BOUNCE_SOFT),
    ],
)
def test_report_of_a_failure(status, diagnostic, kind):
    found = report("failed", status, diagnostic)

    assert found.kind is kind
    assert found.bounce is not None
    assert found.bounce.hard is (kind is Kind.BOUNCE_HARD)
    assert found.bounce.recipients == ["anna@example.com"]
    assert found.bounce.original_message_id == OURS


def test_general_code_gives_way_to_the_other_servers():
    bounce = report("failed", "5.0.0", "550 5.1.1 unknown").bounce

    assert bounce is not None
    assert bounce.status == "5.1.1"


@pytest.mark.parametrize(
    ("action", "kind"),
    [("delayed", Kind.BOUNCE_DELAYED), ("delivered", Kind.DELIVERY_REPORT)],
)
def test_report_of_no_failure(action, kind):
    found = report(action, "4.4.1" if action == "delayed" else "2.0.0", "")

    assert found.kind is kind
    assert found.automatic


QMAIL = """Hi. This is the qmail-send program.

<anna@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy"""
EXIM = """A message that you sent could not be delivered to one or more of its recipients.

  anna@example.com
    all hosts have been failing for a long time"""
EXCHANGE = """Your message did not reach some or all of the intended recipients.

anna@example.com
    The e-mail address could not be found."""


@pytest.mark.parametrize(
    ("text", "hard"),
    [
        (QMAIL, True),
        (EXIM, False),
        (EXCHANGE, True),
        ("Wiadomość do anna@example.com nie została dostarczona.\nSkrzynka przepełniona.", False),
        ("Wiadomość nie została dostarczona: nie ma takiego adresu: anna@example.com", True),
        ("Nie można dostarczyć: 550 nieznany użytkownik anna@example.com", True),
    ],
)
def test_bounce_in_free_form(text, hard):
    found = free_form(f"{text}\n\nReceived: from x\nMessage-ID: <{OURS}>\n")

    assert found.bounce is not None
    assert found.bounce.hard is hard
    assert found.bounce.recipients == ["anna@example.com"]
    assert found.bounce.original_message_id == OURS


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ("Subject: Niedostarczona paczka", "Kurier: nie można dostarczyć, adresat nieznany."),
        ("Subject: Re: Undelivered Mail", "Your message could not be delivered, why? 550 5.1.1"),
        ("Subject: Automatic reply\r\nAuto-Submitted: auto-replied", "I am out of office."),
    ],
)
def test_ordinary_mail_is_no_bounce(fields, text):
    found = parse(f"From: Anna <anna@example.com>\r\n{fields}\r\n\r\n{text}".encode())

    assert found.bounce is None


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("Auto-Submitted: auto-generated", Kind.AUTO_REPLY),
        ("Auto-Submitted: auto-replied (vacation)", Kind.AUTO_REPLY),
        ("X-Autoreply: yes", Kind.AUTO_REPLY),
        ("Precedence: auto_reply", Kind.AUTO_REPLY),
        ("Subject: Odpowiedź automatyczna: Pytanie", Kind.AUTO_REPLY),
        ("Subject: Automatic reply: Question", Kind.AUTO_REPLY),
        ("Precedence: bulk", Kind.LIST),
        ("List-Unsubscribe: <mailto:x@example.com>", Kind.LIST),
        ("X-Auto-Response-Suppress: DR, AutoReply", Kind.NOTIFICATION),
        ("Return-Path: <>", Kind.NOTIFICATION),
        ("X-Helpdesk-Loop: sklep.example.pl", Kind.OWN_LOOP),
        (f"Message-ID: <{OURS}>", Kind.OWN_LOOP),
        ("Auto-Submitted: no", Kind.CUSTOMER_MESSAGE),
        ("Return-Path: <anna@example.com>", Kind.CUSTOMER_MESSAGE),
        ("Precedence: first-class", Kind.CUSTOMER_MESSAGE),
    ],
)
def test_automatic_mail(field, kind):
    found = parse(f"From: Anna <anna@example.com>\r\n{field}\r\n\r\nDzień dobry".encode())

    assert found.kind is kind
    assert found.automatic is (kind is not Kind.CUSTOMER_MESSAGE)


@pytest.mark.parametrize(
    ("address", "automatic"),
    [
        ("noreply@shop.pl", True),
        ("no-reply+42@shop.pl", True),
        ("nie-odpowiadaj@shop.pl", True),
        ("postmaster@shop.pl", True),
        ("bounces+1=2@shop.pl", True),
        ("norbert@shop.pl", False),
        ("bouncer.anna@shop.pl", False),
    ],
)
def test_names_behind_which_nobody_reads(address, automatic):
    found = parse(f"From: {address}\r\nSubject: x\r\n\r\nDzień dobry".encode())

    assert found.automatic is automatic


AFTER_DATA = "<anna@example.com>: host mx said: 550 Unknown user anna (in reply to end of DATA)"
PIPELINED = (
    ">>> DATA\n<<< 550 <anna@example.com>: User unknown\n"
    "550 5.1.1 <anna@example.com>... User unknown\n<<< 503 need RCPT"
)
WRAPPED = "anna@example.com: 5.1.0 - Unknown address error 550-'5.7.1 <a@b>... Access denied'"


@pytest.mark.parametrize(
    ("text", "hard"),
    [
        (AFTER_DATA, False),  # taken at RCPT: it is the message that they refuse
        (PIPELINED, True),
        ("after MAIL FROM:<pomoc@sklep.pl>: 553 sklep.pl does not exist: anna@example.com", False),
        (WRAPPED, False),
        ("554 5.7.1 <anna@example.com>: Recipient address rejected: Access denied", True),
        ("Das Postfach von anna@example.com ist voll.", False),
        ("Empfänger anna@example.com wurde nicht gefunden.", True),
        ("anna@example.com: la boîte de réception est pleine", False),
        ("L'adresse anna@example.com n'existe pas.", True),
        ("Brak takiego użytkownika: anna@example.com", True),
    ],
)
def test_why_a_server_refused(text, hard):
    found = free_form(text).bounce

    assert found is not None
    assert found.hard is hard


@pytest.mark.parametrize(
    "text",
    [
        "Ihre Nachricht konnte nicht zugestellt werden: anna@example.com",
        "Votre message n'a pas pu être remis à anna@example.com",
        "No se pudo entregar su mensaje a anna@example.com",
        "Impossibile recapitare il messaggio a anna@example.com",
        "Wiadomość nie mogła zostać dostarczona do anna@example.com",
        "Uw bericht kon niet worden bezorgd bij anna@example.com",
    ],
)
def test_bounces_of_other_languages(text):
    found = parse(f"From: postmaster@example.com\r\nSubject: Info\r\n\r\n{text}".encode())

    assert found.bounce is not None
    assert found.bounce.recipients == ["anna@example.com"]
