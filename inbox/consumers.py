"""The workspace's WebSocket: tells the page what changed, and colleagues who reads and writes."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, ClassVar, Self

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.db.models import Max
from django.utils.crypto import constant_time_compare
from redis.exceptions import RedisError

from accounts import second_factor
from accounts.models import User
from history.models import Event
from inbox import realtime
from inbox.presence import READING, WRITING, Presence
from tickets import signals
from tickets.models import Ticket, TicketFollower

logger = logging.getLogger(__name__)

# Codes with which the page does not come back by itself.
SIGNED_OUT = 4401
TOO_MUCH = 4408

_LONGEST_FRAME = 8_192
_MOST_FRAMES_PER_10_S = 60
_MOST_TICKETS = 200
_MOST_EVENTS = 1_000
# Who signs out or loses a right is told at once; should that message be lost, this finds it.
_CHECKED_EVERY_S = 30


class WorkspaceConsumer(AsyncJsonWebsocketConsumer):
    """One open page of one user."""

    user: User

    async def connect(self) -> None:
        self.joined: set[str] = set()
        self.inside: Ticket | None = None
        self.state = READING
        self.frames: list[float] = []
        self.checking: asyncio.Task[None] | None = None
        self.presence = Presence()
        user = self.scope["user"]
        await self.accept()
        if not await database_sync_to_async(_may_listen)(user):
            await self.close(SIGNED_OUT)
            return
        self.user = user
        key = self.scope["session"].session_key
        await self.channel_layer.group_add(realtime.session_group(key), self.channel_name)
        self.session_group = realtime.session_group(key)
        await self._join()
        self.checking = asyncio.create_task(self._keep_checking())

    async def disconnect(self, code: int) -> None:
        if self.checking:
            self.checking.cancel()
        await self._leave_ticket()
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)
        if hasattr(self, "session_group"):
            await self.channel_layer.group_discard(self.session_group, self.channel_name)
        await self.presence.close()

    # From the page

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        if text_data is None or len(text_data) > _LONGEST_FRAME or not self._in_time():
            await self.close(TOO_MUCH)
            return
        try:
            await super().receive(text_data=text_data)
        except (ValueError, TypeError, KeyError):
            # Nothing our page would send; a stranger's frame is no reason for a traceback.
            await self.close(TOO_MUCH)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if not isinstance(content, dict) or not hasattr(self, "user"):
            return
        if take := self.FRAMES.get(str(content.get("type"))):
            await take(self, content)

    async def _resume(self, content: dict[str, Any]) -> None:
        """Say what changed since the page last heard, and what it may no longer show."""
        seq, numbers = content.get("seq"), _numbers(content.get("tickets"))
        answer = await database_sync_to_async(self._missed)(
            seq if isinstance(seq, int) else None, numbers
        )
        await self.send_json({"type": "resumed", **answer})
        await self._show_presence(numbers)

    def _missed(self, seq: int | None, numbers: list[int]) -> dict[str, Any]:
        last = Event.objects.aggregate(seq=Max("seq"))["seq"] or 0
        visible = Ticket.objects.visible_to(self.user)
        kept = set(visible.filter(number__in=numbers).values_list("number", flat=True))
        gone = [number for number in numbers if number not in kept]
        if seq is None or seq >= last:
            return {"seq": last, "changed": [], "gone": gone, "reload": False}
        missed = Event.objects.filter(seq__gt=seq, seq__lte=last, ticket_id__isnull=False)
        ids = missed.order_by("seq").values_list("ticket_id", flat=True)[:_MOST_EVENTS]
        changed = list(
            visible.filter(pk__in={pk for pk in ids if pk}).values_list("number", flat=True)
        )
        much = len(changed) > _MOST_TICKETS or last - seq > _MOST_EVENTS
        return {
            "seq": last,
            "changed": [] if much else changed,
            "gone": gone,
            "reload": much,
        }

    async def _watch(self, content: dict[str, Any]) -> None:
        await self._show_presence(_numbers(content.get("tickets")))

    async def _pong(self, _content: dict[str, Any]) -> None:
        await self.send_json({"type": "pong"})

    async def _be_present(self, content: dict[str, Any]) -> None:
        """The page shows a ticket (or none), and its user reads or writes there."""
        number, state = content.get("ticket"), content.get("state")
        ticket = await self._visible(number) if isinstance(number, int) else None
        if self.inside and (ticket is None or ticket.pk != self.inside.pk):
            await self._leave_ticket()
        if ticket is None:
            return
        state = WRITING if state == WRITING and self.user.can_change else READING
        try:
            before = await self.presence.people(ticket.pk)
            await self.presence.enter(ticket.pk, self.user.pk, state)
        except (RedisError, OSError):
            return
        self.inside = ticket
        if before.get(self.user.pk) != state:
            await self._tell_presence(ticket)
        else:
            await self._show_presence([ticket.number])
        await self._tell_typing(ticket, state)

    async def _leave_ticket(self) -> None:
        ticket, self.inside = self.inside, None
        if ticket is None:
            return
        try:
            await self.presence.leave(ticket.pk, self.user.pk)
            await self._tell_presence(ticket)
        except (RedisError, OSError):
            logger.warning("Redis does not answer; presence is not told.")
        await self._tell_typing(ticket, READING)

    async def _tell_typing(self, ticket: Ticket, state: str) -> None:
        """The customer's side of a chat may show that somebody writes."""
        if state == self.state and state == READING:
            return
        self.state = state
        await database_sync_to_async(signals.agent_typing.send_robust)(
            Ticket, ticket_id=ticket.pk, name=self.user.get_short_name(), on=state == WRITING
        )

    async def _tell_presence(self, ticket: Ticket) -> None:
        groups = await database_sync_to_async(_groups_for)(ticket)
        for group in groups:
            await self.channel_layer.group_send(
                group, {"type": "presence.changed", "ticket": ticket.number, "id": ticket.pk}
            )

    async def _show_presence(self, numbers: list[int]) -> None:
        """Send who is in these tickets, as far as the user may see them."""
        ids = await database_sync_to_async(self._visible_ids)(numbers)
        for number, pk in ids.items():
            await self._send_people(number, pk, silent=True)

    async def _send_people(self, number: int, pk: int, *, silent: bool = False) -> None:
        try:
            people = await self.presence.people(pk)
        except (RedisError, OSError):
            return
        others = {user_id: state for user_id, state in people.items() if user_id != self.user.pk}
        if silent and not others:
            return
        names = await database_sync_to_async(_short_names)(list(others))
        shown = [
            {"name": names[user_id], "state": state}
            for user_id, state in others.items()
            if user_id in names
        ]
        await self.send_json({"type": "presence", "ticket": number, "people": shown})

    # What a page may send, by its type
    FRAMES: ClassVar[dict[str, Callable[[Self, dict[str, Any]], Awaitable[None]]]] = {
        "resume": _resume,
        "watch": _watch,
        "presence": _be_present,
        "ping": _pong,
    }

    # From the groups

    async def ticket_changed(self, event: dict[str, Any]) -> None:
        await self.send_json(event)

    async def ticket_left(self, event: dict[str, Any]) -> None:
        """A ticket went to others: does this user still see it some other way?"""
        if await self._visible(event["ticket"]):
            await self.send_json({**event, "type": "ticket.changed"})
        else:
            await self.send_json({"type": "ticket.gone", "ticket": event["ticket"]})

    async def ticket_alert(self, event: dict[str, Any]) -> None:
        if await self._visible(event["ticket"]):
            await self.send_json(event)

    async def presence_changed(self, event: dict[str, Any]) -> None:
        await self._send_people(event["ticket"], event["id"])

    async def customer_typing(self, event: dict[str, Any]) -> None:
        await self.send_json(
            {"type": "customer.typing", "ticket": event["ticket"], "on": event["on"]}
        )

    async def access_changed(self, _event: dict[str, Any]) -> None:
        """Role, teams or password changed: look again who this is and what they may hear."""
        if await self._still_valid():
            await self._join()
            await self.send_json({"type": "access.changed"})

    async def session_ended(self, _event: dict[str, Any]) -> None:
        await self.close(SIGNED_OUT)

    # What both need

    async def _join(self) -> None:
        wanted = await database_sync_to_async(realtime.groups_of)(self.user)
        for group in wanted - self.joined:
            await self.channel_layer.group_add(group, self.channel_name)
        for group in self.joined - wanted:
            await self.channel_layer.group_discard(group, self.channel_name)
        self.joined = wanted

    async def _keep_checking(self) -> None:
        """A page that says nothing is looked at as well."""
        while True:
            await asyncio.sleep(_CHECKED_EVERY_S * random.uniform(0.8, 1.2))
            try:
                if not await self._still_valid():
                    return
                await self._join()
            except (DatabaseError, RedisError, OSError) as error:
                logger.warning("a workspace could not be checked: %s", type(error).__name__)

    async def _still_valid(self) -> bool:
        """Read session and user anew; a session that ended closes the socket."""
        user = await database_sync_to_async(_signed_in)(self.scope["session"].session_key)
        if user is None:
            await self.close(SIGNED_OUT)
            return False
        self.user = user
        return True

    async def _visible(self, number: int) -> Ticket | None:
        found = Ticket.objects.visible_to(self.user).filter(number=number)
        return await found.only("number", "team", "assignee").afirst()

    def _visible_ids(self, numbers: list[int]) -> dict[int, int]:
        visible = Ticket.objects.visible_to(self.user).filter(number__in=numbers)
        return dict(visible.values_list("number", "pk"))

    def _in_time(self) -> bool:
        now = time.monotonic()
        self.frames = [at for at in self.frames if at > now - 10] + [now]
        return len(self.frames) <= _MOST_FRAMES_PER_10_S


def _numbers(value: Any) -> list[int]:
    """Ticket numbers that the page named, as many as a page can show."""
    if not isinstance(value, list):
        return []
    return [number for number in value if isinstance(number, int)][:_MOST_TICKETS]


def _groups_for(ticket: Ticket) -> set[str]:
    followers = TicketFollower.objects.filter(ticket=ticket).values_list("user", flat=True)
    return realtime.groups_for(ticket, followers)


def _short_names(ids: list[int]) -> dict[int, str]:
    return {
        user.pk: user.get_short_name() or user.email for user in User.objects.filter(pk__in=ids)
    }


def _may_listen(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_active and not second_factor.is_missing(user)


def _signed_in(session_key: str) -> User | None:
    """Whose session this is, read from the store; None once it is over or the password changed."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = User.objects.active().filter(pk=session.get(SESSION_KEY)).first()
    if user is None:
        return None
    own = user.get_session_auth_hash()
    return user if constant_time_compare(session.get(HASH_SESSION_KEY, ""), own) else None
