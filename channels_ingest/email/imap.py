"""One folder of a mailbox over IMAP, and the cursor that says how far we have read it.

We read with BODY.PEEK and open the folder read-only where nothing is moved, so no flag changes.
What is new is told by UIDVALIDITY and UID alone, never by a date or a flag. Facts:
contracts/email.md 1.1.
"""

import imaplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Self

from django.utils.translation import gettext as _
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.email import oauth, wire
from channels_ingest.email.wire import Security
from channels_ingest.models import Connection

_ANSWER_S = 60
_CHUNK = 200
# IDLE is taken up anew before the 9 minutes after which some hosts end it, and since others' IDLE
# tells nothing, the folder is looked at each time.
_LOOK_EVERY_S = 300.0
_LOOK_WITHOUT_IDLE_S = 60.0
# How soon a waiting reader notices that it shall stop.
_STOPS_WITHIN_S = 1
# Answers to LOGIN that say nothing about the password (RFC 5530).
_PASSING = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "TOO MANY", "TRY AGAIN")


@dataclass
class Cursor:
    """How far a folder was read. `tries` counts, by UID, the failed tries of single messages."""

    folder: str = ""
    uidvalidity: int = 0
    uid: int = 0
    # Up to this UID the folder is imported from the day `since` on; above it, all of it.
    backlog: int = 0
    since: str = ""
    # When the folder was last read to its end, ISO 8601.
    read_at: str = ""
    tries: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection) -> Self:
        kept = connection.cursor.get("imap", {})
        return cls(**{name: value for name, value in kept.items() if name in cls.__annotations__})

    def save(self, connection: Connection) -> None:
        """Write it by itself, so that nothing else of the row is touched."""
        connection.cursor = {**connection.cursor, "imap": asdict(self)}
        Connection.objects.filter(pk=connection.pk).update(cursor=connection.cursor)


@dataclass(frozen=True)
class Found:
    """A message in the folder, not yet fetched."""

    uid: int
    size_bytes: int
    arrived_at: datetime | None


class _Lines(imaplib.IMAP4):
    """The protocol over a line that is open already."""

    def __init__(self, line: socket.socket, host: str, port: int) -> None:
        self._line = line
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._line


class _Client(IMAPClient):  # type: ignore[misc]  # the library has no types
    def __init__(self, host: str, port: int, security: str) -> None:
        self._security = security
        super().__init__(host, port, ssl=False, timeout=SocketTimeout(30, _ANSWER_S))
        # Times with their offset, instead of this machine's local time.
        self.normalise_times = False

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802
        line = wire.connect(self.host, self.port, security=self._security)
        line.settimeout(_ANSWER_S)
        return _Lines(line, self.host, self.port)

    def has_unread_lines(self) -> bool:
        """Whether something came together with the last answer: no poll of the line shows that."""
        line = self.socket()
        timeout_s = line.gettimeout()
        line.setblocking(False)
        try:
            return bool(self._imap.file.peek(1))
        finally:
            line.settimeout(timeout_s)

    def was_told_of_more(self) -> bool:
        """Whether the server has spoken of new messages since this was asked last.

        It does so once, with the answer to whatever command comes next, and not again in IDLE.
        """
        _name, counts = self._imap.response("EXISTS")
        return bool(counts != [None])


class Folder:
    """The open folder of a connection's mailbox."""

    def __init__(self, connection: Connection, client: _Client, *, read_only: bool) -> None:
        self.name = folder_name(connection)
        self._host = client.host
        self._client = client
        try:
            opened = client.select_folder(self.name, readonly=read_only)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise Refused(
                _("The mailbox has no folder %(folder)s.") % {"folder": self.name}
            ) from error
        self.uidvalidity = int(opened.get(b"UIDVALIDITY", 0))
        self.next_uid = int(opened.get(b"UIDNEXT", 0))
        self.count = int(opened.get(b"EXISTS", 0))

    def uids_after(self, uid: int) -> list[int]:
        """UIDs above this one, ascending."""
        self._client.was_told_of_more()  # up to here it is found by this search
        # `n:*` names the newest message even when its number is lower.
        found = self._client.search(["UID", f"{uid + 1}:*"])
        return sorted(each for each in found if each > uid)

    def uids_since(self, day: date) -> list[int]:
        """UIDs of messages that arrived on this day or later, ascending."""
        return sorted(self._client.search(["SINCE", day]))

    def look_at(self, uids: list[int]) -> Iterator[Found]:
        """What is there of these, in their order; one that was deleted meanwhile is left out."""
        for start in range(0, len(uids), _CHUNK):
            chunk = uids[start : start + _CHUNK]
            rows = self._client.fetch(chunk, ["RFC822.SIZE", "INTERNALDATE"])
            for uid in chunk:
                if uid in rows and b"RFC822.SIZE" in rows[uid]:
                    row = rows[uid]
                    yield Found(uid, int(row[b"RFC822.SIZE"]), _aware(row.get(b"INTERNALDATE")))

    def raw(self, uid: int, *, header_only: bool = False) -> bytes | None:
        """The message as it is on the server; None if it was deleted meanwhile."""
        section = "BODY.PEEK[HEADER]" if header_only else "BODY.PEEK[]"
        row: dict[bytes, Any] = self._client.fetch([uid], [section]).get(uid, {})
        content = row.get(section.replace(".PEEK", "").encode())
        return None if content is None else bytes(content)

    def wait(self, stop: threading.Event) -> None:
        """Until the server says that something is new, or it is time to look, or `stop` is set."""
        if self._client.was_told_of_more():
            return
        if not self._client.has_capability("IDLE"):
            stop.wait(_LOOK_WITHOUT_IDLE_S)
            self._client.noop()
            return
        until = time.monotonic() + _LOOK_EVERY_S
        self._client.idle()
        has_news = self._client.has_unread_lines()
        while not has_news and not stop.is_set() and time.monotonic() < until:
            asked_at = time.monotonic()
            said = self._client.idle_check(timeout=_STOPS_WITHIN_S)
            # It returns early with news, and without any when the line is gone.
            if said or time.monotonic() - asked_at < _STOPS_WITHIN_S / 2:
                break
        # Fails where the line is gone, and the caller connects anew.
        self._client.idle_done()

    def move(self, uids: list[int], folder: str) -> None:
        """Put messages into another folder, which is made if it is not there."""
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
            return
        self._client.copy(uids, folder)
        self.delete(uids)

    def delete(self, uids: list[int]) -> None:
        """Delete these messages alone: without UIDPLUS they are only marked."""
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)


def folder_name(connection: Connection) -> str:
    return str(connection.setting("imap_folder", "INBOX"))


@contextmanager
def opened(connection: Connection, *, read_only: bool = True) -> Iterator[Folder]:
    """Sign in and open the folder. Raises `Refused` for what an admin must mend, `Unavailable`.

    An error of the line inside the block comes out as `Unavailable` as well.
    """
    host = str(connection.setting("imap_host", ""))
    security = str(connection.setting("imap_security", Security.TLS))
    port = int(connection.setting("imap_port", 993 if security == Security.TLS else 143))
    client = None
    try:
        client = _Client(host, port, security)
        _secure(client, security)
        _sign_in(client, connection)
        yield Folder(connection, client, read_only=read_only)
    except (IMAPClientError, OSError, EOFError) as error:
        raise _trouble(error, host) from error
    finally:
        if client is not None:
            _close(client)


def _secure(client: _Client, security: str) -> None:
    if security != Security.STARTTLS:
        return
    if not client.has_capability("STARTTLS"):
        raise Refused(
            _("%(host)s does not offer STARTTLS. Choose another kind of encryption.")
            % {"host": client.host}
        )
    try:
        client.starttls(wire.tls_context())
    except OSError as error:
        raise wire.tls_trouble(error, client.host, client.port) from error


def _sign_in(client: _Client, connection: Connection) -> None:
    user = str(connection.setting("imap_user", connection.setting("address", "")))
    try:
        if oauth.is_used(connection):
            _sign_in_by_token(client, user, oauth.access_token(connection))
            return
        password = connection.secrets.get("imap_password", "")
        if (user + password).isascii():
            client.login(user, password)
        else:
            # LOGIN knows ASCII only.
            client.plain_login(user, password)
    except LoginError as error:
        if any(word in str(error).upper() for word in _PASSING):
            raise
        raise Refused(
            _(
                "%(host)s does not accept the user name or the password. "
                "Some providers want an app password here."
            )
            % {"host": client.host},
            code="login",
        ) from error


def _sign_in_by_token(client: _Client, user: str, token: str) -> None:
    first = f"user={user}\1auth=Bearer {token}\1\1".encode()
    try:
        # A refusal comes as a challenge, to be answered by an empty line (contracts/email.md 1.2).
        client.sasl_login("XOAUTH2", lambda challenge: b"" if challenge else first)
    except LoginError as error:
        raise Refused(
            _("The access to the mailbox has ended. Sign in again."), needs_reauth=True
        ) from error


def _trouble(error: Exception, host: str) -> Unavailable:
    if isinstance(error, IMAPClientAbortError | OSError | EOFError):
        return wire.lost(host)
    return Unavailable(
        _("%(host)s refused: %(reason)s") % {"host": host, "reason": str(error)[:200]}
    )


def _close(client: _Client) -> None:
    with suppress(IMAPClientError, OSError):
        client.logout()
    with suppress(OSError):
        client.shutdown()


def _aware(moment: datetime | None) -> datetime | None:
    """INTERNALDATE carries an offset; a server that leaves it out is taken to mean UTC."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
