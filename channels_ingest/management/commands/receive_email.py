import os
import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_ingest.email.keeping import MOST_BYTES, keep
from tickets.models import Channel

# sysexits.h: the mail server keeps the mail and tries again.
TEMPORARY_FAILURE = 75


class Command(BaseCommand):
    help = (
        "Take one mail from standard input, for a mail server's pipe. Ends with 0 only when the "
        "mail is in the journal, else with 75, so that the server tries again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", required=True, type=UUID, help="public id of the channel")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keep(_channel(options["channel"]), _mail(), source="pipe", **_envelope())
        except Exception as error:
            # Whatever it is, the mail must stay with the server.
            raise CommandError(
                f"The mail was not taken: {error}", returncode=TEMPORARY_FAILURE
            ) from error


def _channel(public_id: UUID) -> Channel:
    channels = Channel.objects.select_related("connection").filter(kind="email")
    channel = channels.filter(public_id=public_id).first()
    if channel is None:
        raise ValueError(f"there is no e-mail channel {public_id}")
    return channel


def _mail() -> bytes:
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    if not raw.strip():
        raise ValueError("it is empty")
    if len(raw) > MOST_BYTES:
        raise ValueError("it is larger than 50 MB")
    return raw


def _envelope() -> dict[str, Any]:
    """Sender and recipient as Postfix, Exim and qmail tell them to the programs of a pipe."""
    envelope: dict[str, Any] = {}
    sender = os.environ.get("SENDER")
    recipient = os.environ.get("ORIGINAL_RECIPIENT") or os.environ.get("RECIPIENT")
    if sender is not None:
        envelope["mail_from"] = sender.strip("<>")
    if recipient:
        envelope["recipients"] = [recipient]
    return envelope
