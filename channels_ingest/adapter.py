"""What an adapter is, and the registry of those installed.

One package a channel kind, each of the same shape:

    __init__.py   `adapter = Adapter(package=__name__, kind=ChannelKind(...), ...)`; costs nothing
    receive.py    checks and journals: `webhook(request, connection, body)`,
                  `poll(connection)`, `run(connection, stop)` or `listening()`
    parse.py      `parse(event) -> list[Item]`, without network or database
    send.py       `send(outgoing) -> Sent`; raises `Refused`, `Unavailable` or `Uncertain`;
                  `gesture(connection, recipient, name)` where somebody's typing can be shown
    connect.py    `SettingsForm`, whose `usual` may name the fields shown at once;
                  `check(connection) -> Check`
    README.md     how an admin connects it

The modules are imported when they are first needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tickets import kinds
from tickets.kinds import ChannelKind

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from channels_ingest.models import Connection, InboundEvent
    from crm.models import Identity
    from tickets.incoming import File, Item
    from tickets.models import Channel, Message
    from tickets.parts import Part

_BUILT_IN = (
    "channels_ingest.email",
    "channels_ingest.chat",
    "channels_ingest.messenger",
    "channels_ingest.custom",
)
_ENTRY_POINTS = "okienko.channels"


class Malformed(ValueError):
    """The payload is not in the documented form. It stays in the journal for an admin."""


class Ignore(Exception):
    """There is nothing to show, and the text says why: "our own mail", "unknown page"."""


class Refused(Exception):
    """The provider will never take this message. The text says what happened and what to do.

    `code` is the provider's; `unreachable`: this person cannot be written to any more;
    `needs_reauth`: nothing goes out on this connection until an admin signs in again; `pause`: the
    provider stopped the whole connection, which is tried again after this time.
    """

    def __init__(
        self,
        text: str,
        *,
        code: str = "",
        unreachable: bool = False,
        needs_reauth: bool = False,
        pause: timedelta | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.unreachable = unreachable
        self.needs_reauth = needs_reauth
        self.pause = pause


class Unavailable(Exception):
    """A passing fault: try again, not before `retry_after` where the provider names it.

    `tried` is False where nothing was asked of the provider, so that it counts as no attempt: our
    own limit of calls said to wait.
    """

    def __init__(
        self,
        text: str,
        *,
        code: str = "",
        retry_after: timedelta | None = None,
        tried: bool = True,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.retry_after = retry_after
        self.tried = tried


class Uncertain(Exception):
    """The line was lost when the provider may have taken the message: it is not sent again."""


@contextmanager
def once_begun() -> Iterator[None]:
    """Around what an adapter does from the first byte of a message on.

    What nobody foresaw leaves open whether the provider took it, as a lost line does.
    """
    try:
        yield
    except (Refused, Unavailable, Uncertain):
        raise
    except Exception as error:
        logger.exception("sending failed in a way nobody foresaw")
        raise Uncertain from error


@dataclass(frozen=True)
class Outgoing:
    """One provider call: a part of a message, on its way over a connection.

    `number` is the part's place in the message, `attempt` counts the tries from 1.
    """

    delivery_id: int
    message: Message
    channel: Channel
    connection: Connection
    part: Part
    number: int = 0
    attempt: int = 1

    @property
    def recipient(self) -> str:
        """The address or id of the one person written to; '' where there is none."""
        to: list[str] = self.message.recipients.get("to", [])
        return to[0] if to else ""


@dataclass(frozen=True)
class Sent:
    """The provider took it, under this id. A remark is noted in the thread for the agent."""

    external_id: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Check:
    """The result of trying a connection, in plain words.

    `needs_reauth`: our credentials are not accepted, so that nothing can go out either.
    """

    ok: bool
    text: str
    needs_reauth: bool = False


@dataclass(frozen=True)
class Profile:
    """What a provider tells about a person; `placeholder` names those of whom it tells nothing."""

    name: str = ""
    first_name: str = ""
    language: str = ""
    placeholder: str = ""


@dataclass(frozen=True)
class Adapter:
    """One installed kind of channel; `package` holds its modules.

    `secrets` names the write-only settings; `account` the setting by which events of several
    channels at one address are told apart; `checked_daily`: what `check` finds goes wrong by
    itself, so that somebody has to look.
    """

    package: str
    kind: ChannelKind
    secrets: tuple[str, ...] = ()
    account: str = ""
    checked_daily: bool = False

    def module(self, name: str) -> ModuleType | None:
        """One of the package's modules; None if this kind has none of that name."""
        full_name = f"{self.package}.{name}"
        if importlib.util.find_spec(full_name) is None:
            return None
        return importlib.import_module(full_name)

    def parse(self, event: InboundEvent) -> list[Item]:
        return list(self._function("parse", "parse")(event))

    def last_resort(self, event: InboundEvent) -> list[Item] | None:
        """A plain form in which an event that cannot be processed still reaches an agent."""
        function = self._optional("parse", "last_resort")
        return list(function(event)) if function else None

    def send(self, outgoing: Outgoing) -> Sent:
        """Raises `Refused`, `Unavailable`, `Uncertain`."""
        sent: Sent = self._function("send", "send")(outgoing)
        return sent

    def check(self, connection: Connection) -> Check:
        result: Check = self._function("connect", "check")(connection)
        return result

    def settings_form(self) -> Any:
        """The form class of the connection's settings and secrets."""
        return self._function("connect", "SettingsForm")

    def whole(self, connection: Connection, event: InboundEvent) -> list[File]:
        """A message of which only the beginning was taken in: itself as a file, and its files.

        Raises `Refused` where there is no more of it, `Unavailable`.
        """
        function = self._optional("receive", "whole")
        if function is None:
            raise Refused("there is no more of this message")
        return list(function(connection, event))

    def profile(self, connection: Connection, identity: Identity) -> Profile | None:
        """What the provider tells of a person; None where it tells nothing."""
        function = self._optional("profile", "fetch")
        profile: Profile | None = function(connection, identity) if function else None
        return profile

    def gesture(self, connection: Connection, recipient: str, name: str) -> None:
        """Show a person that somebody types ("typing_on", "typing_off") or has read ("mark_seen").

        Nothing where the kind has no gestures. Raises `Refused`, `Unavailable`, `Uncertain`.
        """
        if function := self._optional("send", "gesture"):
            function(connection, recipient, name)

    def has_gestures(self) -> bool:
        return self._optional("send", "gesture") is not None

    def webhook(self) -> Callable[[HttpRequest, Connection, bytes], HttpResponse] | None:
        """Answers what the provider sends to /hooks/<kind>/<id>/; None if it sends nothing."""
        view: Callable[[HttpRequest, Connection, bytes], HttpResponse] | None
        view = self._optional("receive", "webhook")
        return view

    def poller(self) -> Callable[[Connection], int] | None:
        """Fetches what is new into the journal and returns how many; None if nothing is polled."""
        poll: Callable[[Connection], int] | None = self._optional("receive", "poll")
        return poll

    def runner(self) -> Callable[[Connection, threading.Event], None] | None:
        """Keeps a long connection until told to stop: `run(connection, stop)`."""
        run: Callable[..., None] | None = self._optional("receive", "run")
        return run

    def is_polled(self, connection: Connection) -> bool:
        """Whether this connection has something to fetch from: a channel may only be written to."""
        if self.poller() is None and self.runner() is None:
            return False
        asks: Callable[[Connection], bool] | None = self._optional("receive", "is_polled")
        return asks(connection) if asks else True

    def server(self) -> Callable[[], AbstractContextManager[None]] | None:
        """Listens for what others bring, for all connections of the kind, while it is entered."""
        listen: Callable[..., AbstractContextManager[None]] | None
        listen = self._optional("receive", "listening")
        return listen

    def _function(self, module: str, name: str) -> Any:
        return getattr(importlib.import_module(f"{self.package}.{module}"), name)

    def _optional(self, module: str, name: str) -> Any:
        """The module's function of this name; a module of that name, imported there, is none."""
        function = getattr(self.module(module), name, None)
        return function if callable(function) else None


_adapters: dict[str, Adapter] = {}


def register(adapter: Adapter) -> None:
    """Install an adapter, and tell `tickets` what its kind can do."""
    _adapters[adapter.kind.name] = adapter
    kinds.register(adapter.kind)


def register_all() -> None:
    """Install the built-in adapters and those of other installed packages."""
    for package in _BUILT_IN:
        register(importlib.import_module(package).adapter)
    for point in entry_points(group=_ENTRY_POINTS):
        register(point.load())


def get(kind: str) -> Adapter:
    """Raises `KeyError` for a kind that is not installed."""
    return _adapters[kind]


def registered() -> Iterable[Adapter]:
    return list(_adapters.values())
