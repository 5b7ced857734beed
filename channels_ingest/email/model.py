"""What parsing a mail gives."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from channels_ingest.email.addresses import Address
from channels_ingest.email.automatic import Kind
from channels_ingest.email.bounce import Bounce, Report
from channels_ingest.email.headers import Fields
from channels_ingest.email.invitation import Invitation


@dataclass(slots=True)
class Attachment:
    """One file of a mail, images inside the HTML included (`inline`)."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""
    content_location: str = ""
    inline: bool = False
    damaged: bool = False
    from_tnef: bool = False


@dataclass(slots=True)
class ParsedEmail:
    """A mail in parts. Ids are without `<>`; text has no NUL and no other control characters."""

    subject: str = ""
    from_: Address | None = None
    from_all: list[Address] = field(default_factory=list)
    sender: Address | None = None
    to: list[Address] = field(default_factory=list)
    cc: list[Address] = field(default_factory=list)
    reply_to: list[Address] = field(default_factory=list)
    # Where the mail arrived, in the order in which a reply token is looked for.
    recipients: list[Address] = field(default_factory=list)
    return_path: str | None = None  # '' for the empty one, None where no field says it
    date: datetime | None = None
    received_at: datetime | None = None  # from the topmost Received
    message_id: str = ""
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    thread_index: str = ""
    text: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    invitation: Invitation | None = None
    kind: Kind = Kind.CUSTOMER_MESSAGE
    auto_reason: str = ""
    bounce: Bounce | None = None
    report: Report | None = None
    # What is wrong with it, as codes: header, structure, encoding, charset, truncated, unreadable.
    damaged: set[str] = field(default_factory=set)
    headers: Fields = field(default_factory=Fields)
    content_hash: str = ""

    @property
    def automatic(self) -> bool:
        """Nothing may answer this mail by itself."""
        return self.kind is not Kind.CUSTOMER_MESSAGE

    def occurred_at(self, arrived_at: datetime) -> datetime:
        """When it was written: its own date, unless that is missing or in the future."""
        for moment in (self.date, self.received_at):
            if moment and moment <= arrived_at + timedelta(days=1):
                return moment.astimezone(UTC)
        return arrived_at
