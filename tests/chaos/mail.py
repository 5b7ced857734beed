"""Mail: a mailbox that is read while it changes, a sender by SMTP, and a server that fails."""

import queue
import random
import smtplib
import threading
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from tests.chaos.items import Item, Ledger
from tests.servers import ImapServer, SmtpSink

CONVERSATIONS = 20
# Each mail of a conversation is a second later than the one before, all of them in the past.
_BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


class Writer:
    """Makes the mails of customers; a few bear the Message-ID of the one before."""

    def __init__(self, ledger: Ledger, rng: random.Random) -> None:
        self._ledger, self._rng = ledger, rng
        self._ids: dict[tuple[str, int], str] = {}
        self.reused = 0

    def mail(self, way: str, to: str) -> tuple[Item, bytes]:
        conversation = self._rng.randrange(CONVERSATIONS)
        item = self._ledger.offer(way, conversation)
        message = EmailMessage()
        message["From"] = f"Klient {conversation} <{way}{conversation}@example.com>"
        message["To"] = to
        message["Subject"] = f"Sprawa {way} {conversation}"
        message["Date"] = format_datetime(_BEGAN + timedelta(seconds=item.number))
        message["Message-ID"] = self._id(item)
        message.set_content(f"{item}\nDzień dobry, gdzie jest moja paczka?\n")
        return item, message.as_bytes().replace(b"\n", b"\r\n")

    def _id(self, item: Item) -> str:
        known = self._ids.get((item.way, item.conversation))
        if known and self._rng.random() < 0.03:
            self.reused += 1
            return known
        fresh = f"<{str(item).replace('/', '-')}@example.com>"
        self._ids[item.way, item.conversation] = fresh
        return fresh


class Mailbox:
    """The shop's mailbox at a host, into which mails arrive while others change it."""

    way = "imap"

    def __init__(self, server: ImapServer, ledger: Ledger, writer: Writer) -> None:
        self._server, self._ledger, self.writer = server, ledger, writer
        self._inside: list[Item] = []
        self.expunged = self.renumbered = 0

    def arrive(self, count: int) -> None:
        for _number in range(count):
            item, raw = self.writer.mail(self.way, self._server.user)
            self._server.append(raw)
            self._inside.append(item)
            self._ledger.take(item)

    def disturb(self, rng: random.Random, stored: set[Item]) -> None:
        """Another client deletes what is read already; the host renumbers; lines break."""
        while self._inside and self._inside[0] in stored and rng.random() < 0.7:
            self._server.expunge_first()
            self._inside.pop(0)
            self.expunged += 1
        if rng.random() < 0.06:
            self._server.renew_uidvalidity()
            self.renumbered += 1
        if rng.random() < 0.1:
            self._server.drop_connections()


class Senders:
    """Mail servers that bring mail by SMTP, and bring it again until it is taken."""

    way = "smtp"

    def __init__(self, port: int, to: str, ledger: Ledger, writer: Writer) -> None:
        self._port, self._to, self._ledger, self._writer = port, to, ledger, writer
        self._waiting: queue.Queue[tuple[Item, bytes]] = queue.Queue()
        self.again = 0
        for _number in range(4):
            threading.Thread(target=self._run, daemon=True).start()

    def arrive(self, count: int) -> None:
        for _number in range(count):
            self._waiting.put(self._writer.mail(self.way, self._to))

    def _run(self) -> None:
        while True:
            item, raw = self._waiting.get()
            while not self._bring(raw):
                self.again += 1
                time.sleep(0.3)
            self._ledger.take(item)

    def _bring(self, raw: bytes) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=30) as smtp:
                smtp.sendmail("klient@example.com", [self._to], raw)
        except (smtplib.SMTPException, OSError):
            return False
        return True


class FailingSink(SmtpSink):
    """Takes the shop's answers, and fails in every way in which mail servers do."""

    faults = ("drop", "drop first", "451 4.3.0 Later", "421 4.3.2 Bye", "550 5.7.1 No")

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng
        self.failed = 0

    async def handle_DATA(self, *args: Any) -> str:  # noqa: N802
        if self._rng.random() < 0.15:
            self.failed += 1
            self.answers[:] = [self._rng.choice(self.faults)]
        return await super().handle_DATA(*args)
