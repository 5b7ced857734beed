"""Who fetches for which account: one at a time, by a lease that its holder renews.

`manage.py run_receivers` keeps the long connections, a thread each. What it does not hold (it is
not running, or the kind has no long connection) is polled by the scheduler.
"""

import json
import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import uniform

from django.db import DatabaseError, connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from channels_ingest import adapter, health
from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.models import Connection

logger = logging.getLogger(__name__)

_LEASE = timedelta(seconds=60)
_POLL_LEASE = timedelta(minutes=15)
# How often the process looks after its connections; also how soon a changed setting counts.
_TEND_EVERY_S = 5.0
_POLL_EVERY = timedelta(seconds=60)
_END_WITHIN_S = 20.0


def lease(connection_id: int, holder: str, lasting: timedelta = _LEASE) -> bool:
    """Take or renew the account's lease; False while somebody else holds it."""
    now = timezone.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now) | Q(leased_by=holder)
    return bool(
        Connection.objects.filter(free, pk=connection_id).update(
            leased_by=holder, leased_until=now + lasting
        )
    )


def release(connection_id: int, holder: str) -> None:
    Connection.objects.filter(pk=connection_id, leased_by=holder).update(
        leased_by="", leased_until=None
    )


def due() -> list[int]:
    """Connections that nobody holds and whose time to be polled has come."""
    now = timezone.now()
    rows = _in_use().filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        Q(next_poll_at__isnull=True) | Q(next_poll_at__lte=now),
    )
    return [row.pk for row in rows if row.adapter.poller() and row.adapter.is_polled(row)]


def poll(connection_id: int) -> int:
    """Fetch what is new over one connection, if it is free. Returns how much was new."""
    connection = _in_use().filter(pk=connection_id).first()
    fetch = connection.adapter.poller() if connection else None
    holder = f"poll:{uuid.uuid4().hex}"
    if connection is None or fetch is None or not lease(connection_id, holder, _POLL_LEASE):
        return 0
    # What the one before has read is written down by now.
    connection.refresh_from_db(fields=["cursor"])
    try:
        new = fetch(connection)
    except (Refused, Unavailable) as error:
        health.report(connection.channel_id, error)
        return 0
    else:
        health.fetched(connection.channel_id)
        return new
    finally:
        next_poll_at = timezone.now() + _POLL_EVERY * uniform(0.8, 1.2)
        Connection.objects.filter(pk=connection_id).update(next_poll_at=next_poll_at)
        release(connection_id, holder)


def _in_use() -> QuerySet[Connection]:
    """Connections of channels that are switched on, of the kinds that fetch something."""
    names = [each.kind.name for each in adapter.registered() if each.poller() or each.runner()]
    return (
        Connection.objects.select_related("channel__shop")
        .filter(channel__active=True, channel__kind__in=names)
        .exclude(state=Connection.State.DISABLED)
    )


@dataclass
class _Running:
    """One long connection: its thread, how to stop it, and the settings it was started with."""

    thread: threading.Thread
    stop: threading.Event
    started_with: tuple[str, str]


class Receivers:
    """The long connections that this process keeps."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._running: dict[int, _Running] = {}

    def run(self, stop: threading.Event) -> None:
        """Keep them until told to stop."""
        with _listening():
            while not stop.is_set():
                try:
                    self.tend()
                except DatabaseError:
                    # Leases run out by themselves; the connections that are open go on meanwhile.
                    logger.warning("the database does not answer", exc_info=True)
                connections.close_all()
                stop.wait(_TEND_EVERY_S)
            self.end()

    def tend(self) -> None:
        """Renew leases; start what is missing; end what was switched off, changed or lost."""
        wanted = {row.pk: row for row in _in_use() if _has_line(row)}
        for pk, running in list(self._running.items()):
            if not running.thread.is_alive():
                del self._running[pk]
                release(pk, self.holder)
                continue
            is_ours = lease(pk, self.holder)
            row = wanted.get(pk)
            if not is_ours or row is None or _settings(row) != running.started_with:
                running.stop.set()
        for pk, row in wanted.items():
            if pk not in self._running and lease(pk, self.holder):
                self._start(row)

    def end(self) -> None:
        """Stop all of them and give their leases back."""
        for running in self._running.values():
            running.stop.set()
        for pk, running in self._running.items():
            running.thread.join(_END_WITHIN_S)
            release(pk, self.holder)
        self._running.clear()

    def _start(self, row: Connection) -> None:
        stop = threading.Event()
        thread = threading.Thread(
            target=_run, args=(row, stop), name=f"channel {row.channel_id}", daemon=True
        )
        self._running[row.pk] = _Running(thread, stop, _settings(row))
        thread.start()


def _run(connection: Connection, stop: threading.Event) -> None:
    """The body of a thread."""
    try:
        run = connection.adapter.runner()
        if run is not None:
            run(connection, stop)
    except Exception:
        # The thread is over, and the next look starts another one.
        logger.exception("the long connection of channel %s ended", connection.channel_id)
    finally:
        connections.close_all()


@contextmanager
def _listening() -> Iterator[None]:
    """Every kind's own server, while the receivers run."""
    with ExitStack() as stack:
        for each in adapter.registered():
            listen = each.server()
            if listen is not None:
                stack.enter_context(listen())
        yield


def _has_line(row: Connection) -> bool:
    return row.adapter.runner() is not None and row.adapter.is_polled(row)


def _settings(row: Connection) -> tuple[str, str]:
    """What a long connection depends on: when it changes, the connection begins anew."""
    return json.dumps(row.settings, sort_keys=True), row.sealed
