"""The visitor's WebSocket, driven as a browser would."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels_redis.pubsub import RedisPubSubLoopLayer
from redis.exceptions import ConnectionError as RedisIsDown

from channels_ingest.chat import consumers
from channels_ingest.chat.models import ChatSession
from helpdesk.asgi import application
from history.recording import Actor
from tests.channels_ingest.chat.conftest import ORIGIN, Visitor
from tests.factories import make_user
from tickets import replying, signals
from tickets.models import Channel, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


class Socket:
    """A tab's socket."""

    def __init__(self, channel: Channel, *, origin: str = ORIGIN, address: str = "203.0.113.7"):
        headers = [(b"host", b"localhost:8000")]
        if origin:
            headers.append((b"origin", origin.encode()))
        communicator: Any = ApplicationCommunicator  # the library has no types
        self.wire = communicator(
            application,
            {
                "type": "websocket",
                "path": f"/ws/chat/{channel.public_id}/",
                "query_string": b"",
                "headers": headers,
                "subprotocols": [],
                "client": [address, 5000],
            },
        )

    async def connect(self) -> bool:
        """Whether the handshake was accepted."""
        await self.wire.send_input({"type": "websocket.connect"})
        answer = await self.wire.receive_output(timeout=10)
        return bool(answer["type"] == "websocket.accept")

    async def disconnect(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(timeout=10)

    async def say(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self.wire.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:
        output = await self.wire.receive_output(timeout=10)
        assert output["type"] == "websocket.send", output
        return json.loads(output["text"])

    async def ask(self, frame: dict[str, Any]) -> Any:
        await self.say(frame)
        return await self.hear()

    async def resume(self, token: str, last_seq: int = 0) -> Any:
        return await self.ask(
            {"type": "session.resume", "resume_token": token, "last_seq": last_seq}
        )

    async def closing_code(self) -> int:
        output = await self.wire.receive_output(timeout=10)
        assert output["type"] == "websocket.close", output
        return int(output["code"])


@asynccontextmanager
async def connected(channel: Channel, **fields: Any) -> AsyncIterator[Socket]:
    socket = Socket(channel, **fields)
    assert await socket.connect()
    try:
        yield socket
    finally:
        await socket.disconnect()


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def answer(text: str) -> Message:
    agent = make_user(name="Kasia Nowak")
    return replying.reply(
        Ticket.objects.get(), replying.Draft(text), by=Actor("agent", agent.pk), user=agent
    )


def test_conversation_by_socket(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            resumed = await socket.resume(visitor.token)
            assert resumed == {"type": "session.resumed", "missed": [], "unread": 0, "seq": 0}

            send = {"type": "message.send", "client_msg_id": "c-1", "text": "Halo?"}
            first = [await socket.ask(send), await socket.hear()]
            ack = next(frame for frame in first if frame["type"] == "message.ack")
            new = next(frame for frame in first if frame["type"] == "message.new")
            assert (ack["seq"], new["seq"], new["from"]) == (1, 1, "visitor")
            assert await socket.ask(send) == ack

            await sync_to_async(answer)("Tak, słucham?")
            frame = await socket.hear()
            assert (frame["seq"], frame["text"], frame["name"]) == (2, "Tak, słucham?", "Kasia")
            assert await socket.ask({"type": "ping"}) == {"type": "pong"}

    run(story)


def test_two_tabs_hear_the_same_once(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as one, connected(visitor.channel) as other:
            await one.resume(visitor.token)
            await other.resume(visitor.token)
            await one.say({"type": "message.send", "client_msg_id": "c-1", "text": "Halo?"})
            assert (await other.hear())["client_msg_id"] == "c-1"
            assert {(await one.hear())["type"] for _frame in range(2)} == {
                "message.ack",
                "message.new",
            }
            assert await other.wire.receive_nothing(timeout=0.3)
            assert await one.wire.receive_nothing(timeout=0.1)

    run(story)


def test_line_lost_while_sending(visitor: Visitor) -> None:
    """The acknowledgement never arrived: the repeat on a new line is no second message."""

    async def story() -> None:
        send = {"type": "message.send", "client_msg_id": "c-1", "text": "Halo?"}
        async with connected(visitor.channel) as socket:
            await socket.resume(visitor.token)
            await socket.ask(send)
        await sync_to_async(answer)("Jestem!")
        async with connected(visitor.channel) as socket:
            resumed = await socket.resume(visitor.token, last_seq=0)
            assert [event["seq"] for event in resumed["missed"]] == [1, 2]
            assert (await socket.ask(send))["seq"] == 1

    run(story)
    assert Message.objects.count() == 2


def test_typing_both_ways(visitor: Visitor) -> None:
    heard: list[tuple[int, bool]] = []

    def listen(sender: object, *, ticket_id: int, name: str, on: bool, **_kwargs: Any) -> None:
        heard.append((ticket_id, on))

    signals.customer_typing.connect(listen)

    async def story() -> None:
        async with connected(visitor.channel) as socket:
            await socket.resume(visitor.token)
            await socket.ask({"type": "message.send", "client_msg_id": "c-1", "text": "Halo?"})
            await socket.hear()
            await socket.say({"type": "typing", "on": True})
            await socket.ask({"type": "ping"})
            ticket = await sync_to_async(Ticket.objects.get)()
            await sync_to_async(signals.agent_typing.send)(
                None, ticket_id=ticket.pk, name="Kasia Nowak", on=True
            )
            frame = await socket.hear()
            assert frame == {
                "type": "agent.typing",
                "on": True,
                "agent": {"display_name": "Kasia"},
            }
            assert heard == [(ticket.pk, True)]

    try:
        run(story)
    finally:
        signals.customer_typing.disconnect(listen)


@pytest.mark.parametrize(
    "origin", ["", "https://zly.example.com", "https://sklep.example.pl.evil.example.com"]
)
def test_foreign_page_gets_no_handshake(channel: Channel, origin: str) -> None:
    async def story() -> None:
        assert not await Socket(channel, origin=origin).connect()

    run(story)


@pytest.mark.parametrize("token", ["", "rt_guessed.token"])
def test_guessed_token_closes_the_line(channel: Channel, token: str) -> None:
    async def story() -> None:
        async with connected(channel) as socket:
            assert (await socket.resume(token))["code"] == "session_expired"
            assert await socket.closing_code() == 4401

    run(story)


def test_nothing_before_the_resume(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            frame = {"type": "message.send", "client_msg_id": "c-1", "text": "a"}
            refused = await socket.ask(frame)
            assert (refused["code"], refused["client_msg_id"]) == ("session_expired", "c-1")

    run(story)


def test_session_that_ends_is_cut_off(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            await socket.resume(visitor.token)
            await socket.say({"type": "session.end"})
            assert (await socket.ask({"type": "ping"}))["code"] == "session_expired"

    run(story)


def test_widget_switched_off_is_cut_off(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            await socket.resume(visitor.token)
            await sync_to_async(Channel.objects.update)(active=False)
            assert (await socket.ask({"type": "ping"}))["code"] == "channel_disabled"

    run(story)


def test_flood_and_size_close_the_line(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            await socket.resume(visitor.token)
            for _time in range(61):
                await socket.say({"type": "typing", "on": True})
            assert await socket.closing_code() == 4429
        async with connected(visitor.channel) as socket:
            await socket.say('{"type": "' + "x" * 70_000 + '"}')
            assert await socket.closing_code() == 4413

    run(story)


@pytest.mark.parametrize("text", ["[]", "{", "[" * 30_000])
def test_what_is_no_frame_is_malformed(visitor: Visitor, text: str) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            await socket.say(text)
            assert (await socket.hear())["code"] == "malformed"

    run(story)


def test_sockets_of_one_address_are_counted(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "_MOST_SOCKETS", 1)

    async def story() -> None:
        async with connected(visitor.channel):
            assert not await Socket(visitor.channel).connect()
            async with connected(visitor.channel, address="198.51.100.1"):
                pass
        async with connected(visitor.channel):
            pass

    run(story)


def test_without_redis_the_socket_gives_way_to_polling(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis lost: the socket says "later", messages and answers still travel by HTTP."""

    async def down(*_args: Any) -> None:
        raise RedisIsDown

    async def story() -> None:
        monkeypatch.setattr(RedisPubSubLoopLayer, "group_add", down)
        monkeypatch.setattr(RedisPubSubLoopLayer, "group_send", down)
        async with connected(visitor.channel) as socket:
            await socket.say(
                {"type": "session.resume", "resume_token": visitor.token, "last_seq": 0}
            )
            assert await socket.closing_code() == 1013
        ack = await database_sync_to_async(visitor.say)("Halo?", "c-1")
        assert ack.status_code == 200
        await database_sync_to_async(answer)("Jestem")
        page = await database_sync_to_async(visitor.get)("events/?after=0&wait=25")
        assert [event["seq"] for event in page.json()["events"][:2]] == [1, 2]

    run(story)


def test_visitor_is_here_while_connected(visitor: Visitor) -> None:
    async def story() -> None:
        async with connected(visitor.channel) as socket:
            await sync_to_async(ChatSession.objects.update)(last_seen_at=None)
            await socket.resume(visitor.token)

    run(story)
    assert ChatSession.objects.get().is_here
