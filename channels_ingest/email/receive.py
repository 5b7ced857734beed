"""Mail into the journal: fetch, commit, move the cursor, in that order; nothing is parsed here."""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from email import policy
from email.message import EmailMessage
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from channels_ingest import health
from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.email import imap, mime, smtp_listener
from channels_ingest.email.imap import Cursor, Folder, Found
from channels_ingest.email.keeping import MOST_BYTES, keep
from channels_ingest.email.parse import file_of
from channels_ingest.models import Connection, InboundEvent
from tickets.incoming import File

logger = logging.getLogger(__name__)

# What a new channel imports of the mail that is there already, unless its setting says otherwise.
_FIRST_IMPORT = timedelta(days=30)
# After the server has numbered anew: what may have come since the folder was read to its end.
_OVERLAP = timedelta(days=7)
_POLLED_AT_ONCE = 500
_SAVED_EVERY = 25
_TRIES = 5
_LONGEST_PAUSE_S = 300.0
# A wrong password is not tried often: hosts lock accounts. A changed setting begins anew at once.
_PAUSE_AFTER_REFUSAL_S = 600.0
_MOVED_TO = "Helpdesk"
# What is fetched of one mail when an agent asks for all of it.
_MOST_WHOLE_BYTES = 150 * 1024 * 1024


class AfterImport(StrEnum):
    """What becomes of a mail in its mailbox once it is in the journal."""

    LEAVE = "leave"
    MOVE = "move"
    DELETE = "delete"


def is_polled(connection: Connection) -> bool:
    """Whether there is a mailbox to read; a channel may live by a pipe or the listener alone."""
    return bool(connection.setting("imap_host"))


def poll(connection: Connection) -> int:
    """Fetch what is new, once and not too much at a time; returns how many mails were new.

    Raises `Refused`, `Unavailable`.
    """
    with imap.opened(connection, read_only=_stays(connection)) as folder:
        return fetch(connection, folder, at_most=_POLLED_AT_ONCE)


def run(connection: Connection, stop: threading.Event) -> None:
    """Read a mailbox until told to stop; a lost line is taken up again, later each time."""
    failures, pause_s = 0, 0.0
    while not stop.is_set():
        try:
            with imap.opened(connection, read_only=_stays(connection)) as folder:
                while not stop.is_set():
                    fetch(connection, folder)
                    failures = 0
                    health.fetched(connection.channel_id)
                    # No database connection is held while nothing happens.
                    connections.close_all()
                    folder.wait(stop)
        except Refused as error:
            health.report(connection.channel_id, error)
            failures, pause_s = failures + 1, _PAUSE_AFTER_REFUSAL_S
        except Unavailable as error:
            # Hosts end long connections as they like: only what does not come back is a fault.
            if failures:
                health.report(connection.channel_id, error)
            failures, pause_s = failures + 1, _pause_s(failures)
        except Exception:
            # Whatever it was, this mailbox is read again, and the others go on.
            logger.exception("reading the mailbox of channel %s failed", connection.channel_id)
            failures, pause_s = failures + 1, _pause_s(failures)
        connections.close_all()
        stop.wait(pause_s)


def fetch(connection: Connection, folder: Folder, *, at_most: int | None = None) -> int:
    """Everything that is new in the folder into the journal. Returns how many mails were new."""
    cursor = Cursor.of(connection)
    uids = _unread(connection, folder, cursor)[:at_most]
    new, taken = 0, []
    try:
        for found in folder.look_at(uids):
            is_new = _take(connection, folder, cursor, found)
            if is_new is not None:
                new += is_new
                # Of a large mail we have the beginning alone: it must stay where it is.
                taken += [found.uid] if found.size_bytes <= MOST_BYTES else []
            cursor.uid = max(cursor.uid, found.uid)
            if len(taken) >= _SAVED_EVERY:
                _settle(connection, folder, cursor, taken)
                taken = []
    finally:
        _settle(connection, folder, cursor, taken)
    if at_most is None or len(uids) < at_most:
        _reached_the_end(connection, cursor)
    return new


def whole(connection: Connection, event: InboundEvent) -> list[File]:
    """A mail that was too large, out of the mailbox: itself, its text, its files.

    Raises `Refused`, `Unavailable`.
    """
    if event.meta.get("too_large", 0) > _MOST_WHOLE_BYTES:
        raise Refused(_("This message is too large. Read it in the mailbox itself."))
    with imap.opened(connection) as folder:
        same_numbers = folder.uidvalidity == event.meta.get("uidvalidity")
        raw = folder.raw(event.meta["uid"]) if same_numbers else None
    if raw is None:
        raise Refused(_("This message is not in the mailbox any more."))
    mail = mime.parse(raw)
    text = File(filename="wiadomosc.txt", content_type="text/plain", content=mail.text.encode())
    files = [file_of(each) for each in mail.attachments]
    itself = File(filename="wiadomosc.eml", content_type="message/rfc822", content=raw)
    return [itself, *([text] if mail.text.strip() else []), *files]


def count_new(connection: Connection, folder: Folder) -> int:
    """How many messages would be fetched now; nothing is fetched or written down."""
    return len(_unread(connection, folder, Cursor.of(connection)))


def _unread(connection: Connection, folder: Folder, cursor: Cursor) -> list[int]:
    """UIDs that are not in the journal: new ones, ascending, then those that could not be read."""
    if (cursor.folder, cursor.uidvalidity) != (folder.name, folder.uidvalidity):
        _begin(connection, folder, cursor)
    uids = folder.uids_after(cursor.uid)
    if cursor.uid < cursor.backlog:
        recent = set(folder.uids_since(date.fromisoformat(cursor.since)))
        uids = [uid for uid in uids if uid > cursor.backlog or uid in recent]
    return uids + sorted({int(uid) for uid in cursor.tries} - set(uids))


def _begin(connection: Connection, folder: Folder, cursor: Cursor) -> None:
    """A folder never read before, or numbered anew: go through it again from some day on.

    What the journal knows is recognised there by its key.
    """
    cursor.since = _first_day(connection, folder, cursor).isoformat()
    cursor.folder, cursor.uidvalidity = folder.name, folder.uidvalidity
    cursor.uid, cursor.tries, cursor.read_at = 0, {}, ""
    cursor.backlog = (
        folder.next_uid - 1 if folder.next_uid else max(folder.uids_after(0), default=0)
    )


def _first_day(connection: Connection, folder: Folder, cursor: Cursor) -> date:
    if cursor.folder == folder.name and cursor.read_at:
        return (datetime.fromisoformat(cursor.read_at) - _OVERLAP).date()
    if chosen := connection.setting("import_since"):
        return date.fromisoformat(chosen)
    return (timezone.now() - _FIRST_IMPORT).date()


def _take(connection: Connection, folder: Folder, cursor: Cursor, found: Found) -> bool | None:
    """Journal one message: whether it was new; None if it is gone or could not be read.

    One that cannot be read is tried again later, behind all others; in the end a note takes its
    place.
    """
    key, too_large = str(found.uid), found.size_bytes > MOST_BYTES
    try:
        raw = folder.raw(found.uid, header_only=too_large)
    except (IMAPClientError, OSError) as error:
        cursor.tries[key] = cursor.tries.get(key, 0) + 1
        name, channel_id = type(error).__name__, connection.channel_id
        logger.warning("message %s of channel %s was not read: %s", found.uid, channel_id, name)
        if cursor.tries[key] >= _TRIES:
            raw = _stand_in(connection, found)
        elif isinstance(error, IMAPClientAbortError | OSError):
            # The line is gone. If this message broke it, it comes last from now on.
            cursor.uid = max(cursor.uid, found.uid)
            raise
        else:
            return None
    cursor.tries.pop(key, None)
    if raw is None:
        return None
    return _journal(connection, raw, found, too_large=too_large, uidvalidity=folder.uidvalidity)


def _journal(
    connection: Connection, raw: bytes, found: Found, *, too_large: bool, uidvalidity: int
) -> bool:
    meta: dict[str, Any] = {"uid": found.uid}
    if found.arrived_at:
        meta["arrived_at"] = found.arrived_at.isoformat()
    if too_large:
        meta |= {"too_large": found.size_bytes, "uidvalidity": uidvalidity}
    try:
        _event, is_new = keep(connection.channel, raw, source="imap", **meta)
    except OSError as error:
        raise Unavailable(_("The mail could not be stored. Is the disk full?")) from error
    return is_new


def _stand_in(connection: Connection, found: Found) -> bytes:
    """A mail that tells the agents of one that cannot be fetched."""
    note = EmailMessage(policy=policy.SMTPUTF8)
    note["From"] = note["To"] = str(connection.setting("address", ""))
    note["Subject"] = _("A message could not be fetched")
    note["Auto-Submitted"] = "auto-generated"
    note.set_content(
        _("The mail server does not hand out message %(uid)s of folder %(folder)s. Look there.")
        % {"uid": found.uid, "folder": imap.folder_name(connection)}
    )
    return note.as_bytes()


def _settle(connection: Connection, folder: Folder, cursor: Cursor, taken: list[int]) -> None:
    """Write the cursor; then, as the channel is set, clear away what is in the journal."""
    cursor.save(connection)
    if not taken or _stays(connection):
        return
    try:
        if connection.setting("after_import") == AfterImport.DELETE:
            folder.delete(taken)
        else:
            folder.move(taken, str(connection.setting("move_to", _MOVED_TO)))
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        logger.warning("channel %s: imported mail could not be moved", connection.channel_id)


def _reached_the_end(connection: Connection, cursor: Cursor) -> None:
    cursor.uid = max(cursor.uid, cursor.backlog)
    cursor.read_at = timezone.now().isoformat(timespec="seconds")
    cursor.save(connection)


def _stays(connection: Connection) -> bool:
    return AfterImport(connection.setting("after_import", "leave")) == AfterImport.LEAVE


def _pause_s(failures: int) -> float:
    """1 s, 2 s, 4 s ... 5 min, spread, so that many mailboxes of one host do not come at once."""
    return min(2.0 ** min(failures, 16), _LONGEST_PAUSE_S) * random.uniform(0.8, 1.2)


@contextmanager
def listening() -> Iterator[None]:
    """The SMTP/LMTP listener, where the installation has one."""
    with smtp_listener.serving(settings.SMTP_LISTEN):
        yield
