"""How long an agent's message takes to reach the visitor, while 200 others are connected."""

import asyncio
import json
import statistics
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from bench.stack import BASE, PORT

ORIGIN = "https://sklep.example.pl"
_MESSAGES = 300
# The first messages make connections and threads that stay.
_WARMING = 20
# So many of the visitors have asked something.
_TALKING = 10


def latency_ms(channel_id: str, key: str, *, sockets: int) -> tuple[float, float]:
    """Median and 99th percentile from the agent's request to the frame in the visitor's socket."""
    times = asyncio.run(_talk(channel_id, key, sockets))
    return statistics.median(times), statistics.quantiles(times, n=100)[-1]


async def _talk(channel_id: str, key: str, sockets: int) -> list[float]:
    async with httpx.AsyncClient(base_url=BASE, timeout=60) as web:
        visitors = [await _visitor(web, channel_id, number) for number in range(sockets)]
        began = datetime.now(UTC)
        for number, visitor in enumerate(visitors[:_TALKING]):
            await _ask(visitor, number)
        numbers = await _tickets(web, key, began)
        times = []
        for turn in range(_WARMING + _MESSAGES):
            number = numbers[turn % len(numbers)]
            times.append(await _answered(web, key, number, visitors[:_TALKING], f"odp {turn}"))
        for visitor in visitors:
            await visitor.close()
        return times[_WARMING:]


async def _visitor(web: httpx.AsyncClient, channel_id: str, number: int) -> ClientConnection:
    # A network of its own for each: the widget limits how many come from one.
    address = f"198.{18 + number // 250}.{number % 250}.7"
    headers = {"Origin": ORIGIN, "X-Forwarded-For": address}
    page = {"url": f"{ORIGIN}/p/1", "title": "Kubek", "referrer": ""}
    body = {"widget_key": "", "page": page, "locale": "pl", "resume_token": None}
    answer = await web.post(f"/widget-api/{channel_id}/session/", json=body, headers=headers)
    answer.raise_for_status()
    socket = await connect(
        f"ws://127.0.0.1:{PORT}/ws/chat/{channel_id}/", additional_headers=headers, origin=None
    )
    token = answer.json()["resume_token"]
    await socket.send(json.dumps({"type": "session.resume", "resume_token": token, "last_seq": 0}))
    await socket.recv()
    return socket


async def _ask(socket: ClientConnection, number: int) -> None:
    frame = {"type": "message.send", "client_msg_id": f"bench-{number}", "text": "Dzień dobry"}
    await socket.send(json.dumps(frame))


async def _tickets(web: httpx.AsyncClient, key: str, since: datetime) -> list[int]:
    """The chats that began just now; their visitors are found by what they hear."""
    await asyncio.sleep(2)
    query = {"channel_kind": "chat", "created_from": since.isoformat()}
    answer = await web.get("/api/v1/tickets/", params=query, headers=_bearer(key))
    return [ticket["number"] for ticket in answer.json()["results"]]


async def _answered(
    web: httpx.AsyncClient, key: str, number: int, visitors: list[ClientConnection], text: str
) -> float:
    heard = [asyncio.create_task(_hears(visitor, text)) for visitor in visitors]
    began = time.perf_counter()
    sent = asyncio.create_task(
        web.post(
            f"/api/v1/tickets/{number}/messages/",
            json={"direction": "outbound", "body_text": text},
            headers=_bearer(key),
        )
    )
    done, waiting = await asyncio.wait(heard, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    took = 1000 * (time.perf_counter() - began)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    (await sent).raise_for_status()
    if not done:
        raise TimeoutError(f"ticket {number}: nobody heard {text}")
    return took


async def _hears(socket: ClientConnection, text: str) -> None:
    while True:
        frame: dict[str, Any] = json.loads(await socket.recv())
        if frame.get("type") == "message.new" and frame.get("text") == text:
            return


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
