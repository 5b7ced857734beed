"""One frame of a visitor -> what it does and what it is answered, by socket or by HTTP alike."""

from collections.abc import Callable
from typing import Any

from channels_ingest.chat import pages, realtime, sessions, speaking
from channels_ingest.chat.models import ChatSession
from channels_ingest.chat.problems import Problem

Frame = dict[str, Any]


def handle(session: ChatSession, frame: Frame, *, address: str = "") -> Frame | None:
    """Do what the frame asks. Raises `Problem`; an unknown type is `malformed`."""
    handler = _HANDLERS.get(str(frame.get("type")))
    if handler is None:
        raise Problem("malformed", "type")
    return handler(session, frame, address)


def _message(session: ChatSession, frame: Frame, address: str) -> Frame:
    return speaking.say(
        session,
        client_msg_id=frame.get("client_msg_id", ""),
        text=frame.get("text", ""),
        uploads=frame.get("attachments") or [],
        context={
            "page": pages.tame(frame.get("page")),
            "trigger": pages.short(frame.get("trigger")),
        },
        address=address,
    )


def _typing(session: ChatSession, frame: Frame, address: str) -> None:
    realtime.visitor_types(session, on=frame.get("on") is True)


def _read(session: ChatSession, frame: Frame, address: str) -> None:
    seq = frame.get("up_to_seq")
    if isinstance(seq, bool) or not isinstance(seq, int):
        raise Problem("field_invalid", "up_to_seq")
    speaking.read(session, seq)


def _rating(session: ChatSession, frame: Frame, address: str) -> Frame:
    speaking.rate(session, frame.get("score", 0))
    return {"type": "rating.kept"}


def _ping(session: ChatSession, frame: Frame, address: str) -> Frame:
    sessions.seen(session)
    return {"type": "pong"}


def _end(session: ChatSession, frame: Frame, address: str) -> None:
    sessions.end(session)


_HANDLERS: dict[str, Callable[[ChatSession, Frame, str], Frame | None]] = {
    "message.send": _message,
    "typing": _typing,
    "read": _read,
    "rating": _rating,
    "ping": _ping,
    "session.end": _end,
}

TYPES = tuple(_HANDLERS)
