"""One message of the outbox to a mail server."""

from email import message_from_bytes
from typing import Any

from django.core.mail import EmailMessage as DjangoMessage
from django.core.mail import get_connection
from django.utils.translation import gettext as _

from channels_ingest.adapter import Outgoing, Refused, Sent, Unavailable
from channels_ingest.email import composing, submission
from channels_ingest.email.composing import Letter
from channels_ingest.email.submission import Server
from crm.identifying import Handle
from crm.models import Identity


def send(outgoing: Outgoing) -> Sent:
    """Send one mail. Raises `Refused`, `Unavailable`, `Uncertain`."""
    letter = composing.letter(outgoing)
    if outgoing.message.automatic:
        _may_be_written_to(letter)
    server = Server.of(outgoing.connection)
    refused = submission.submit(server, letter) if server else _hand_over(letter)
    return Sent(outgoing.message.external_id, remark="\n".join(refused))


def _may_be_written_to(letter: Letter) -> None:
    """What nobody wrote is not sent to an address that has bounced."""
    keys = [Handle(Identity.Kind.EMAIL, each).key for each in (*letter.to, *letter.copies)]
    bounced = Identity.objects.filter(
        kind=Identity.Kind.EMAIL, value__in=keys, unreachable_at__isnull=False
    )
    if bounced.exists():
        raise Refused(_("Mail to this address came back before; nothing is sent by itself."))


class _AsComposed(DjangoMessage):
    """A mail whose bytes are made already."""

    def __init__(self, letter: Letter) -> None:
        super().__init__(from_email=letter.sender, to=letter.to, bcc=letter.copies)
        self._raw = letter.raw

    def message(self, **_options: Any) -> Any:
        return message_from_bytes(self._raw)


def _hand_over(letter: Letter) -> list[str]:
    """To the installation's own backend, where that is a file, the console or memory."""
    try:
        get_connection(fail_silently=False).send_messages([_AsComposed(letter)])
    except OSError as error:
        raise Unavailable(_("The mail could not be written down.")) from error
    return []
