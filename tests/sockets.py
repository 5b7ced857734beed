"""A WebSocket as a browser opens it, straight at the ASGI application."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from asgiref.testing import ApplicationCommunicator

from helpdesk.asgi import application

# Longer than anything takes, on a machine that does much else.
_PATIENCE_S = 30


class Line(ApplicationCommunicator):
    """One connection; `channels.testing` would want a whole second web server installed."""

    def __init__(self, address: str, *, headers: dict[str, str] | None = None) -> None:
        url = urlsplit(address)
        scope = {
            "type": "websocket",
            "path": url.path,
            "query_string": url.query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def connect(self) -> bool:
        """Whether the server took the connection."""
        await self.send_input({"type": "websocket.connect"})
        return bool((await self.receive_output(_PATIENCE_S))["type"] == "websocket.accept")

    async def send(self, content: object) -> None:
        await self.send_text(json.dumps(content))

    async def send_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def heard(self, kind: str) -> dict[str, Any]:
        """The next message of this type."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                output = await self.receive_output(_PATIENCE_S)
                assert output["type"] == "websocket.send", output
                message: dict[str, Any] = json.loads(output["text"])
                if message["type"] == kind:
                    return message

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        """All messages up to the first of these types, with it."""
        messages: list[dict[str, Any]] = []
        async with asyncio.timeout(_PATIENCE_S):
            while not messages or messages[-1]["type"] not in kinds:
                output = await self.receive_output(_PATIENCE_S)
                assert output["type"] == "websocket.send", output
                messages.append(json.loads(output["text"]))
        return messages

    async def closed(self) -> int:
        """The code with which the server ends the connection."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                output = await self.receive_output(_PATIENCE_S)
                if output["type"] == "websocket.close":
                    return int(output.get("code", 1000))

    async def is_silent(self, seconds: float = 0.3) -> bool:
        return bool(await self.receive_nothing(seconds))

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(5)
