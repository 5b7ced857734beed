"""The journal: kept first, processed after. Every state is a row; a lost wake costs a minute."""

import hashlib
import logging
import random
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from channels_ingest import adapter, waking
from channels_ingest.adapter import Ignore, Malformed
from channels_ingest.models import InboundEvent
from helpdesk import memory
from tickets import receiving
from tickets.incoming import Incoming, Item
from tickets.models import Channel, Message

logger = logging.getLogger(__name__)

_INLINE_BYTES = 1024 * 1024
_LONGEST_KEY = 380
_BACKOFF = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1_800)]
# An edit or a reaction may overtake its message; after so many tries there is none.
_WAITS_FOR_MESSAGE = 3
# A stray is one that nobody was woken for; younger rows are about to be processed.
_STRAY_AGE = timedelta(seconds=20)


def keep(
    kind: str,
    account: str,
    dedup_key: str,
    raw: bytes,
    *,
    channel: Channel | None = None,
    meta: dict[str, Any] | None = None,
    wake: bool = True,
) -> tuple[InboundEvent, bool]:
    """Commit one raw event, once; returns it and whether it is new.

    Call it before answering the provider. `wake=False` leaves the processing to the caller.
    """
    dedup_key = _short(dedup_key)
    known = InboundEvent.objects.filter(kind=kind, account=account, dedup_key=dedup_key)
    if event := known.first():
        return event, False
    storage_key = _store(raw) if len(raw) > _INLINE_BYTES else ""
    try:
        with transaction.atomic():
            event = InboundEvent.objects.create(
                kind=kind,
                account=account,
                channel=channel,
                dedup_key=dedup_key,
                body=None if storage_key else raw,
                storage_key=storage_key,
                size=len(raw),
                meta=meta or {},
                next_attempt_at=timezone.now() + _STRAY_AGE,
            )
    except IntegrityError:
        # The same event came at the same moment by another connection, and won.
        if storage_key:
            default_storage.delete(storage_key)
        return known.get(), False
    if wake:
        transaction.on_commit(lambda: waking.process(event))
    return event, True


def process(event_id: int) -> None:
    """Turn one event into messages, in one transaction. Processed already: nothing happens."""
    is_large = False
    try:
        with transaction.atomic():
            is_large = _turn(event_id)
    except Exception as error:
        _failed(event_id, error)
    if is_large:
        memory.give_back()


def _turn(event_id: int) -> bool:
    """Turn the event into messages; returns whether it was too large for the table."""
    event = _claimed(event_id)
    if event is None:
        return False
    items = adapter.get(event.kind).parse(event)
    event.let_go()
    _take(event, items)
    return bool(event.storage_key)


def replay(event: InboundEvent) -> None:
    """Process an event again; what it stored before is not stored twice."""
    InboundEvent.objects.filter(pk=event.pk).update(
        state=InboundEvent.State.RECEIVED, attempts=0, reason="", next_attempt_at=timezone.now()
    )
    process(event.pk)


def discard(event: InboundEvent, reason: str) -> None:
    """An admin decides that a dead event is not worth another try."""
    InboundEvent.objects.filter(pk=event.pk, state=InboundEvent.State.DEAD).update(
        state=InboundEvent.State.IGNORED, reason=reason
    )


def strays(limit: int = 200) -> Iterable[InboundEvent]:
    """Events whose time has come and that nobody processes, oldest first."""
    return InboundEvent.objects.filter(
        state__in=InboundEvent.WAITING, next_attempt_at__lte=timezone.now()
    ).order_by("next_attempt_at")[:limit]


def _claimed(event_id: int) -> InboundEvent | None:
    """The locked row; None if it is done, or somebody else is at it."""
    return (
        InboundEvent.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("channel__connection")
        .filter(pk=event_id, state__in=InboundEvent.WAITING)
        .first()
    )


def _take(event: InboundEvent, items: list[Item]) -> None:
    stored, reason = _store_items(event, items)
    _finish(event, InboundEvent.State.PROCESSED if stored else InboundEvent.State.IGNORED, reason)


def _store_items(event: InboundEvent, items: list[Item]) -> tuple[int, str]:
    """How many of the items are stored, and what is to be said of the others."""
    reason, stored = "" if items else "nothing to show", 0
    for index, item in enumerate(items):
        if isinstance(item, Incoming):
            item = replace(item, received_at=event.received_at)  # noqa: PLW2901
        try:
            result = receiving.take(
                item, event_id=event.pk, source_key=f"{event.dedup_key}#{index}"
            )
        except receiving.Duplicate:
            reason = "duplicate"
            continue
        stored += 1
        if isinstance(result, Message):
            waking.after(result, files=any(file.url for file in getattr(item, "files", ())))
    return stored, reason


def _finish(event: InboundEvent, state: InboundEvent.State, reason: str = "") -> None:
    event.state, event.reason = state, reason
    event.processed_at, event.next_attempt_at = timezone.now(), None
    event.save(update_fields=["state", "reason", "processed_at", "next_attempt_at"])


def _failed(event_id: int, error: Exception) -> None:
    """Write down what went wrong and when to try again; the last try may find another form."""
    with transaction.atomic():
        event = InboundEvent.objects.select_for_update().get(pk=event_id)
        event.attempts += 1
        if isinstance(error, receiving.NotYet) and event.attempts > _WAITS_FOR_MESSAGE:
            error = Ignore("unknown message")
        if isinstance(error, Ignore):
            _finish(event, InboundEvent.State.IGNORED, str(error))
            return
        event.reason = f"{type(error).__name__}: {error}"[:2_000]
        final = isinstance(error, Malformed | KeyError) or (
            event.attempts > len(_BACKOFF) and not _is_ours(error)
        )
        event.state = InboundEvent.State.DEAD if final else InboundEvent.State.FAILED
        event.next_attempt_at = None if final else _next_attempt(event.attempts)
        event.save(update_fields=["attempts", "reason", "state", "next_attempt_at"])
    if final:
        logger.error("event %s of %s is dead: %s", event_id, event.kind, type(error).__name__)
        _rescue(event)
    else:
        level = logging.INFO if isinstance(error, receiving.NotYet) else logging.WARNING
        logger.log(level, "event %s of %s failed", event_id, event.kind, exc_info=error)


def _is_ours(error: Exception) -> bool:
    """A full disk or a lost database says nothing of the event: it waits until that is mended."""
    return isinstance(error, OSError | OperationalError) and not isinstance(
        error, FileNotFoundError
    )


def _rescue(event: InboundEvent) -> None:
    """Let a dead event reach an agent in a plain form, where its kind has one.

    It stays dead for the admin, who sees why.
    """
    try:
        with transaction.atomic():
            _store_items(event, adapter.get(event.kind).last_resort(event) or [])
    except Exception:
        # Whatever it is, the row is in the journal and an admin sees it there.
        logger.exception("event %s has no plain form either", event.pk)


def _next_attempt(attempts: int) -> datetime:
    wait = _BACKOFF[min(attempts, len(_BACKOFF)) - 1]
    return timezone.now() + wait * random.uniform(0.8, 1.2)


def _short(key: str) -> str:
    """Providers' ids may be of any length; a long key keeps its start and its fingerprint."""
    key = key.replace("\0", "")
    if len(key) <= _LONGEST_KEY:
        return key
    fingerprint = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
    return f"{key[: _LONGEST_KEY - 65]}:{fingerprint}"


def _store(raw: bytes) -> str:
    return default_storage.save(f"journal/{uuid.uuid4().hex}", ContentFile(raw))
