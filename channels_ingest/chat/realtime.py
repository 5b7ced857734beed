"""What must be seen at once, both ways. A push only wakes; whoever misses one finds the rows."""

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from channels_ingest.chat.models import ChatEvent, ChatSession
from tickets import signals

logger = logging.getLogger(__name__)

_WITHIN_S = 2


def group(session: ChatSession) -> str:
    return f"chat.{session.pk}"


def wake(session: ChatSession) -> None:
    """The conversation has a new event: the visitor's sockets fetch what they do not have."""
    _send(session, {"type": "chat.wake"})


def push(session: ChatSession, frame: dict[str, Any]) -> None:
    """Send a passing frame (typing, read) to the visitor's sockets."""
    _send(session, {"type": "chat.frame", "frame": frame})


def visitor_types(session: ChatSession, *, on: bool) -> None:
    """Tell the ticket's agents that the visitor types; what they type stays theirs."""
    if session.ticket_id:
        signals.customer_typing.send_robust(
            ChatSession, ticket_id=session.ticket_id, name=session.name, on=on
        )


def agent_types(sender: object, *, ticket_id: int, name: str, on: bool, **_kwargs: Any) -> None:
    """Receiver of `tickets.signals.agent_typing`."""
    frame: dict[str, Any] = {"type": "agent.typing", "on": on}
    if on:
        frame["agent"] = {"display_name": name.split(maxsplit=1)[0] if name.split() else ""}
    for session in ChatSession.objects.filter(ticket=ticket_id):
        push(session, frame)


def agent_read(sender: object, *, ticket_id: int, message_id: int, **_kwargs: Any) -> None:
    """Receiver of `tickets.signals.thread_read`: the visitor sees up to where it was read."""
    newest = (
        ChatEvent.objects.filter(session__ticket=ticket_id, message_id__lte=message_id)
        .select_related("session")
        .order_by("-seq")
        .first()
    )
    if newest is None or newest.seq <= newest.session.agent_read_seq:
        return
    ChatSession.objects.filter(pk=newest.session_id, agent_read_seq__lt=newest.seq).update(
        agent_read_seq=newest.seq
    )
    push(newest.session, {"type": "message.read", "up_to_seq": newest.seq, "by": "agent"})


def connect() -> None:
    """Listen to what agents do (from `AppConfig.ready`)."""
    signals.agent_typing.connect(agent_types, dispatch_uid="channels_ingest.chat.typing")
    signals.thread_read.connect(agent_read, dispatch_uid="channels_ingest.chat.read")


def _send(session: ChatSession, event: dict[str, Any]) -> None:
    try:
        async_to_sync(_group_send)(group(session), event)
    except (RedisError, OSError) as error:
        logger.warning("no push to chat session %s: %s", session.pk, type(error).__name__)


async def _group_send(name: str, event: dict[str, Any]) -> None:
    # Somebody's request waits for this: a Redis that hangs must not hang it.
    async with asyncio.timeout(_WITHIN_S):
        await get_channel_layer().group_send(name, event)
