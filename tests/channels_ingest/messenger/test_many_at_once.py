"""The same call in parallel, a crowd of messages, and echoes that come before the answer."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connections
from django.test import Client

from channels_ingest import delivering
from channels_ingest.models import InboundEvent
from crm.models import Customer, Identity
from demo.standins import meta_events
from history.recording import Actor
from tests.channels_ingest.messenger.conftest import PAGE_ID, PERSON, SECRETS, fixture_body
from tests.factories import make_user
from tickets import replying
from tickets.models import Channel, Delivery, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def call(channel: Channel, body: bytes) -> int:
    """Call the hook as Meta does; what it queues runs before it answers."""
    signature = meta_events.signature(body, SECRETS["app_secret"])
    response = Client().post(
        f"/hooks/messenger/{channel.public_id}/",
        data=body,
        content_type="application/json",
        headers={"X-Hub-Signature-256": signature},
    )
    return int(response.status_code)


def at_once(jobs: list[Callable[[], int]]) -> list[int]:
    """Run the jobs in threads that start at the same moment; returns what they returned."""
    start, results = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], int]) -> None:
        start.wait(timeout=20)
        results.append(job())
        connections.close_all()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("name", ["01_text.json", "02_attachments_image_file_audio.json"])
def test_the_same_call_five_times_in_parallel_is_one(channel, name):
    body = fixture_body(name)
    messages = len(json.loads(body)["entry"][0]["messaging"])

    statuses = at_once([lambda: call(channel, body)] * 5)

    assert statuses == [200] * 5
    assert InboundEvent.objects.count() == Message.objects.count() == messages
    assert (Customer.objects.count(), Ticket.objects.count()) == (1, 1)


def test_fifty_messages_of_a_new_person_make_one_conversation_in_order(channel):
    began = meta_events.now_ms()
    bodies = []
    for number in range(50):
        event = meta_events.text(PAGE_ID, PERSON, f"{number}")
        event["timestamp"] = began + number
        bodies.append(meta_events.batch(event))

    statuses = at_once([partial(call, channel, body) for body in bodies])

    assert statuses == [200] * 50
    assert (Customer.objects.count(), Identity.objects.count()) == (1, 1)
    ticket = Ticket.objects.get()
    said = ticket.messages.order_by("occurred_at", "id").values_list("body_text", flat=True)
    assert list(said) == [str(number) for number in range(50)]
    assert ticket.last_message_at == datetime.fromtimestamp((began + 49) / 1000, tz=UTC)
    assert ticket.preview == "49"


def test_echo_and_receipt_that_come_before_the_answer_are_not_forgotten(channel, graph):
    call(channel, meta_events.batch(meta_events.text(PAGE_ID, PERSON, "Halo?")))
    told = []

    def tell(sent):
        events = [graph.echo(sent), graph.arrival(sent)]
        told.append(call(channel, meta_events.batch(*events)))
        connections.close_all()

    graph.on_sent.append(tell)
    agent = make_user()

    draft = replying.Draft("Już sprawdzam.")
    replying.reply(Ticket.objects.get(), draft, by=Actor("agent", agent.pk), user=agent)

    assert told == [200]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.external_id) == ("delivered", graph.sent[0].mid)
    assert delivery.sent_at == datetime.fromtimestamp(graph.sent[0].at_ms / 1000, tz=UTC)
    assert Message.objects.count() == 2


def test_two_workers_send_an_answer_once(channel, graph):
    call(channel, meta_events.batch(meta_events.text(PAGE_ID, PERSON, "Halo?")))
    graph.fail("temporary")
    agent = make_user()
    draft = replying.Draft("Już sprawdzam.")
    replying.reply(Ticket.objects.get(), draft, by=Actor("agent", agent.pk), user=agent)
    Delivery.objects.update(next_attempt_at=None)
    pk = Delivery.objects.get().pk

    at_once([lambda: delivering.deliver(pk)] * 4)

    assert len(graph.sent) == 1
    assert Delivery.objects.get().state == Delivery.State.SENT
