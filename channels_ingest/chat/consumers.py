"""The visitor's WebSocket: resumes by number, takes frames in turn, sends what is new."""

import asyncio
import ipaddress
import json
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync
from channels.generic.websocket import AsyncWebsocketConsumer
from redis.exceptions import RedisError

from channels_ingest.chat import conversing, frames, origins, realtime, sessions, tokens, widgets
from channels_ingest.chat.models import ChatSession
from channels_ingest.chat.problems import Problem
from channels_ingest.chat.widgets import Widget

logger = logging.getLogger(__name__)

_MOST_BYTES = 64 * 1024
_RESUME_WITHIN_S = 10
_MOST_SOCKETS = 20
_MOST_FRAMES, _FRAMES_SPAN_S = 60, 10.0
# Close codes of our own are 4000 and HTTP's code.
_EXPIRED, _TOO_LARGE, _TOO_MANY = 4401, 4413, 4429
_TRY_LATER = 1013
_FINAL = {"session_expired": 4401, "channel_disabled": 4410, "not_found": 4404}

# Sockets are many and their queries short: a few threads of their own serve them, so that no
# visitor's message waits behind the others'.
_THREADS = ThreadPoolExecutor(max_workers=6, thread_name_prefix="chat")
_sockets: Counter[str] = Counter()

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    run = DatabaseSyncToAsync(work, thread_sensitive=False, executor=_THREADS)
    result: R = await run(*args, **kwargs)
    return result


class ChatConsumer(AsyncWebsocketConsumer):
    """One tab of one visitor. The token comes in the first frame, `session.resume`."""

    # What a visitor may send, by its type
    FRAMES = ("session.resume", *frames.TYPES)

    chat: ChatSession | None = None
    # The number of the last event this socket has sent.
    seq = 0
    counted = False
    impatience: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.address = self.scope["client"][0] if self.scope.get("client") else ""
        self.came_at: deque[float] = deque(maxlen=_MOST_FRAMES)
        try:
            self.widget = await in_thread(self._widget)
        except Problem:
            # Before the handshake is accepted a close is the answer 403.
            await self.close()
            return
        if self._is_crowded():
            await self.close()
            return
        await self.accept()
        self.impatience = asyncio.create_task(self._expect_resume())

    async def disconnect(self, code: int) -> None:
        if self.impatience:
            self.impatience.cancel()
        if self.counted:
            _sockets[self.address] -= 1
        if self.chat:
            try:
                await self.channel_layer.group_discard(realtime.group(self.chat), self.channel_name)
            except (RedisError, OSError):
                logger.warning("chat session %s could not leave its group", self.chat.pk)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data) > _MOST_BYTES:
            await self.close(_TOO_LARGE)
            return
        if self._is_flooding():
            await self.close(_TOO_MANY)
            return
        frame: dict[str, Any] = {}
        try:
            frame = _parsed(text_data)
            await self._take(frame)
        except Problem as problem:
            await self._refuse(problem, frame)

    async def chat_wake(self, event: dict[str, Any]) -> None:
        """The conversation has grown: send what this socket has not sent yet."""
        await self._send_new()

    async def chat_frame(self, event: dict[str, Any]) -> None:
        await self._send(event["frame"])

    async def _take(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "session.resume":
            await self._resume(frame)
            return
        if self.chat is None:
            raise Problem("session_expired")
        answer = await in_thread(self._handle, frame)
        if answer:
            await self._send(answer)
        if frame.get("type") == "ping":
            # Should a wake have been lost, the next sign of life makes it good.
            await self._send_new()

    async def _resume(self, frame: dict[str, Any]) -> None:
        token, last_seq = frame.get("resume_token"), frame.get("last_seq", 0)
        if (
            not isinstance(token, str)
            or isinstance(last_seq, bool)
            or not isinstance(last_seq, int)
        ):
            raise Problem("malformed")
        chat = await in_thread(tokens.session_of, token, self.widget.channel)
        if self.impatience:
            self.impatience.cancel()
        if self.chat is None or self.chat.pk != chat.pk:
            await self._join(chat)
        # Only after joining: what comes from now on wakes us, what came before is read here.
        answer, self.seq = await in_thread(_missed, chat, last_seq)
        await self._send(answer)

    async def _join(self, chat: ChatSession) -> None:
        try:
            if self.chat:
                await self.channel_layer.group_discard(realtime.group(self.chat), self.channel_name)
            await self.channel_layer.group_add(realtime.group(chat), self.channel_name)
        except (RedisError, OSError):
            # Without pushes a socket is deaf: the widget polls until they are back.
            logger.warning("chat session %s gets no pushes", chat.pk)
            await self.close(_TRY_LATER)
            return
        self.chat = chat

    def _handle(self, frame: dict[str, Any]) -> dict[str, Any] | None:
        """The session is read anew for each frame: it may have been ended, or its widget."""
        if self.chat is None:
            raise Problem("session_expired")
        widget = widgets.find(self.widget.channel.public_id)
        chat = (
            ChatSession.objects.select_related("channel__shop", "ticket")
            .filter(pk=self.chat.pk, channel=widget.channel, revision=self.chat.revision)
            .first()
        )
        if chat is None:
            raise Problem("session_expired")
        return frames.handle(chat, frame, address=self.address)

    async def _send_new(self) -> None:
        if self.chat is None:
            return
        news = await in_thread(_news, self.chat.pk, self.seq)
        for frame in news:
            self.seq = max(self.seq, frame["seq"])
            await self._send(frame)

    async def _refuse(self, problem: Problem, frame: dict[str, Any]) -> None:
        answer = {"type": "error", **problem.as_dict()}
        if isinstance(frame.get("client_msg_id"), str):
            answer["client_msg_id"] = frame["client_msg_id"]
        await self._send(answer)
        if problem.code in _FINAL:
            await self.close(_FINAL[problem.code])

    async def _expect_resume(self) -> None:
        await asyncio.sleep(_RESUME_WITHIN_S)
        await self.close(_EXPIRED)

    async def _send(self, frame: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(frame, ensure_ascii=False))

    def _widget(self) -> Widget:
        widget = widgets.find(self.scope["url_route"]["kwargs"]["channel"])
        headers = dict(self.scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        scheme = "https" if self.scope.get("scheme") == "wss" else "http"
        own = f"{scheme}://{headers.get(b'host', b'').decode('latin-1')}"
        if not origins.is_allowed(origin, widget.origins, own=[own]):
            raise Problem("origin_not_allowed")
        return widget

    def _is_crowded(self) -> bool:
        """Too many sockets of one address. A proxy that forwards no addresses is one for all."""
        try:
            if ipaddress.ip_address(self.address).is_loopback:
                return False
        except ValueError:
            return False
        if _sockets[self.address] >= _MOST_SOCKETS:
            return True
        _sockets[self.address] += 1
        self.counted = True
        return False

    def _is_flooding(self) -> bool:
        now = time.monotonic()
        full = len(self.came_at) == _MOST_FRAMES
        flooding = full and now - self.came_at[0] < _FRAMES_SPAN_S
        self.came_at.append(now)
        return flooding


def _parsed(text: str) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed") from error
    if not isinstance(frame, dict):
        raise Problem("malformed")
    return frame


def _missed(chat: ChatSession, last_seq: int) -> tuple[dict[str, Any], int]:
    """The answer to a resume, and the number it brings the socket to."""
    chat.refresh_from_db(fields=["last_seq", "read_seq", "agent_read_seq"])
    sessions.seen(chat)
    return {"type": "session.resumed", **conversing.resumed(chat, last_seq)}, chat.last_seq


def _news(chat_id: int, seq: int) -> list[dict[str, Any]]:
    chat = ChatSession.objects.get(pk=chat_id)
    return [] if chat.last_seq <= seq else conversing.events_after(chat, seq) or []
