"""What goes out, against a stand-in for Meta over real HTTP."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisDown

from channels_ingest import delivering
from channels_ingest.messenger import errors, limits
from channels_ingest.models import Connection
from crm.models import Identity
from demo.standins import meta, meta_events
from helpdesk import http
from tests.channels_ingest.messenger.conftest import (
    FIXTURES,
    PAGE_ID,
    PERSON,
)
from tests.factories import make_incoming
from tickets import attaching, signals
from tickets.models import Delivery, Message, Ticket
from tickets.receiving import receive

pytestmark = pytest.mark.django_db

CONTRACT = json.loads((FIXTURES / "14_api_send_responses.json").read_text())
DAY = timedelta(hours=24)


@pytest.fixture
def ticket(write):
    return write().ticket


@pytest.fixture
def no_waiting(monkeypatch):
    """Our own limit of calls is none here; it has its own tests."""
    monkeypatch.setattr(limits, "wait_for_turn", lambda *_who: None)


def again(delivery: Delivery) -> Delivery:
    """The next try of a delivery, whose time has come."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now())
    delivering.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


class TestCalls:
    def test_answer_in_the_window_is_as_in_the_contract(self, ticket, answer, graph):
        message = answer(ticket, "Paczka jest w drodze.")

        expected = CONTRACT["requests"]["reply_in_window"]
        expected["message"]["metadata"] = f"hd:msg:{message.public_id}"
        [sent] = graph.sent
        assert sent.body == expected
        delivery = message.deliveries.get()
        assert (delivery.state, delivery.external_id) == (Delivery.State.SENT, sent.mid)

    def test_call_proves_that_the_app_itself_makes_it(self, ticket, answer, graph):
        answer(ticket)

        [call] = [call for call in graph.calls if call.path[-1] == "messages"]
        assert len(call.params["appsecret_proof"]) == 64

    def test_version_of_the_api_is_a_setting(self, ticket, answer, channel, graph, monkeypatch):
        asked = []

        def fetch(url, **_more):
            asked.append(url)
            return _taken()

        monkeypatch.setattr("helpdesk.http.fetch", fetch)
        channel.connection.settings["api_version"] = "v31.0"
        channel.connection.save()

        answer(ticket)

        assert f"/v31.0/{PAGE_ID}/messages" in asked[0]

    def test_long_text_goes_in_parts_in_order(self, ticket, answer, graph):
        first, second = "a" * 1_999, "b" * 1_000
        message = answer(ticket, f"{first} {second}")

        assert [sent.message["text"] for sent in graph.sent] == [first, second]
        marks = [sent.message["metadata"] for sent in graph.sent]
        assert marks == [f"hd:msg:{message.public_id}", f"hd:msg:{message.public_id}:1"]

    def test_text_of_2001_characters_is_no_error(self, ticket, answer, graph):
        message = answer(ticket, "x" * 2_001)

        assert [len(sent.message["text"]) for sent in graph.sent] == [1_999, 2]
        assert {row.state for row in message.deliveries.all()} == {Delivery.State.SENT}

    @pytest.mark.parametrize(
        "case",
        [
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 32, "zdjęcie.png", "image"),
            (b"%PDF-1.4\n", "faktura.pdf", "file"),
        ],
        ids=["picture", "document"],
    )
    def test_file_is_uploaded_after_the_text(self, ticket, answer, graph, case):
        content, name, kind = case
        file = attaching.upload(content, name)

        answer(ticket, "W załączeniu.", [file])

        text, upload = graph.sent
        assert text.message["text"] == "W załączeniu."
        assert upload.file == (name, file.content_type, content)
        assert upload.message["attachment"] == {"type": kind, "payload": {"is_reusable": False}}
        assert upload.body["messaging_type"] == "RESPONSE"
        assert upload.message["metadata"].endswith(":1")

    def test_large_file_is_taken(self, ticket, answer, graph):
        content = b"%PDF-1.4\n" + b"\0" * (24 * 1024 * 1024)

        answer(ticket, "", [attaching.upload(content, "duży.pdf")])

        assert graph.sent[0].file[2] == content

    def test_typing_is_shown_and_reading_told(self, ticket, graph, agent):
        signals.agent_typing.send(None, ticket_id=ticket.pk, name=agent.name, on=True)
        signals.agent_typing.send(None, ticket_id=ticket.pk, name=agent.name, on=True)
        signals.thread_read.send(None, ticket_id=ticket.pk, message_id=1)

        assert graph.actions == [(PERSON, "typing_on"), (PERSON, "mark_seen")]
        [first, *_rest] = [call for call in graph.calls if call.path[-1] == "messages"]
        assert first.body == CONTRACT["requests"]["typing"]


class TestWindow:
    LAST = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    @pytest.fixture
    def ticket(self, post, channel, graph):
        event = meta_events.text(PAGE_ID, PERSON, "Halo?")
        event["timestamp"] = int(self.LAST.timestamp() * 1000)
        post(meta_events.batch(event))
        graph.last_written[PERSON] = self.LAST
        return Ticket.objects.get()

    @pytest.fixture
    def approved(self, channel):
        channel.connection.settings["human_agent"] = True
        channel.connection.save()

    @pytest.mark.parametrize(
        ("after", "mode"),
        [
            (DAY - timedelta(seconds=1), ("RESPONSE", None)),
            (DAY, ("MESSAGE_TAG", "HUMAN_AGENT")),
            (timedelta(days=7, seconds=-1), ("MESSAGE_TAG", "HUMAN_AGENT")),
        ],
    )
    @pytest.mark.usefixtures("approved")
    def test_mode_follows_the_clock(self, ticket, answer, graph, after, mode):

        with time_machine.travel(self.LAST + after, tick=False):
            answer(ticket, "Wracam z informacją od kuriera.")

        [sent] = graph.sent
        assert (sent.body["messaging_type"], sent.body.get("tag")) == mode
        if mode[1]:
            expected = CONTRACT["requests"]["reply_human_agent"]
            del sent.message["metadata"]
            assert sent.body == expected

    def test_answer_that_waited_too_long_is_refused_before_any_call(self, ticket, answer, graph):
        graph.fail("service_down")
        with time_machine.travel(self.LAST + DAY - timedelta(minutes=1), tick=False):
            message = answer(ticket)
        calls = len(graph.calls)

        with time_machine.travel(self.LAST + DAY, tick=False):
            delivery = again(message.deliveries.get())

        assert (delivery.state, delivery.error_code) == (Delivery.State.FAILED, "window")
        assert len(graph.calls) == calls

    @pytest.mark.usefixtures("approved")
    def test_automation_is_never_sent_as_a_person(self, ticket, graph, answer):
        graph.fail("service_down")
        with time_machine.travel(self.LAST + DAY - timedelta(minutes=1), tick=False):
            message = answer(ticket)
        Message.objects.filter(pk=message.pk).update(automatic=True)

        with time_machine.travel(self.LAST + DAY, tick=False):
            delivery = again(message.deliveries.get())

        assert delivery.state == Delivery.State.FAILED
        assert graph.sent == []

    @pytest.mark.usefixtures("approved")
    def test_where_their_clock_is_ahead_of_ours_a_person_writes_on(self, ticket, answer, graph):
        graph.last_written[PERSON] = self.LAST - timedelta(minutes=1)

        with time_machine.travel(self.LAST + DAY - timedelta(seconds=1), tick=False):
            message = answer(ticket)

        assert graph.sent[0].body["tag"] == "HUMAN_AGENT"
        assert message.deliveries.get().state == Delivery.State.SENT


@pytest.mark.usefixtures("no_waiting")
class TestErrors:
    """Each row of the contract's table (section 8)."""

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("window_closed", "10.2018278"),
            ("window_closed_2", "10.2018065"),
            ("person_unreachable", "10.2018108"),
            ("person_unreachable_2", "200.1545041"),
            ("person_unavailable", "551.1545041"),
            ("no_matching_user", "100.2018001"),
            ("file_too_large", "100.2018109"),
            ("retired_tag", "100.1893061"),
            ("invalid_parameter", "100"),
            ("comment_answered", "10900"),
            ("comment_not_answerable", "10903"),
            ("page_messages_off", "10904"),
        ],
    )
    def test_final_refusal_fails_at_once_in_plain_words(self, ticket, answer, graph, name, code):
        graph.fail(name)

        message = answer(ticket)

        delivery = message.deliveries.get()
        assert (delivery.state, delivery.error_code) == (Delivery.State.FAILED, code)
        assert len(delivery.error) > 30
        assert delivery.error in ticket.messages.get(direction="note").body_text

    @pytest.mark.parametrize(
        "name", ["person_unreachable", "person_unreachable_2", "person_unavailable"]
    )
    def test_person_who_blocked_us_is_marked(self, ticket, answer, graph, name):
        graph.fail(name)

        answer(ticket)

        assert Identity.objects.get(value=PERSON).unreachable_at is not None

    @pytest.mark.parametrize(
        "name",
        [
            "token_invalid",
            "permission_missing",
            "permission_missing_2",
            "permission_missing_3",
            "permission_missing_4",
        ],
    )
    def test_lost_rights_pause_the_channel_for_a_new_sign_in(self, ticket, answer, graph, name):
        graph.fail(name)

        message = answer(ticket)

        connection = Connection.objects.get()
        assert connection.state == Connection.State.NEEDS_REAUTH
        assert len(connection.error) > 30
        assert message.deliveries.get().state == Delivery.State.QUEUED

    @pytest.mark.parametrize("name", ["page_restricted", "abuse"])
    def test_stopped_page_pauses_and_goes_on_by_itself(self, ticket, answer, graph, name):
        graph.fail(name)
        message = answer(ticket)

        connection = Connection.objects.get()
        assert connection.state == Connection.State.ERROR
        assert again(message.deliveries.get()).state == Delivery.State.QUEUED
        assert list(delivering.due()) == []
        with time_machine.travel(timezone.now() + timedelta(minutes=61)):
            [pk] = delivering.due()
            delivering.deliver(pk)

        assert message.deliveries.get().state == Delivery.State.SENT
        connection.refresh_from_db()
        assert (connection.state, connection.paused_until) == (Connection.State.ACTIVE, None)

    @pytest.mark.parametrize("name", ["unknown_error", "service_down", "temporary"])
    def test_passing_fault_is_tried_again(self, ticket, answer, graph, name):
        graph.fail(name)

        delivery = answer(ticket).deliveries.get()

        assert delivery.state == Delivery.State.QUEUED
        assert again(delivery).state == Delivery.State.SENT

    def test_answer_without_json_is_a_passing_fault(self, ticket, answer, graph):
        graph.faults.append(meta.Fault(meta.Answer(502, b"<html>Bad Gateway</html>")))

        assert answer(ticket).deliveries.get().state == Delivery.State.QUEUED

    def test_code_2_may_mean_blocked_so_three_tries_are_enough(self, ticket, answer, graph):
        graph.fail("service_down", "service_down", "service_down")

        delivery = answer(ticket).deliveries.get()
        assert again(delivery).state == Delivery.State.QUEUED
        assert again(delivery).state == Delivery.State.FAILED

    @pytest.mark.parametrize(
        "name", ["rate_limit", "rate_limit_app", "rate_limit_page", "rate_limit_business"]
    )
    def test_rate_limit_waits(self, ticket, answer, graph, name):
        graph.fail(name)

        delivery = answer(ticket).deliveries.get()

        assert delivery.state == Delivery.State.QUEUED
        assert delivery.next_attempt_at > timezone.now() + timedelta(seconds=50)

    def test_retired_tag_is_an_alarm(self, ticket, answer, graph, caplog):
        graph.fail("retired_tag")

        answer(ticket)

        assert any(record.levelno == logging.ERROR for record in caplog.records)

    def test_contract_and_table_agree(self):
        meanings = {
            name: errors.meaning(errors.read(case["status"], case["body"]))
            for name, case in CONTRACT.items()
            if name != "requests" and case["status"] != 200
        }

        assert {name: type(each).__name__ for name, each in meanings.items()} == {
            "window_closed": "Refused",
            "token_invalid": "Refused",
            "user_unavailable": "Refused",
            "no_matching_user": "Refused",
            "retired_tag": "Refused",
            "rate_limited": "Unavailable",
            "temporary": "Unavailable",
        }

    def test_revoked_token_keeps_fifty_waiting_messages_until_the_new_one(
        self, answer, graph, channel
    ):
        graph.fail(*["token_invalid"] * 50)
        for number in range(50):
            person = f"3000000000000{number:05}"
            answer(receive(make_incoming(channel, sender=person)).ticket, f"Odpowiedź {number}")

        assert graph.sent == []
        assert len(graph.faults) == 49
        assert set(Delivery.objects.values_list("state", flat=True)) == {"queued"}
        assert list(delivering.due()) == []
        graph.faults.clear()
        Connection.objects.update(state=Connection.State.ACTIVE)
        for pk in delivering.due():
            delivering.deliver(pk)

        assert [sent.message["text"] for sent in graph.sent] == [
            f"Odpowiedź {number}" for number in range(50)
        ]


class TestLostAnswers:
    @pytest.mark.parametrize("taken", [True, False])
    def test_is_unsure_and_not_sent_again_by_itself(self, ticket, answer, graph, taken):
        graph.faults.append(meta.Fault(taken=taken))

        message = answer(ticket)

        assert message.deliveries.get().state == Delivery.State.UNCERTAIN
        assert list(delivering.due()) == []

    def test_does_not_hold_the_next_answer(self, ticket, answer, graph):
        graph.faults.append(meta.Fault())
        answer(ticket, "Pierwsza")

        second = answer(ticket, "Druga")

        assert second.deliveries.get().state == Delivery.State.SENT

    def test_echo_says_that_it_was_sent(self, ticket, answer, graph, post):
        graph.faults.append(meta.Fault(taken=True))
        message = answer(ticket)
        [sent] = graph.sent

        post(meta_events.batch(graph.echo(sent)))

        delivery = message.deliveries.get()
        assert (delivery.state, delivery.external_id) == (Delivery.State.SENT, sent.mid)
        assert ticket.messages.filter(direction="outbound").count() == 1

    def test_echo_after_the_answer_changes_nothing_but_the_time(self, ticket, answer, graph, post):
        message = answer(ticket)
        [sent] = graph.sent

        post(meta_events.batch(graph.echo(sent)))

        delivery = message.deliveries.get()
        assert delivery.state == Delivery.State.SENT
        assert delivery.sent_at == datetime.fromtimestamp(sent.at_ms / 1000, tz=UTC)
        assert ticket.messages.count() == 2

    def test_server_that_cannot_be_reached_is_tried_again(self, ticket, answer, channel):
        channel.connection.settings["api_base"] = "http://127.0.0.1:1"
        channel.connection.save()

        assert answer(ticket).deliveries.get().state == Delivery.State.QUEUED


class TestLimits:
    def test_one_call_a_second_for_a_conversation(self, ticket, answer, graph):
        began = time.monotonic()
        answer(ticket, "a" * 1_999 + " " + "b" * 1_999 + " c")

        assert len(graph.sent) == 3
        assert time.monotonic() - began > 1.9

    def test_twenty_calls_a_second_for_a_page(self):
        began = time.monotonic()
        for number in range(30):
            limits.wait_for_turn("page", f"person {number}")

        assert 1.3 < time.monotonic() - began < 4

    def test_long_wait_gives_the_worker_back_and_counts_as_no_attempt(self, ticket, answer, graph):
        limits.pause(PAGE_ID, timedelta(seconds=30))

        delivery = answer(ticket).deliveries.get()

        assert (delivery.state, delivery.attempts) == (Delivery.State.QUEUED, 0)
        assert delivery.next_attempt_at > timezone.now() + timedelta(seconds=25)
        assert graph.sent == []

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            (
                {
                    "X-Business-Use-Case-Usage": json.dumps(
                        {"1": [{"call_count": 100, "estimated_time_to_regain_access": 3}]}
                    )
                },
                170,
            ),
            ({"X-App-Usage": '{"call_count": 100, "total_time": 2, "total_cputime": 2}'}, 50),
            ({"Retry-After": "240"}, 230),
            ({"X-App-Usage": "no json"}, 50),
        ],
    )
    def test_usage_headers_hold_the_whole_page(self, write, answer, graph, headers, seconds):
        graph.fail("rate_limit", headers=headers)
        answer(write().ticket)

        other = answer(write(person="200000000000000002").ticket).deliveries.get()

        assert graph.sent == []
        assert other.next_attempt_at > timezone.now() + timedelta(seconds=seconds)

    def test_without_redis_messages_still_go_out(self, ticket, answer, graph, monkeypatch):
        def down(*_args: object) -> None:
            raise RedisDown

        monkeypatch.setattr(limits, "_redis", down)

        assert answer(ticket).deliveries.get().state == Delivery.State.SENT


class TestProfiles:
    def test_name_is_asked_of_facebook(self, graph, write):
        graph.profiles[PERSON] = {"first_name": "Anna", "last_name": "Kowalska"}

        customer = write().ticket.customer

        customer.refresh_from_db()
        assert (customer.name, customer.first_name) == ("Anna Kowalska", "Anna")

    def test_whoever_has_none_is_told_apart_by_a_number_until_they_have(self, graph, write):
        message = write()
        customer = message.ticket.customer
        customer.refresh_from_db()
        assert customer.name.endswith("0001")
        assert PERSON not in customer.name

        graph.profiles[PERSON] = {"first_name": "Anna", "last_name": "Kowalska"}
        cache.clear()
        write("Jeszcze ja")

        customer.refresh_from_db()
        assert customer.name == "Anna Kowalska"

    def test_name_that_an_agent_gave_stays(self, graph, write):
        customer = write().ticket.customer
        customer.name = "Pani Anna z Gdańska"
        customer.save()
        graph.profiles[PERSON] = {"first_name": "Anna", "last_name": "Kowalska"}
        cache.clear()
        write("Jeszcze ja")

        customer.refresh_from_db()
        assert customer.name == "Pani Anna z Gdańska"


def _taken():
    return http.Answer(200, httpx.Headers(), json.dumps(CONTRACT["ok"]["body"]).encode())
