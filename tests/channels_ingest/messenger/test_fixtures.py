"""Every payload of the contract, by the real hook and twice: what the agent sees of it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils.translation import gettext

from channels_ingest import journal
from channels_ingest.models import InboundEvent
from crm.models import Customer, Identity
from history.models import Event
from tests.channels_ingest.messenger.conftest import (
    PERSON,
    fixture_body,
    signature_of,
    states,
)
from tests.factories import handle, make_channel, make_incoming
from tickets import windows
from tickets.models import Attachment, Delivery, Message, Reaction, Ticket
from tickets.receiving import receive

pytestmark = pytest.mark.django_db

# 1795341600000 of the payloads.
AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OURS = "m_TESTOUTBOUND000000000000000000001"
UNSUPPORTED = "[unsupported attachment]"


@pytest.fixture
def twice(post):
    """Posts a payload with its signature, again, and once more with every row played back."""

    def call(name: str) -> None:
        for _time in range(2):
            assert post(fixture_body(name), signature=signature_of(name)) == 200
        before = _counts()
        for event in InboundEvent.objects.order_by("pk"):
            journal.replay(event)
        assert _counts() == before

    return call


def _counts() -> list[int]:
    models = (Message, Ticket, Customer, Identity, Attachment, Reaction)
    return [model.objects.count() for model in models]


@pytest.fixture
def sent(write, answer):
    """A message of ours that Meta knows by the id of the payloads."""
    ticket = write("Gdzie paczka?").ticket
    message = answer(ticket)
    at = AT - timedelta(seconds=2)
    Delivery.objects.filter(message=message).update(external_id=OURS, sent_at=at)
    return message


def test_text(twice):
    twice("01_text.json")

    message = Message.objects.get()
    assert message.body_text == "Dzień dobry, gdzie jest moja paczka? Zamówienie 2026/11/0042."
    assert message.external_id == "m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA01"
    assert message.occurred_at == AT
    assert message.sender.value == PERSON
    assert message.sender.scope == str(message.channel.public_id)
    assert message.ticket.status == Ticket.Status.NEW
    assert windows.reply_window(message.ticket, message.channel).until == AT + timedelta(hours=24)


def test_attachments_are_queued_for_download(twice):
    twice("02_attachments_image_file_audio.json")

    first, second = Message.objects.order_by("occurred_at")
    assert first.ticket == second.ticket
    assert [file.name for file in first.attachments.order_by("pk")] == [
        "uszkodzona-paczka-1.jpg",
        "uszkodzona-paczka-2.jpg",
    ]
    assert second.body_text == "To protokół szkody i nagranie"
    assert [file.name for file in second.attachments.order_by("pk")] == [
        "protokol_szkody.pdf",
        "glosowka.mp4",
        "film.mp4",
    ]
    assert set(Attachment.objects.values_list("state", flat=True)) == {"waiting"}
    assert all("?oe=TEST" in file.source_url for file in Attachment.objects.all())


def test_links_places_and_stickers(twice):
    twice("03_fallback_location_sticker.json")

    link, nothing, place, sticker = Message.objects.order_by("occurred_at")
    assert link.body_text == "https://sklep.example.pl/p/kubek\nKubek emaliowany 350 ml"
    assert nothing.body_text == gettext(UNSUPPORTED)
    assert place.body_text.startswith("Punkt odbioru: https://www.openstreetmap.org/?mlat=52.2297")
    assert place.context["location"] == {"lat": 52.2297, "long": 21.0122}
    file = sticker.attachments.get()
    assert (file.name, file.mark) == ("sticker-369239263222822", "sticker")


def test_buttons_and_referrals(twice):
    twice("04_quick_reply_postback_referral.json")

    quick, pressed = Message.objects.order_by("occurred_at")
    assert (quick.body_text, quick.context["payload"]) == ("Zwrot", "HD:menu:zwrot")
    assert pressed.body_text == "Rozpocznij"
    assert pressed.context["payload"] == "HD:get_started"
    assert pressed.context["referral"]["ref"] == "faktura-2026"
    ticket = Ticket.objects.get()
    assert ticket.context["referral"]["ref"] == "qr-w-paczce"
    assert ticket.last_message_at == pressed.occurred_at


class TestReactions:
    def test_on_our_message_comes_and_goes(self, post, sent):
        seen = []
        for _time in range(2):
            post(fixture_body("05_reactions.json"))
            seen.append(sent.reactions.count())

        assert seen == [0, 0]
        recorded = Event.objects.filter(kind="message.reacted", message_id=sent.pk)
        assert recorded.count() == 2

    def test_that_comes_late_does_not_bring_back_what_was_taken_off(self, sent, post):
        post(fixture_body("05_reactions.json"))
        journal.replay(
            InboundEvent.objects.filter(dedup_key__startswith="reaction:").earliest("pk")
        )

        assert sent.reactions.count() == 1
        journal.replay(InboundEvent.objects.filter(dedup_key__startswith="reaction:").latest("pk"))
        assert sent.reactions.count() == 0

    def test_on_an_unknown_message_makes_no_ticket(self, twice):
        twice("05_reactions.json")

        assert not Ticket.objects.exists()
        assert not Customer.objects.exists()


class TestEchoes:
    name = "06_echo_own_and_foreign.json"

    def test_own_one_confirms_our_row_and_foreign_one_is_an_answer(self, twice, write, answer):
        ticket = write("Halo?").ticket
        message = answer(ticket)
        Message.objects.filter(pk=message.pk).update(
            public_id=UUID("9b0c6c1e-0000-4000-8000-000000000001")
        )
        Delivery.objects.update(state="uncertain", external_id="", sent_at=None)
        Ticket.objects.update(waiting_since=AT)

        twice(self.name)

        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.external_id, delivery.sent_at) == ("sent", OURS, AT)
        foreign = Message.objects.get(external_id="m_TESTFOREIGN00000000000000000000001")
        assert foreign.direction == Message.Direction.OUTBOUND
        assert foreign.context["outside"] is True
        ticket.refresh_from_db()
        assert ticket.waiting_since is None
        assert Message.objects.count() == 3

    def test_own_one_of_nothing_we_know_changes_nothing(self, twice):
        twice(self.name)

        assert Message.objects.get().external_id == "m_TESTFOREIGN00000000000000000000001"


class TestReceipts:
    name = "07_delivery_read.json"

    def test_watermarks_move_everything_before_them(self, sent, twice, answer):
        later = answer(sent.ticket, "Jeszcze jedno.")

        twice(self.name)

        assert sent.deliveries.get().state == Delivery.State.READ
        assert later.deliveries.get().state == Delivery.State.SENT

    def test_read_before_delivered_stays_read(self, sent, post):
        batch = json.loads(fixture_body(self.name))
        batch["entry"][0]["messaging"].reverse()
        post(json.dumps(batch).encode())

        assert sent.deliveries.get().state == Delivery.State.READ

    def test_of_messages_of_other_tools_are_no_error(self, twice):
        twice(self.name)

        assert set(states()) == {"processed"}


class TestRevisions:
    name = "08_edit_and_delete.json"

    def test_both_wordings_stay_and_what_was_unsent_is_hidden(self, post, twice):
        post(fixture_body("01_text.json"))
        post(fixture_body("02_attachments_image_file_audio.json"))

        twice(self.name)

        edited = Message.objects.get(external_id="m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA01")
        assert edited.body_text.endswith("2026/11/0043.")
        assert edited.versions.get().body_text.endswith("2026/11/0042.")
        assert edited.edited_at == AT
        unsent = Message.objects.get(external_id="m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA02")
        assert unsent.removed_at is not None

    def test_of_an_unknown_message_is_tried_again_then_ignored(self, post):
        post(fixture_body(self.name))
        assert {state.partition(":")[0] for state in states()} == {"failed"}
        for _time in range(3):
            for event in InboundEvent.objects.all():
                journal.process(event.pk)

        assert states() == ["ignored: unknown message"] * 2

    def test_edit_that_overtook_its_message_is_applied_later(self, post):
        post(fixture_body(self.name))
        post(fixture_body("01_text.json"))
        journal.process(InboundEvent.objects.get(dedup_key__startswith="edit:").pk)

        assert Message.objects.get().body_text.endswith("2026/11/0043.")


def test_answers_and_products(sent, twice):
    twice("09_reply_to_and_product_referral.json")

    answering = Message.objects.get(external_id="m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA10")
    assert answering.context["answers"] == OURS
    asking = Message.objects.get(external_id="m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA11")
    assert asking.context["product_id"] == "900000000000001"


def test_conversation_of_another_app(twice):
    twice("10_standby_and_handover.json")

    first, second = Message.objects.order_by("occurred_at")
    assert first.context["standby"] is True
    assert second.body_text == "Rozpocznij"
    ticket = Ticket.objects.get()
    assert ticket.context["conversation"]["ours"] is False
    window = windows.reply_window(ticket, ticket.channel)
    assert (window.open, window.human, window.elsewhere) == (False, False, True)


def test_raw_escapes(twice):
    twice("12_raw_escaped_body.json")

    assert Message.objects.get().body_text.startswith("Proszę o fakturę ❤")


def test_same_person_writes_to_two_pages_as_two(channel):
    """The id is the Page's own: another Page's same number is somebody else."""
    other = make_channel("messenger", settings={"page_id": "100000000000002"})
    one = receive(make_incoming(channel, sender=PERSON))
    two = receive(make_incoming(other, sender=PERSON))

    assert one.sender != two.sender
    assert handle(channel, PERSON).key == handle(other, PERSON).key
