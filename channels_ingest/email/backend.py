"""Mail that is no message of a ticket, sent by the server of a mailbox."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from channels_ingest.email import submission
from channels_ingest.email.composing import Letter
from channels_ingest.email.submission import Server
from channels_ingest.models import Connection


class MailboxBackend(BaseEmailBackend):
    """Sends as the mailbox. Raises `Refused`, `Unavailable`, `Uncertain`."""

    def __init__(self, server: Server, address: str) -> None:
        super().__init__()
        self._server, self._address = server, address

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            # Django's own message takes `linesep`; its type says it is the standard library's.
            raw = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
            submission.submit(self._server, Letter(raw, self._address, tuple(message.to)))
        return len(email_messages)


def of(mailbox: Connection) -> MailboxBackend | None:
    """None where the mailbox has no server of its own to send by."""
    if not mailbox.setting("smtp_host"):
        return None
    server = Server.of(mailbox)
    return MailboxBackend(server, str(mailbox.setting("address", ""))) if server else None
