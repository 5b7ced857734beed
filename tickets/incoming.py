"""What adapters hand to `receiving`: plain dataclasses, filled without network or database.

`tickets` knows no provider; everything a provider's payload says arrives in one of these forms.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.identifying import Handle


@dataclass(frozen=True)
class File:
    """A file of a message: with its `content`, or with the `url` from which it is to be fetched."""

    filename: str = ""
    content_type: str = ""
    content: bytes | None = None
    url: str = ""
    content_id: str = ""
    inline: bool = False
    # "damaged", "from_tnef", "sticker", "location", ...: shown beside the name.
    mark: str = ""


@dataclass(frozen=True)
class Threading:
    """What a message says about the ticket it belongs to (e-mail; other channels leave it empty).

    `refs` are tickets' refs whose token was checked; `message_ids` without angle brackets, newest
    first; `number` is the `[#12345]` of the subject. `known_sender` is False where the sender's
    authentication failed.
    """

    refs: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    number: int | None = None
    known_sender: bool = True


@dataclass(frozen=True)
class Incoming:
    """One message that a customer wrote, or that was sent them past the helpdesk (`outbound`)."""

    channel_id: int
    sender: Handle
    external_id: str
    occurred_at: datetime
    # When it reached us, by our own clock; None is now. Clocks go by it where the two differ.
    received_at: datetime | None = None
    subject: str = ""
    body_text: str = ""
    body_html: str = ""
    # What is new in the message, without quotes and signature; None where all of it is.
    reply_text: str | None = None
    files: tuple[File, ...] = ()
    threading: Threading = field(default_factory=Threading)
    # People beside the sender: Cc, and To that is not us.
    cc: tuple[Handle, ...] = ()
    # Where the sender wants answers to go: for an agent to decide, whoever the sender is.
    proposed: tuple[Handle, ...] = ()
    # Autoresponders, lists: filed and shown, but reopen nothing, stop no clock, get no answer.
    automatic: bool = False
    # "pass", "fail", "none" or "" where the channel itself proves the sender.
    authentication: str = ""
    # Recognises the same message when it comes a second time in another coding.
    content_hash: str = ""
    # Sent to the customer outside the helpdesk (an echo); `sender` is the customer all the same.
    outbound: bool = False
    # The external id of the message this one answers, shown above it.
    answers: str = ""
    # The channel's own facts to show or search: {"payload": ..., "product_id": ..., "page": ...}.
    context: dict[str, Any] = field(default_factory=dict)
    # The ticket is the channel's own business (chat session): the id of the open ticket, if any.
    ticket_id: int | None = None


@dataclass(frozen=True)
class Receipt:
    """The provider says how far our messages have come.

    Either `external_ids`, or everything sent to `recipient` up to `until` (a watermark).
    `state` is sent, delivered, read or failed; `error` is a sentence for the agent. `at` of "sent"
    is the provider's time of the message, the one that its watermarks are in.
    """

    channel_id: int
    state: str
    at: datetime
    external_ids: tuple[str, ...] = ()
    recipient: Handle | None = None
    until: datetime | None = None
    error: str = ""
    # Our own correlation id came back: the public id of the message and the part that it names,
    # and the provider's id of it.
    message: UUID | None = None
    part: int = 0
    external_id: str = ""


@dataclass(frozen=True)
class Edit:
    """The customer changed a message. `number` counts the edits from 1."""

    channel_id: int
    external_id: str
    body_text: str
    at: datetime
    number: int = 1


@dataclass(frozen=True)
class Removal:
    """The customer took a message back."""

    channel_id: int
    external_id: str
    at: datetime


@dataclass(frozen=True)
class Reaction:
    """The customer put an emoji on a message, or took it off (`emoji` empty)."""

    channel_id: int
    external_id: str
    sender: Handle
    emoji: str
    at: datetime


@dataclass(frozen=True)
class Bounce:
    """A mail of ours came back, or is late, or was complained about.

    `message_ids` are ids without brackets that may name our mail; `kind` is hard, soft, delayed,
    policy, complaint. The report itself is kept as a message of the ticket (`report`).
    """

    channel_id: int
    kind: str
    status: str
    recipients: tuple[str, ...]
    diagnostic: str
    at: datetime
    report: Incoming
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """Something about a conversation that is no message: a referral, who answers it now.

    `waits`: from now on the customer waits for us (another app passed the conversation on).
    """

    channel_id: int
    sender: Handle
    at: datetime
    context: dict[str, Any] = field(default_factory=dict)
    waits: bool = False


@dataclass(frozen=True)
class Restriction:
    """The provider stops all that the channel sends (`error` says why), or allows it again ('')."""

    channel_id: int
    at: datetime
    error: str = ""


Item = Incoming | Receipt | Edit | Removal | Reaction | Bounce | Context | Restriction
