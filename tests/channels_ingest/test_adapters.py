"""What holds for every kind of channel that is installed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest
from django import forms
from django.utils import timezone

from channels_ingest import adapter, journal
from channels_ingest.adapter import Adapter, Ignore, Malformed
from channels_ingest.models import InboundEvent
from demo.standins import meta_events
from tests.factories import make_channel
from tickets.models import Channel, Message

pytestmark = pytest.mark.django_db

_MAIL = b"""\
From: Anna Kowalska <anna@example.com>
To: pomoc@sklep.example.pl
Subject: Gdzie jest moja paczka?
Date: Sun, 22 Nov 2026 11:00:00 +0100
Message-ID: <1@example.com>

Halo?
"""

# One event of each kind as its `receive` journals it.
SAMPLES: dict[str, bytes] = {
    "email": _MAIL,
    "chat": json.dumps(
        {
            "type": "message",
            "visitor": "v_1",
            "client_msg_id": "1",
            "name": "Anna",
            "at": "2026-11-22T10:00:00+00:00",
            "text": "Halo?",
            "context": {},
            "about": {},
        }
    ).encode(),
    "custom": json.dumps(
        {
            "id": "m-1",
            "sender": {"id": "user-77", "name": "Anna", "email": "anna@example.com"},
            "body_text": "Halo?",
            "sent_at": "2026-11-22T10:00:00+00:00",
        }
    ).encode(),
    "messenger": meta_events.batch(meta_events.text("1000000", "2000000", "Halo?")),
}


@pytest.fixture(params=adapter.registered(), ids=lambda each: each.kind.name)
def installed(request: Any) -> Adapter:
    found: Adapter = request.param
    return found


@pytest.fixture
def channel(installed: Adapter) -> Channel:
    account = {installed.account: "1000000"} if installed.account else {}
    secrets = dict.fromkeys(installed.secrets, "secret-of-sixteen")
    return make_channel(installed.kind.name, settings=account, secrets=secrets)


def journaled(channel: Channel, raw: bytes) -> InboundEvent:
    event, _is_new = journal.keep(
        channel.kind,
        channel.connection.account or str(channel.public_id),
        "sample",
        raw,
        channel=channel,
        meta={"scope": str(channel.public_id), "source": "pipe"},
        wake=False,
    )
    return event


def processed(channel: Channel, raw: bytes) -> InboundEvent:
    event = journaled(channel, raw)
    journal.process(event.pk)
    event.refresh_from_db()
    return event


def test_tells_an_admin_how_to_connect_it(installed):
    readme = files(installed.package).joinpath("README.md").read_text(encoding="utf-8")

    assert readme.startswith("# ")
    assert len(readme) > 500


def test_has_the_same_modules_as_all_others(installed):
    for module, name in [("parse", "parse"), ("send", "send"), ("connect", "check")]:
        assert callable(getattr(import_module(f"{installed.package}.{module}"), name))
    assert installed.module("receive") is not None


def test_they_cost_nothing_before_they_are_needed():
    """Their modules, and what those need, are loaded when the first event comes."""
    code = "import sys, django; django.setup(); print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert "channels_ingest.adapter" in loaded
    for each in adapter.registered():
        assert f"'{each.package}.send'" not in loaded


def test_its_form_takes_its_secrets_without_showing_them(installed):
    form = installed.settings_form()()

    assert isinstance(form, forms.Form)
    assert set(installed.secrets) <= set(form.fields)
    for name in installed.secrets:
        assert isinstance(form.fields[name].widget, forms.PasswordInput)
    assert not installed.account or installed.account in form.fields


def test_event_becomes_a_message(channel):
    assert processed(channel, SAMPLES[channel.kind]).state == InboundEvent.State.PROCESSED

    assert Message.objects.get().body_text.strip() == "Halo?"


def test_its_times_are_aware(channel):
    event = journaled(channel, SAMPLES[channel.kind])

    times = list(_times(channel.connection.adapter.parse(event)))

    assert times
    assert all(timezone.is_aware(each) for each in times)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\xff\xfe{",
        b"{}",
        b"[]",
        b"null",
        b'{"some_future_event": {"x": 1}}',
        b'{"object": "page", "entry": [{"id": "1000000", "messaging": [{"future": 1}]}]}',
        b"[" * 50_000,
    ],
)
def test_event_that_nobody_knows_is_kept_and_not_tried_for_ever(channel, raw):
    event = processed(channel, raw)

    assert event.state in (
        InboundEvent.State.IGNORED,
        InboundEvent.State.DEAD,
        InboundEvent.State.PROCESSED,
    )
    assert event.raw == raw


def test_parsing_fails_only_in_words_that_the_journal_knows(channel):
    for number in range(0, len(SAMPLES[channel.kind]), 7):
        event = InboundEvent(
            kind=channel.kind,
            account="1000000",
            channel=channel,
            dedup_key=f"cut:{number}",
            body=SAMPLES[channel.kind][:number],
            meta={"scope": str(channel.public_id), "source": "pipe"},
            received_at=timezone.now(),
        )
        try:
            channel.connection.adapter.parse(event)
        except (Ignore, Malformed):
            continue


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": f"sha256={'0' * 64}"}],
)
def test_call_without_a_proof_is_refused_and_not_stored(client, installed, channel, headers):
    response = client.post(
        f"/hooks/{channel.kind}/{channel.public_id}/",
        data=SAMPLES[channel.kind],
        content_type="application/json",
        headers=headers,
    )

    assert response.status_code == (403 if installed.webhook() else 404)
    assert not InboundEvent.objects.exists()


def _times(value: object) -> Iterator[datetime]:
    """Every time in a value, however deep."""
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _times(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _times(getattr(value, each.name))
