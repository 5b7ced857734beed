"""What kinds of channel there are and what each can do. `channels_ingest` fills it on start."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from crm.models import Identity

if TYPE_CHECKING:
    from tickets.models.channel import Channel
    from tickets.models.message import Message
    from tickets.sla.weeks import Week


@dataclass(frozen=True)
class Capabilities:
    """What a kind of channel can do, as data; the composer shows it and `replying` keeps it."""

    rich_text: bool = False
    subject: bool = False
    copies: bool = False  # Cc and Bcc
    # Text longer than this goes out in several parts; None means no limit.
    max_text: int | None = None
    # True where the provider takes one file a call, apart from the text.
    files_apart: bool = False
    max_files: int = 20
    max_file_bytes: int = 20 * 1024 * 1024
    max_total_bytes: int = 20 * 1024 * 1024
    # Content types that may be sent; empty means all.
    file_types: frozenset[str] = frozenset()
    typing: bool = False
    receipts: bool = False
    # How long after the customer's last message one may write, and how long a person still may.
    reply_window: timedelta | None = None
    human_window: timedelta | None = None
    # How long a sent message can be taken back.
    undo: timedelta = timedelta(0)


@dataclass(frozen=True)
class ChannelKind:
    """One kind of channel. `queue` is the Celery queue of its work."""

    name: str
    label: str | Promise
    icon: str
    capabilities: Capabilities
    # By which of a customer's identities one answers; page-scoped ones belong to one channel.
    identity_kind: Identity.Kind
    scoped: bool = True
    queue: str = "mail"
    # Sent in the process that wrote it: our own chat, which nothing can refuse.
    immediate: bool = False
    follow_up_days: int = 14
    # A person's newest open ticket takes their messages; mail has rules of its own.
    one_conversation: bool = True
    # Whether a channel may use the human window: some providers grant it on request only.
    human_window_granted: "Callable[[Channel], bool] | None" = None
    # Gives an outbound message its id before the first attempt (a mail's Message-ID).
    external_id: "Callable[[Message], str] | None" = None
    # Says whether an automatic answer to a message is sure to start no loop and annoy nobody.
    may_answer: "Callable[[Message], bool] | None" = None
    # Gives a channel's own weekly hours, Monday first; () for those of its calendar.
    own_week: "Callable[[Channel], Week] | None" = None


_kinds: dict[str, ChannelKind] = {}


def register(kind: ChannelKind) -> None:
    _kinds[kind.name] = kind


def get(name: str) -> ChannelKind:
    """Raises `KeyError` for a kind whose package is not installed."""
    return _kinds[name]


def registered() -> Iterable[ChannelKind]:
    return list(_kinds.values())


def choices() -> list[tuple[str, str | Promise]]:
    """Choices for `Channel.kind`: a new kind needs no migration."""
    return [(kind.name, kind.label) for kind in _kinds.values()]
