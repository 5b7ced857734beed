"""Every file of contracts/fixtures/email against its `expected.json`, through the journal."""

import json
from typing import Any

import pytest
from django.utils import timezone

from channels_ingest.models import InboundEvent
from crm import identifying
from crm.identifying import Handle
from crm.models import Consent, Identity
from tests.channels_ingest.email.conftest import FIXTURES, message_of
from tickets.models import Delivery, Message, Ticket, TicketLink

pytestmark = pytest.mark.django_db

EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())["files"]
MESSAGES = [
    name
    for name, wanted in EXPECTED.items()
    if wanted["kind"] in ("customer_message", "auto_reply", "list") and not name.startswith("30")
]


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name, ticket, feed):
    wanted = EXPECTED[name]

    event = feed(name)

    assert (event.state, event.reason) == (InboundEvent.State.PROCESSED, "")
    message = message_of(event)
    assert_thread(message, ticket, wanted)
    assert_text(message, wanted)
    assert_sender(message, wanted)
    assert_files(message, wanted)
    assert message.automatic is (wanted["kind"] != "customer_message")
    Message.objects.filter(pk=message.pk).update(external_id="other@example.com")
    assert feed(name).pk == event.pk
    assert Message.objects.filter(inbound_event_id=event.pk).count() == 1


def assert_thread(message: Message, ticket: Ticket, wanted: dict[str, Any]) -> None:
    joined = message.ticket == ticket
    links = TicketLink.objects.filter(ticket=message.ticket, other=ticket)
    match wanted["thread"]:
        case "T1":
            assert joined
        case "new":
            assert not joined
            assert not links.exists()
        case _:
            assert not joined
            assert links.get().kind == TicketLink.Kind.MAY_BELONG
    if "token_valid" in wanted:
        assert (message.threaded_by == Message.Rule.TOKEN) is wanted["token_valid"]


def assert_text(message: Message, wanted: dict[str, Any]) -> None:
    if "subject" in wanted:
        assert message.subject == wanted["subject"]
    assert len(message.subject) >= wanted.get("subject_min_length", 0)
    assert wanted.get("text_contains", "") in message.body_text
    if "stripped_text" in wanted:
        assert squeezed(message.reply_text) == squeezed(wanted["stripped_text"])
        assert wanted["stripped_absent"] not in message.reply_text
        assert wanted["stripped_absent"] in squeezed(message.body_text)
    for piece in wanted.get("stripped_must_contain", ()):
        assert piece in message.reply_text
    for piece in wanted.get("html_must_not_contain", ()):
        assert piece not in message.body_html
    for piece in wanted.get("html_must_contain", ()):
        assert piece in message.body_html


def assert_sender(message: Message, wanted: dict[str, Any]) -> None:
    assert message.sender is not None
    if "from_name" in wanted:
        assert message.sender.name == wanted["from_name"]
    if "from_addr" in wanted:
        assert message.sender.display == wanted["from_addr"]
    assert message.authentication == wanted.get("auth", "none")
    assert bool(message.context.get("reply_to")) is wanted.get("reply_to_differs", False)


def assert_files(message: Message, wanted: dict[str, Any]) -> None:
    if "attachments" not in wanted:
        return
    files = {each.name: each for each in message.attachments.all()}
    for expected in wanted["attachments"]:
        file = files[expected["filename"]]
        assert file.inline is expected.get("inline", False)
        assert file.content_type == expected.get("type", file.content_type)
        assert (file.mark == "from_tnef") is expected.get("from_tnef", False)


def test_reused_message_id(ticket, feed):
    first = feed("30a_duplicate_message_id_first.eml")
    again = feed("30b_duplicate_message_id_same.eml")
    other = feed("30c_duplicate_message_id_other_body.eml")

    assert again == first
    message = message_of(other)
    assert message.ticket == message_of(first).ticket != ticket
    assert message.flagged
    assert "duplikat paragonu" in message.body_text


def test_hard_bounce_fails_the_delivery_and_marks_the_address(ticket, feed):
    gone = identifying.find_or_create(Handle(Identity.Kind.EMAIL, "nieistnieje@example.com"))
    Ticket.objects.filter(pk=ticket.pk).update(status=Ticket.Status.PENDING)

    report = message_of(feed("19_dsn_hard_bounce.eml"))

    assert (report.ticket, report.automatic) == (ticket, True)
    gone.refresh_from_db()
    assert gone.unreachable_at is not None
    assert "nieistnieje@example.com" in ticket.messages.get(direction="note").body_text


def test_delayed_mail_changes_nothing(ticket, feed):
    report = message_of(feed("20_dsn_delayed.eml"))

    assert report.ticket == ticket
    assert Delivery.objects.get().state == Delivery.State.SENT
    assert not Identity.objects.filter(unreachable_at__isnull=False).exists()


def test_soft_bounce_in_words_marks_no_address(ticket, feed):
    identifying.find_or_create(Handle(Identity.Kind.EMAIL, "pelna@example.com"))

    report = message_of(feed("21_bounce_nonstandard_plain.eml"))

    assert report.ticket == ticket
    assert "pelna@example.com" in ticket.messages.get(direction="note").body_text
    assert not Identity.objects.filter(unreachable_at__isnull=False).exists()


def test_complaint_ends_mail_that_nobody_needs(ticket, feed):
    person = identifying.find_or_create(Handle(Identity.Kind.EMAIL, "ktos@example.com"))

    report = message_of(feed("22_arf_complaint.eml"))

    assert report.ticket == ticket
    consents = Consent.objects.filter(customer=person.customer)
    assert {(each.purpose, each.granted) for each in consents} == {
        ("marketing", False),
        ("surveys", False),
    }


def test_own_mail_that_comes_back_is_no_ticket(ticket, feed):
    event = feed("39_own_message_loop.eml")

    assert (event.state, event.reason) == ("ignored", "our own mail came back")
    assert Ticket.objects.get() == ticket


def test_read_receipt_is_a_mark(ticket, feed):
    feed("41_read_receipt_mdn.eml")

    delivery = Delivery.objects.get()
    assert (delivery.ticket_id, delivery.state) == (ticket.pk, Delivery.State.READ)
    assert not Message.objects.filter(automatic=True).exists()


@pytest.mark.parametrize("status", [Ticket.Status.SOLVED, Ticket.Status.CLOSED])
def test_answer_to_a_finished_ticket(status, ticket, feed):
    now = timezone.now()
    Ticket.objects.filter(pk=ticket.pk).update(status=status, solved_at=now, closed_at=now)

    message = message_of(feed("43_reply_subject_changed_closed_ticket.eml"))

    if status == Ticket.Status.SOLVED:
        assert message.ticket == ticket
    else:
        link = TicketLink.objects.get(ticket=message.ticket)
        assert (link.other, link.kind) == (ticket, TicketLink.Kind.FOLLOW_UP)


def test_automatic_answer_reopens_nothing(ticket, feed):
    Ticket.objects.filter(pk=ticket.pk).update(
        status=Ticket.Status.SOLVED, solved_at=timezone.now(), waiting_since=None
    )

    message = message_of(feed("23_autoreply_exchange_poza_biurem.eml"))

    ticket.refresh_from_db()
    assert message.ticket == ticket
    assert (ticket.status, ticket.waiting_since) == (Ticket.Status.SOLVED, None)


def test_forwarded_mail_names_who_wrote_it(ticket, feed):
    message = message_of(feed("18_forwarded_inline_by_colleague.eml"))

    assert message.context["forwarded_from"] == {
        "name": "Jan Przykładowy",
        "email": "jan@example.com",
    }


def test_invitation_becomes_a_card(ticket, feed):
    card = message_of(feed("34_calendar_invite.eml")).context["invitation"]

    assert card["method"] == "REQUEST"
    assert card["starts_at"]
