"""Mail from the journal to committed tickets, by as many processes as there are cores."""

import gc
import multiprocessing
import os
import time
import uuid

from django.db import connection, connections

from channels_ingest import journal
from channels_ingest.email.journal_key import journal_key
from channels_ingest.models import InboundEvent
from tickets.models import Channel, Message

_MAIL = """\
From: Klient {number} <klient{number}@example.com>
To: {to}
Subject: =?utf-8?q?Gdzie_jest_moja_paczka_{number}=3F?=
Date: Sun, 22 Nov 2026 10:00:00 +0100
Message-ID: <{id}@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Dzień dobry, zamówiłam buty tydzień temu i nadal nie wiem, gdzie jest paczka. Proszę o pomoc.

Numer zamówienia: 2026/{number}
"""


def messages_per_second(count: int) -> float:
    """Journal rows turned into tickets each second; the rows are kept beforehand."""
    channel = Channel.objects.filter(kind="email").select_related("connection").first()
    if channel is None:
        return 0.0
    events = [_kept(channel, number) for number in range(count)]
    processes = os.cpu_count() or 1
    shares = [events[start::processes] for start in range(processes)]
    connection.close()
    # As the supervisor does: what the processes share is not looked through again and again.
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    workers = [multiprocessing.Process(target=_process, args=(share,)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - began
    done = Message.objects.filter(inbound_event_id__in=events).count()
    return done / took


def _kept(channel: Channel, number: int) -> int:
    text = _MAIL.format(number=number, to=channel.connection.account, id=uuid.uuid4())
    raw = text.replace("\n", "\r\n").encode()
    event, _new = journal.keep(
        "email",
        channel.connection.account,
        journal_key(raw),
        raw,
        channel=channel,
        meta={"source": "pipe"},
        wake=False,
    )
    # No sweeper of the running stack takes it before us.
    InboundEvent.objects.filter(pk=event.pk).update(next_attempt_at="2100-01-01T00:00:00Z")
    return event.pk


def _process(events: list[int]) -> None:
    connections.close_all()
    for event in events:
        journal.process(event)
    connections.close_all()
