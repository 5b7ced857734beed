"""The journal, the outbox, the audit log and the health page."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEntry, User
from channels_ingest import journal
from channels_ingest.models import Connection, InboundEvent
from helpdesk import health
from history import readers
from history.models import Event, ReaderFailure
from history.recording import Actor
from tests.factories import make_channel, make_ticket, make_user
from tests.servers import serving_smtp
from tickets import replying
from tickets.models import Delivery
from tickets.replying import Draft


def _dead_event(raw: bytes = b"not what was promised") -> InboundEvent:
    channel = make_channel("chat")
    event, _new = journal.keep("chat", str(channel.public_id), "message:1", raw, channel=channel)
    event.state, event.reason = InboundEvent.State.DEAD, "Malformed: no <b>text</b>"
    event.save()
    return event


def test_dead_events_are_listed_with_their_reason(signed_in: Client) -> None:
    event = _dead_event()

    listed = signed_in.get(reverse("settings:journal")).content.decode()

    assert reverse("settings:event", args=[event.pk]) in listed
    assert "no &lt;b&gt;text" in listed
    assert signed_in.get(reverse("settings:event", args=[event.pk])).status_code == 200


def test_original_is_saved_never_shown(signed_in: Client, admin: User) -> None:
    raw = b"<script>alert(1)</script>\x00\xff"
    event = _dead_event(raw)

    response = signed_in.get(reverse("settings:event-raw", args=[event.pk]))

    assert response.content == raw
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert AuditEntry.objects.get(action="journal.original_downloaded").actor_id == admin.pk


def test_event_is_tried_again(signed_in: Client) -> None:
    event = _dead_event()

    response = signed_in.post(reverse("settings:event-replay", args=[event.pk]), follow=True)

    event.refresh_from_db()
    assert event.state == InboundEvent.State.DEAD
    assert "It failed again" in response.content.decode()
    assert AuditEntry.objects.filter(action="journal.replayed").exists()


def test_dead_event_is_left_with_a_reason(signed_in: Client) -> None:
    event = _dead_event()

    signed_in.post(reverse("settings:event-discard", args=[event.pk]), {"reason": "a test"})

    event.refresh_from_db()
    assert (event.state, event.reason) == (InboundEvent.State.IGNORED, "a test")


def _failed_delivery(state: str = "failed", **settings: Any) -> Delivery:
    ticket = make_ticket(make_channel("email", settings=settings))
    user = make_user()
    replying.reply(ticket, Draft("Dzień dobry"), by=Actor("agent", user.pk), user=user)
    delivery = Delivery.objects.get(message__ticket=ticket)
    delivery.state, delivery.error = state, "The server does not answer <now>"
    delivery.save()
    return delivery


def test_failed_answers_are_listed_with_their_reason(signed_in: Client) -> None:
    delivery = _failed_delivery()

    listed = signed_in.get(reverse("settings:outbox")).content.decode()

    assert f"/inbox/{delivery.message.ticket.number}/" in listed
    assert "does not answer &lt;now&gt;" in listed


def test_answer_is_sent_again(signed_in: Client) -> None:
    with serving_smtp() as sink:
        delivery = _failed_delivery(**sink.settings())
        signed_in.post(reverse("settings:delivery-retry", args=[delivery.pk]))
        signed_in.post(reverse("settings:delivery-retry", args=[delivery.pk]))  # a second click
        mails = sink.wait_for()

    delivery.refresh_from_db()
    assert (delivery.state, len(mails)) == ("sent", 1)
    assert AuditEntry.objects.filter(action="delivery.retried").count() == 1


def test_uncertain_answer_is_called_sent(signed_in: Client) -> None:
    delivery = _failed_delivery("uncertain")

    signed_in.post(reverse("settings:delivery-call-sent", args=[delivery.pk]))

    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.SENT


def _reader_failure(attempts: int = 3) -> ReaderFailure:
    event = Event.objects.latest("pk")
    return ReaderFailure.objects.create(
        reader="chat", event=event, attempts=attempts, error="KeyError: 'x'", dead=attempts >= 3
    )


def _letters(signed_in: Client) -> str:
    return signed_in.get(reverse("settings:dead-letters")).content.decode()


def test_everything_that_failed_for_good_is_in_one_list(signed_in: Client) -> None:
    _dead_event()
    failed, uncertain = _failed_delivery(), _failed_delivery("uncertain")
    _reader_failure()

    listed = _letters(signed_in)

    assert "Malformed: no &lt;b&gt;text" in listed
    assert f"#{failed.message.ticket.number}" in listed
    assert f"#{uncertain.message.ticket.number}" in listed
    assert "KeyError: &#x27;x&#x27;" in listed
    assert "4 things failed for good" in health.results()["dead_letters"]
    assert "needs somebody" in signed_in.get(reverse("settings:health")).content.decode()


def test_each_letter_can_be_tried_again(signed_in: Client) -> None:
    event = _dead_event()
    with serving_smtp() as sink:
        delivery = _failed_delivery(**sink.settings())
        failure = _reader_failure()
        for source, pk in (
            ("journal", event.pk),
            ("outbox", delivery.pk),
            ("reader", failure.pk),
            ("reader", failure.pk),  # a second click
        ):
            address = reverse("settings:letter-retry", args=[source, pk])
            shown = signed_in.post(address, follow=True).content.decode()
            assert ("It failed again: " in shown) == (source == "journal")
        sink.wait_for()

    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.SENT
    assert not ReaderFailure.objects.exists()
    assert "no &lt;b&gt;text" not in _letters(signed_in)  # its reason is a new one
    assert AuditEntry.objects.filter(action__endswith=".retried").count() == 3


def test_reader_that_fails_again_says_why(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_events: object) -> None:
        raise ValueError("still broken")

    _failed_delivery()
    failure = _reader_failure()
    monkeypatch.setitem(readers._readers, "chat", readers.Reader("chat", broken))

    address = reverse("settings:letter-retry", args=["reader", failure.pk])
    shown = signed_in.post(address, follow=True).content.decode()

    assert "It failed again: ValueError: still broken" in shown


def test_each_letter_can_be_left(signed_in: Client) -> None:
    event = _dead_event()
    failed, uncertain = _failed_delivery(), _failed_delivery("uncertain")
    failure = _reader_failure()

    for source, pk in (
        ("journal", event.pk),
        ("outbox", failed.pk),
        ("outbox", uncertain.pk),
        ("reader", failure.pk),
    ):
        signed_in.post(reverse("settings:letter-discard", args=[source, pk]))

    assert "Nothing has failed for good." in _letters(signed_in)
    assert health.results()["dead_letters"] == "ok"
    for row, state in ((failed, "cancelled"), (uncertain, "sent")):
        row.refresh_from_db()
        assert row.state == state
    assert AuditEntry.objects.filter(action__endswith=".discarded").count() == 4


@pytest.mark.parametrize("section", ["journal", "outbox"])
def test_lists_of_trouble_cost_the_same_for_many(
    signed_in: Client, section: str, django_assert_num_queries: Any
) -> None:
    for _number in range(3):
        for _count in range(3):
            _dead_event()
            _failed_delivery()
        # who asks, the rows
        with django_assert_num_queries(2):
            signed_in.get(reverse(f"settings:{section}"))


def test_audit_log_is_read_page_by_page(signed_in: Client, admin: User) -> None:
    for number in range(120):
        audit.record("tag.changed", by=admin, before={"name": "a"}, after={"name": f"b{number}"})

    address, seen = reverse("settings:audit") + "?action=tag.changed", []
    while address:
        content = signed_in.get(address).content.decode()
        seen += re.findall(r"→ (b\d+)<", content)
        older = re.search(r'<a class="btn" href="(\?[^"]*before=\d+[^"]*)"', content)
        address = reverse("settings:audit") + older[1].replace("&amp;", "&") if older else ""

    assert seen == [f"b{number}" for number in reversed(range(120))]


def test_audit_log_costs_the_same_for_many(
    signed_in: Client, django_assert_num_queries: Any
) -> None:
    audit.record("tag.changed", by=None)
    for count in (3, 30):
        for _number in range(count):
            audit.record("tag.changed", by=None)
        # who asks, entries
        with django_assert_num_queries(2):
            signed_in.get(reverse("settings:audit"))


def test_health_names_what_does_not_work(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise health.Unhealthy("the printer is on fire")

    monkeypatch.setitem(health.checks, "printer", health.Check(broken, stops_traffic=False))
    channel = make_channel("chat")
    Connection.objects.filter(channel=channel).update(state="error", error="No answer for an hour")

    shown = signed_in.get(reverse("settings:health")).content.decode()

    assert "the printer is on fire" in shown
    assert "No answer for an hour" in shown
    assert "No answer for an hour" in signed_in.get(reverse("settings:overview")).content.decode()
