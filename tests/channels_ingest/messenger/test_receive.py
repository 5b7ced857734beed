"""The hook: who may call it, and what is journaled of what they say."""

import json

import pytest

from channels_ingest.models import Connection, InboundEvent
from demo.standins import meta_events
from tests.channels_ingest.messenger.conftest import (
    FIXTURES,
    PAGE_ID,
    PERSON,
    SECRETS,
    fixture_body,
    signature_of,
    states,
)
from tests.factories import make_channel
from tickets.models import Message

pytestmark = pytest.mark.django_db

RAW = "12_raw_escaped_body.json"


class TestHandshake:
    envelope = json.loads((FIXTURES / "13_http_verification.json").read_text())

    def test_right_token_gets_the_challenge_back(self, client, channel):
        response = client.get(
            f"/hooks/messenger/{channel.public_id}/", self.envelope["request"]["query"]
        )

        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain")
        assert response.content == b"1158201444"

    @pytest.mark.parametrize("query", [case["query"] for case in envelope["negative"]])
    def test_wrong_call_is_refused(self, client, channel, query):
        assert client.get(f"/hooks/messenger/{channel.public_id}/", query).status_code == 403

    def test_channel_without_a_token_refuses_the_empty_one(self, client, channel):
        channel.connection.set_secrets({"verify_token": ""})
        channel.connection.save()
        query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}

        assert client.get(f"/hooks/messenger/{channel.public_id}/", query).status_code == 403

    def test_challenge_that_is_no_number_is_not_echoed(self, client, channel):
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": "<script>alert(1)</script>",
            "hub.verify_token": SECRETS["verify_token"],
        }

        assert client.get(f"/hooks/messenger/{channel.public_id}/", query).status_code == 403


class TestSignature:
    def test_over_the_raw_bytes_is_taken(self, post):
        assert post(fixture_body(RAW), signature=signature_of(RAW)) == 200

        assert (
            Message.objects.get().body_text == "Proszę o fakturę ❤ https://sklep.example.pl/z/0042"
        )

    def test_over_a_body_written_again_is_refused(self, post):
        again = json.dumps(json.loads(fixture_body(RAW))).encode()

        assert post(again, signature=signature_of(RAW)) == 403
        assert not InboundEvent.objects.exists()

    @pytest.mark.parametrize(
        "signature",
        [
            "",
            "sha256=",
            signature_of("01_text.json"),
            signature_of(RAW).removeprefix("sha256="),
            signature_of(RAW).replace("sha256", "sha1"),
            "sha256=zażółć",
            meta_events.signature(fixture_body(RAW), ""),
            meta_events.signature(fixture_body(RAW), "another tenant's"),
        ],
    )
    def test_wrong_one_is_refused_and_nothing_stored(self, post, signature):
        assert post(fixture_body(RAW), signature=signature) == 403
        assert not InboundEvent.objects.exists()

    @pytest.mark.parametrize("forged_with", ["", "test-app-secret-not-real"])
    def test_channel_without_a_secret_takes_nothing(self, post, channel, forged_with):
        channel.connection.set_secrets({"app_secret": ""})
        channel.connection.save()

        signature = meta_events.signature(fixture_body(RAW), forged_with)

        assert post(fixture_body(RAW), signature=signature) == 403

    def test_both_secrets_count_while_one_is_replaced(self, post, channel):
        channel.connection.set_secrets(
            {"app_secret": "new", "app_secret_previous": SECRETS["app_secret"]}
        )
        channel.connection.save()
        other = meta_events.batch(meta_events.text(PAGE_ID, PERSON, "Druga"))

        assert post(fixture_body(RAW), signature=signature_of(RAW)) == 200
        assert post(other, signature=meta_events.signature(other, "new")) == 200
        assert post(other, signature=meta_events.signature(other, "neither")) == 403

    def test_refusals_are_logged_once_a_minute_without_the_body(self, post, caplog):
        for _time in range(3):
            post(fixture_body(RAW), signature="sha256=wrong")

        [line] = [record.getMessage() for record in caplog.records if "refused" in record.msg]
        assert "faktur" not in line


class TestAddress:
    def test_unknown_channel_is_not_found(self, client, channel):
        path = "/hooks/messenger/00000000-0000-4000-8000-000000000000/"
        assert client.post(path, b"{}", content_type="application/json").status_code == 404

    def test_channel_of_another_kind_is_not_found(self, client):
        mail = make_channel("email")
        assert client.post(f"/hooks/messenger/{mail.public_id}/").status_code == 404

    def test_kind_without_a_hook_is_not_found(self, client):
        mail = make_channel("email")
        assert client.post(f"/hooks/email/{mail.public_id}/").status_code == 404

    def test_other_methods_are_not_allowed(self, client, channel):
        assert client.put(f"/hooks/messenger/{channel.public_id}/").status_code == 405

    @pytest.mark.parametrize(
        ("size", "status"), [(4 * 1024 * 1024, 200), (4 * 1024 * 1024 + 1, 413)]
    )
    def test_body_may_have_4_mib(self, post, size, status):
        body = meta_events.batch(meta_events.text(PAGE_ID, PERSON, ""))
        body = body.replace(b'"text":""', b'"text":"' + b"a" * (size - len(body)) + b'"')

        assert len(body) == size
        assert post(body) == status


class TestBatch:
    name = "11_batch_two_pages_unknown_event.json"

    def test_each_entry_goes_to_its_own_page(self, post, channel):
        second = make_channel("messenger", settings={"page_id": "100000000000002"}, secrets=SECRETS)

        assert post(fixture_body(self.name), signature=signature_of(self.name)) == 200

        texts = dict(Message.objects.values_list("channel", "body_text"))
        assert texts == {channel.pk: "Pierwsza", second.pk: "Druga strona, inny tenant"}
        assert states() == [
            "processed",
            "processed",
            "ignored: unknown event: recipient, sender, some_future_event, timestamp",
            "ignored: unknown page",
        ]

    def test_entry_of_a_page_with_another_apps_secret_does_not_count(self, post):
        others = make_channel(
            "messenger",
            settings={"page_id": "100000000000002"},
            secrets={**SECRETS, "app_secret": "another app's"},
        )

        assert post(fixture_body(self.name), signature=signature_of(self.name)) == 200

        assert not Message.objects.filter(channel=others).exists()
        assert not InboundEvent.objects.filter(account="100000000000002").exists()

    def test_other_apps_signature_does_not_open_this_address(self, post, channel):
        make_channel(
            "messenger",
            settings={"page_id": "100000000000002"},
            secrets={**SECRETS, "app_secret": "another app's"},
        )
        body = fixture_body(self.name)

        assert post(body, signature=meta_events.signature(body, "another app's")) == 403

    def test_events_are_journaled_apart_under_keys_of_their_kind(self, post):
        post(fixture_body("04_quick_reply_postback_referral.json"))

        keys = list(InboundEvent.objects.order_by("pk").values_list("dedup_key", flat=True))
        assert keys[0] == "message:m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA08"
        assert keys[1] == "postback:m_TESTAAAAAAAAAAAAAAAAAAAAAAAAAAAA09"
        assert keys[2].startswith(f"referral:{PERSON}:1795341602000:")
        assert all(
            len(event.payload["entry"][0]["messaging"]) == 1 for event in InboundEvent.objects.all()
        )

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b'"text"',
            b'{"object":"page"}',
            b'{"object":"page","entry":{}}',
            b"[" * 100_000,
            b"\xff\xfe\x00",
        ],
    )
    def test_broken_body_is_kept_for_an_admin(self, post, body):
        assert post(body) == 200
        assert post(body) == 200

        [event] = InboundEvent.objects.all()
        assert event.state == InboundEvent.State.DEAD
        assert event.raw == body

    @pytest.mark.parametrize(
        "entry",
        [
            None,
            "text",
            {},
            {"id": PAGE_ID},
            {"id": PAGE_ID, "messaging": None},
            {"id": PAGE_ID, "messaging": ["text"]},
            {"id": PAGE_ID, "messaging": [{}]},
            {"id": PAGE_ID, "messaging": [{"message": "text"}]},
            {"id": PAGE_ID, "messaging": [{"message": {"mid": 7}}]},
            {
                "id": PAGE_ID,
                "messaging": [{"message": {}, "sender": {"id": "1"}, "timestamp": "x"}],
            },
            {"id": PAGE_ID, "messaging": [{"read": {"watermark": 10**30}, "sender": {"id": "1"}}]},
            {"id": PAGE_ID, "changes": [{"field": "feed", "value": {}}]},
            {"id": PAGE_ID + "\0", "messaging": [{"message": {"mid": "m\0", "text": "\ud800"}}]},
        ],
    )
    def test_odd_entry_is_never_an_error_response(self, post, entry):
        body = json.dumps({"object": "page", "entry": [entry]}).encode()

        assert post(body) == 200
        assert not Message.objects.exists()
        assert InboundEvent.objects.get().state in ("ignored", "dead")

    def test_text_that_cannot_be_stored_is_made_storable(self, post):
        event = meta_events.text(PAGE_ID, PERSON, "pół emoji \ud83d i zero \0!")

        assert post(meta_events.batch(event)) == 200

        assert Message.objects.get().body_text == "pół emoji ? i zero !"

    def test_event_of_a_channel_that_is_off_is_not_lost(self, post, channel):
        Connection.objects.filter(channel=channel).update(state=Connection.State.DISABLED)

        post(meta_events.batch(meta_events.text(PAGE_ID, PERSON, "Halo?")))

        assert Message.objects.get().body_text == "Halo?"
