"""The matrix of the sockets: who gets a line, and what each frame brings them to hear."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from channels_ingest.chat import speaking
from helpdesk.asgi import websocket_routes
from history.recording import Actor
from inbox.consumers import SIGNED_OUT
from tests.access import addresses
from tests.access.outcomes import IN, VIEWERS
from tests.access.scene import ORIGIN, SECRET, SPOKEN, Scene
from tests.access.table import SOCKETS
from tests.sockets import Line
from tickets import changing

_EXPIRED = 4401


@pytest.fixture
async def scene(transactional_db: None) -> Scene:
    return await sync_to_async(Scene)()


def test_every_frame_of_every_socket_has_a_row() -> None:
    known = {
        addresses.template(route): set(_consumer(route).FRAMES) for route in websocket_routes()
    }

    assert {path: set(rows) for path, rows in SOCKETS.items()} == known


async def test_workspace(scene: Scene) -> None:
    """Everybody sends every frame about the team's ticket, in which a colleague is."""
    colleague = await _workspace("supervisor", scene)
    assert colleague
    number = scene.ticket.number
    for viewer in VIEWERS:
        line = await _workspace(viewer, scene)
        for kind, rule in SOCKETS["ws/workspace/"].items():
            if line is None:
                assert rule[viewer] != IN
                continue
            await colleague.send({"type": "presence", "ticket": number, "state": "writing"})
            await _until_pong(colleague)
            await line.send({"type": kind, "seq": 1, "tickets": [number], "ticket": number})
            if kind == "ping":
                await line.until("pong")
            elif viewer != "supervisor":  # who is there already, and hears of others alone
                await _hold(line, number, hears=rule[viewer] == IN)
        if line:
            await line.leave()


async def test_pushes_reach_those_who_see_the_ticket(scene: Scene) -> None:
    lines = {viewer: await _workspace(viewer, scene) for viewer in scene.users}
    await sync_to_async(changing.set_priority)(scene.ticket, "high", by=Actor("system"))

    for viewer, line in lines.items():
        assert line
        sees = SOCKETS["ws/workspace/"]["watch"][viewer] == IN
        await _hold(line, scene.ticket.number, hears=sees)
        await line.leave()


async def test_chat(scene: Scene) -> None:
    """A token opens its own conversation, whatever is sent; nobody hears another's, or a note."""
    for viewer in VIEWERS:
        line, resumed = await _chat(viewer, scene)
        if resumed["type"] != "session.resumed":
            assert all(rule[viewer] != IN for rule in SOCKETS["ws/chat/{channel}/"].values())
            assert await line.closed() == _EXPIRED
            continue
        assert all(rule[viewer] == IN for rule in SOCKETS["ws/chat/{channel}/"].values())
        heard = [resumed]
        if viewer == "stranger":
            await sync_to_async(speaking.say)(scene.chat, client_msg_id="2", text=SPOKEN)
            heard += await _send_all(line)
        assert (SPOKEN in str(heard)) == (viewer == "visitor")
        assert SECRET not in str(heard)
    await sync_to_async(scene.chat.refresh_from_db)()
    assert (scene.chat.last_seq, scene.chat.read_seq) == (2, 0)


async def test_no_frame_before_the_token(scene: Scene) -> None:
    for kind in SOCKETS["ws/chat/{channel}/"]:
        line = _chat_line(scene)
        assert await line.connect()
        await line.send({"type": kind, "resume_token": "rt_x.y"})
        assert (await line.heard("error"))["code"] == "session_expired"
        assert await line.closed() == _EXPIRED


async def _workspace(viewer: str, scene: Scene) -> Line | None:
    """The line of a page; None for who is sent away."""
    headers = {"origin": "http://localhost:8000", "host": "localhost"}
    if viewer in scene.cookies:
        headers["cookie"] = f"{settings.SESSION_COOKIE_NAME}={scene.cookies[viewer]}"
    if viewer in scene.tokens:
        headers["authorization"] = f"Bearer {scene.tokens[viewer]}"
    line = Line("/ws/workspace/", headers=headers)
    assert await line.connect()
    if viewer not in scene.cookies:
        assert await line.closed() == SIGNED_OUT
        return None
    return line


async def _until_pong(line: Line) -> list[Any]:
    """Everything that the line brings until it answers a ping."""
    await line.send({"type": "ping"})
    return await line.until("pong")


async def _hold(line: Line, number: int, *, hears: bool) -> None:
    """Wait for word of the ticket, or see that there is none until the line answers."""
    if not hears:
        assert not _tells_of(number, await _until_pong(line))
        return
    while not _tells_of(number, await line.until("ticket.changed", "presence", "resumed")):
        pass


def _tells_of(number: int, heard: list[Any]) -> bool:
    return any(
        message.get("ticket") == number or number in message.get("changed", ()) for message in heard
    )


def _chat_line(scene: Scene) -> Line:
    headers = {"origin": ORIGIN, "host": "localhost:8000"}
    return Line(f"/ws/chat/{scene.widget.public_id}/", headers=headers)


async def _chat(viewer: str, scene: Scene) -> tuple[Line, Any]:
    line = _chat_line(scene)
    assert await line.connect()
    token = scene.tokens.get(viewer, scene.keys.get(viewer, ""))
    await line.send({"type": "session.resume", "resume_token": token, "last_seq": 0})
    return line, (await line.until("session.resumed", "error"))[-1]


async def _send_all(line: Line) -> list[Any]:
    for kind in SOCKETS["ws/chat/{channel}/"]:
        if kind not in ("session.resume", "session.end", "ping"):
            await line.send(
                {
                    "type": kind,
                    "client_msg_id": "x",
                    "text": "x",
                    "on": True,
                    "up_to_seq": 1,
                    "score": 1,
                }
            )
    return await _until_pong(line)


def _consumer(route: Any) -> Any:
    """The consumer behind a route, under what checks the origin."""
    application = route.callback
    while not hasattr(application, "consumer_class"):
        application = application.application
    return application.consumer_class
