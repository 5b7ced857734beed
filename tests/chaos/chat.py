"""Visitors of the shop, each with a socket that breaks and takes up where it was."""

import asyncio
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.chaos.items import Item, Ledger

VISITORS = 24
ORIGIN = "https://sklep.example.pl"


@dataclass
class Visitor:
    """One visitor; `heard` is what the socket has shown, by its number."""

    conversation: int
    token: str = ""
    seq: int = 0
    resumed: int = 0
    gaps: int = 0
    repeats: int = 0
    heard: dict[int, str] = field(default_factory=dict)


class Visitors:
    way = "chat"

    def __init__(self, base: str, channel: str, ledger: Ledger, rng: random.Random) -> None:
        self._base, self._channel, self._ledger, self._rng = base, channel, ledger, rng
        self.visitors = [Visitor(number) for number in range(VISITORS)]
        self._loop = asyncio.new_event_loop()
        self._queues: list[asyncio.Queue[Item]] = [asyncio.Queue() for _ in self.visitors]
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        for visitor in self.visitors:
            asyncio.run_coroutine_threadsafe(self._live(visitor), self._loop)

    def arrive(self, count: int) -> None:
        for _number in range(count):
            conversation = self._rng.randrange(VISITORS)
            item = self._ledger.offer(self.way, conversation)
            queue = self._queues[conversation]
            self._loop.call_soon_threadsafe(queue.put_nowait, item)

    async def _live(self, visitor: Visitor) -> None:
        """Be on the page until the run is over, on one socket after another."""
        waiting: list[Item] = []
        while True:
            try:
                visitor.token = visitor.token or await self._session(visitor)
                async with self._socket(visitor) as socket:
                    await self._talk(visitor, socket, waiting)
            except (WebSocketException, OSError, httpx.HTTPError, TimeoutError):
                await asyncio.sleep(0.2 + 0.4 * self._rng.random())

    async def _session(self, visitor: Visitor) -> str:
        body = {
            "widget_key": "",
            "page": {"url": f"{ORIGIN}/p/1", "title": "Kubek", "referrer": ""},
            "locale": "pl",
            "resume_token": None,
        }
        async with httpx.AsyncClient(base_url=self._base, timeout=20, trust_env=False) as web:
            answer = await web.post(
                f"/widget-api/{self._channel}/session/", json=body, headers=self._headers(visitor)
            )
            answer.raise_for_status()
            return str(answer.json()["resume_token"])

    def _socket(self, visitor: Visitor) -> connect:
        address = f"{self._base.replace('http', 'ws')}/ws/chat/{self._channel}/"
        headers = self._headers(visitor)
        return connect(address, additional_headers=headers, origin=None, open_timeout=15)

    def _headers(self, visitor: Visitor) -> dict[str, str]:
        # A network of its own for each: the widget limits how many come from one.
        return {"Origin": ORIGIN, "X-Forwarded-For": f"198.51.{visitor.conversation}.7"}

    async def _talk(self, visitor: Visitor, socket: ClientConnection, waiting: list[Item]) -> None:
        frame = {"type": "session.resume", "resume_token": visitor.token, "last_seq": visitor.seq}
        await socket.send(json.dumps(frame))
        answer = await self._expect(visitor, socket, "session.resumed")
        for missed in answer["missed"]:
            self._hear(visitor, missed)
        visitor.resumed += 1
        queue = self._queues[visitor.conversation]
        while True:
            if not waiting:
                try:
                    waiting.append(await asyncio.wait_for(queue.get(), 2))
                except TimeoutError:
                    # A sign of life brings what a lost wake did not tell of.
                    await socket.send('{"type": "ping"}')
                    await self._expect(visitor, socket, "pong")
                    continue
            if await self._say(visitor, socket, waiting[0]):
                self._ledger.take(waiting.pop(0))

    async def _say(self, visitor: Visitor, socket: ClientConnection, item: Item) -> bool:
        frame = {"type": "message.send", "client_msg_id": str(item), "text": str(item)}
        await socket.send(json.dumps(frame))
        answer = await self._expect(visitor, socket, "message.ack", "error")
        if answer["type"] == "message.ack":
            return True
        await asyncio.sleep(min(float(answer.get("retry_after") or 1), 10))
        return False

    async def _expect(
        self, visitor: Visitor, socket: ClientConnection, *types: str
    ) -> dict[str, Any]:
        """The next frame of one of these types; what is said meanwhile is heard."""
        end = time.monotonic() + 15
        while True:
            text = await asyncio.wait_for(socket.recv(), max(0.1, end - time.monotonic()))
            frame: dict[str, Any] = json.loads(text)
            self._hear(visitor, frame)
            if frame["type"] in types:
                return frame

    def _hear(self, visitor: Visitor, frame: dict[str, Any]) -> None:
        """Events come in the order of their numbers; an acknowledgement may overtake its own."""
        if frame["type"] not in ("message.new", "conversation.status"):
            return
        seq = int(frame["seq"])
        if seq in visitor.heard:
            visitor.repeats += 1
            return
        if visitor.heard and seq != max(visitor.heard) + 1:
            visitor.gaps += 1
        visitor.heard[seq] = frame.get("text", "")
        visitor.seq = max(visitor.seq, seq)
