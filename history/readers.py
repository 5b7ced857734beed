"""Readers of the event log: each keeps its own position, and moves it with the effects it made."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from history.models import Event, ReaderFailure, ReaderPosition

logger = logging.getLogger(__name__)

TRIES = 3


@dataclass(frozen=True)
class Reader:
    """`handle` gets events in the order of `seq`, inside the transaction that moves the position.

    `batch` is 1 for a reader that locks tickets.
    """

    name: str
    handle: Callable[[Sequence[Event]], None]
    batch: int = 1


_readers: dict[str, Reader] = {}


def register(name: str, handle: Callable[[Sequence[Event]], None], *, batch: int = 1) -> None:
    """Add a reader (from `AppConfig.ready`); `migrate` sets a new one to the end of the log."""
    _readers[name] = Reader(name, handle, batch)


def registered() -> list[Reader]:
    return list(_readers.values())


def place_new(**_kwargs: object) -> None:
    """Give each reader without a position one at the end of the log (runs after `migrate`)."""
    newest = Event.objects.aggregate(seq=Max("seq"))["seq"] or 0
    ReaderPosition.objects.bulk_create(
        [ReaderPosition(reader=name, seq=newest) for name in _readers], ignore_conflicts=True
    )


def read(reader: Reader, *, at_most: int = 2_000) -> int:
    """Hand new events to one reader; returns how many. One process at a time reads for a reader."""
    done = 0
    while done < at_most:
        count = _read_batch(reader)
        if count == 0:
            break
        done += count
    return done


def read_all() -> int:
    """Let every reader catch up. A reader that fails does not hold the others."""
    return sum(read(reader) for reader in registered())


def _read_batch(reader: Reader) -> int:
    """One batch; where it fails, its first event alone, so that one event does not hold others."""
    count, error = _try(reader, reader.batch)
    if error is not None and reader.batch > 1:
        count, error = _try(reader, 1)
    return count if error is None else _note_failure(reader, error)


def _try(reader: Reader, size: int) -> tuple[int, Exception | None]:
    """Hand over up to `size` events; returns how many, or 0 and what the reader raised."""
    try:
        with transaction.atomic():
            position = _position(reader)
            if position is None:
                return 0, None
            events = list(Event.objects.filter(seq__gt=position.seq).order_by("seq")[:size])
            if events:
                reader.handle(events)
                _move(position, events[-1])
            return len(events), None
    except Exception as error:
        # A reader is other rooms' code and may raise anything; one event must not stop the log.
        logger.exception("reader %s failed", reader.name)
        return 0, error


def _position(reader: Reader) -> ReaderPosition | None:
    """The locked position; None if another process reads just now."""
    return (
        ReaderPosition.objects.select_for_update(skip_locked=True)
        .filter(reader=reader.name)
        .first()
    )


def _move(position: ReaderPosition, event: Event) -> None:
    position.seq = event.seq or position.seq
    position.save(update_fields=["seq"])


@transaction.atomic
def _note_failure(reader: Reader, error: Exception) -> int:
    """Count the failed try; the third makes the row dead and moves on. Returns events passed."""
    position = _position(reader)
    if position is None:
        return 0
    event = Event.objects.filter(seq__gt=position.seq).order_by("seq").first()
    if event is None:
        return 0
    failure, _created = ReaderFailure.objects.select_for_update().get_or_create(
        reader=reader.name, event=event, defaults={"error": ""}
    )
    failure.attempts += 1
    failure.error = f"{type(error).__name__}: {error}"[:2_000]
    failure.dead = failure.attempts >= TRIES
    failure.save()
    if not failure.dead:
        return 0
    _move(position, event)
    return 1


def run_again(failure: ReaderFailure) -> str:
    """Hand a dead event to its reader once more; '' and forgotten if it goes well, else why not."""
    try:
        with transaction.atomic():
            row = ReaderFailure.objects.select_for_update().filter(pk=failure.pk).first()
            if row is not None:  # nobody was faster
                _readers[row.reader].handle([row.event])
                row.delete()
    except Exception as error:
        logger.exception("reader %s failed again", failure.reader)
        failure.error = f"{type(error).__name__}: {error}"[:2_000]
        failure.save(update_fields=["error", "failed_at"])
        return failure.error
    return ""
