"""The workspace's socket: who hears what, and what happens when access goes."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts import people
from accounts.models import Role, User
from history.recording import Actor
from inbox import consumers
from inbox.consumers import SIGNED_OUT, TOO_MUCH
from tests.factories import make_team, make_ticket, make_user
from tests.sockets import Line
from tickets import alerting, changing, signals
from tickets.locking import locked
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)

Open = Callable[..., Awaitable[Line]]


@pytest.fixture
async def open_page() -> AsyncIterator[Open]:
    """Opens the socket of a user's page, and takes its first answer."""
    opened = []

    async def open_one(user: User, *, client: Client | None = None) -> Line:
        client = client or Client()
        await sync_to_async(client.force_login)(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        line = _line(f"{settings.SESSION_COOKIE_NAME}={session}")
        await line.connect()
        opened.append(line)
        await line.send({"type": "resume", "seq": None, "tickets": []})
        await line.heard("resumed")
        return line

    yield open_one
    for line in opened:
        await line.leave()


def _line(cookie: str = "", origin: str = "http://localhost:8000") -> Line:
    return Line("/ws/workspace/", headers={"origin": origin, "cookie": cookie, "host": "localhost"})


async def test_foreign_page_gets_no_line():
    assert not await _line(origin="https://evil.example").connect()


async def test_who_is_not_signed_in_hears_nothing():
    line = _line()
    await line.connect()

    assert await line.closed() == SIGNED_OUT


async def test_change_is_told_to_those_who_see_the_ticket(open_page):
    agent, outsider = await sync_to_async(_two_agents)()
    own, foreign = await open_page(agent), await open_page(outsider)

    ticket = await sync_to_async(make_ticket)()

    message = await own.heard("ticket.changed")
    ticket = await Ticket.objects.aget(pk=ticket.pk)
    assert (message["ticket"], message["version"]) == (ticket.number, ticket.version)
    assert set(message) == {"type", "ticket", "version", "seq"}
    assert await foreign.is_silent()


async def test_alert_reaches_who_is_wanted_and_may_see_the_ticket(open_page):
    agent, outsider = await sync_to_async(_two_agents)()
    own, foreign = await open_page(agent), await open_page(outsider)
    ticket = await sync_to_async(make_ticket)()

    def tell() -> None:
        with transaction.atomic():
            alerting.alert(locked(ticket), [agent, outsider], metric="first_response")

    await sync_to_async(tell)()

    assert (await own.heard("ticket.alert"))["ticket"] == ticket.number
    assert await foreign.is_silent()


async def test_ticket_that_leaves_is_gone(open_page):
    agent, _outsider = await sync_to_async(_two_agents)()
    ticket = await sync_to_async(make_ticket)()
    line = await open_page(agent)

    def hand_over() -> None:
        changing.set_team(ticket, make_team(), by=Actor("system"))

    await sync_to_async(hand_over)()

    assert (await line.heard("ticket.gone"))["ticket"] == ticket.number


async def test_assigned_ticket_stays_with_its_agent(open_page):
    _agent, outsider = await sync_to_async(_two_agents)()
    ticket = await sync_to_async(make_ticket)()
    line = await open_page(outsider)

    await sync_to_async(changing.assign)(ticket, outsider, by=Actor("system"))
    assert (await line.heard("ticket.changed"))["ticket"] == ticket.number

    await sync_to_async(changing.assign)(ticket, None, by=Actor("system"))
    assert (await line.heard("ticket.gone"))["ticket"] == ticket.number


async def test_groups_follow_the_teams(open_page):
    agent, _outsider = await sync_to_async(_two_agents)()
    line = await open_page(agent)

    await sync_to_async(people.change_access)(agent, role=Role(agent.role), teams=[], by=None)
    await line.heard("access.changed")
    await sync_to_async(make_ticket)()

    assert await line.is_silent()


async def test_line_ends_with_the_session(open_page):
    agent, _outsider = await sync_to_async(_two_agents)()
    client = Client()
    line = await open_page(agent, client=client)

    await sync_to_async(client.post)("/accounts/logout/")

    assert await line.closed() == SIGNED_OUT


async def test_line_ends_with_the_access(open_page):
    agent, _outsider = await sync_to_async(_two_agents)()
    line = await open_page(agent)

    await sync_to_async(people.deactivate)(agent, by=None)

    assert await line.closed() == SIGNED_OUT


async def test_silent_page_is_looked_at_though_nobody_told_of_the_end(open_page, monkeypatch):
    monkeypatch.setattr(consumers, "_CHECKED_EVERY_S", 0.05)
    agent, other = await sync_to_async(_two_agents)()
    client = Client()
    line, others = await open_page(agent, client=client), await open_page(other)

    await sync_to_async(client.session.flush)()
    await User.objects.filter(pk=other.pk).aupdate(is_active=False)

    assert await line.closed() == await others.closed() == SIGNED_OUT


async def test_page_catches_up_after_a_break(open_page):
    agent, outsider = await sync_to_async(_two_agents)()
    line = await open_page(agent)
    await sync_to_async(make_ticket)()
    seq = (await line.heard("ticket.changed"))["seq"]
    await line.leave()
    missed = await sync_to_async(make_ticket)()

    line = await open_page(agent)
    await line.send({"type": "resume", "seq": seq, "tickets": [missed.number, 1]})
    answer = await line.heard("resumed")
    assert answer["changed"] == [missed.number]
    assert answer["gone"] == [1]
    assert answer["seq"] > seq

    foreign = await open_page(outsider)
    await foreign.send({"type": "resume", "seq": seq, "tickets": []})
    assert (await foreign.heard("resumed"))["changed"] == []


async def test_colleagues_see_who_reads_and_writes(open_page):
    agent, outsider = await sync_to_async(_two_agents)()
    other = await sync_to_async(make_user)(name="Kasia Wrona")
    ticket = await sync_to_async(make_ticket)()
    own, colleague, foreign = [await open_page(user) for user in (agent, other, outsider)]

    await colleague.send({"type": "presence", "ticket": ticket.number, "state": "writing"})
    heard = await own.heard("presence")
    assert heard["people"] == [{"name": "Kasia", "state": "writing"}]

    await colleague.send({"type": "presence", "ticket": None, "state": "reading"})
    assert (await own.heard("presence"))["people"] == []
    await foreign.send({"type": "watch", "tickets": [ticket.number]})
    await foreign.send({"type": "presence", "ticket": ticket.number, "state": "writing"})
    assert await foreign.is_silent()


@pytest.mark.parametrize("frame", ["x" * 9_000, "{", '["a"]' * 3, '{"type": "resume", "seq": []'])
async def test_nonsense_closes_the_line(frame, open_page):
    line = await open_page((await sync_to_async(_two_agents)())[0])

    await line.send_text(frame)

    assert await line.closed() == TOO_MUCH


async def test_flood_closes_the_line(open_page):
    line = await open_page((await sync_to_async(_two_agents)())[0])

    for _frame in range(100):
        await line.send({"type": "ping"})

    assert await line.closed() == TOO_MUCH


async def test_customers_typing_is_passed_on(open_page):
    agent, _outsider = await sync_to_async(_two_agents)()
    ticket = await sync_to_async(make_ticket)()
    line = await open_page(agent)

    await sync_to_async(signals.customer_typing.send_robust)(
        Ticket, ticket_id=ticket.pk, name="Anna", on=True
    )

    heard = await line.heard("customer.typing")
    assert (heard["ticket"], heard["on"]) == (ticket.number, True)


def _two_agents() -> tuple[User, User]:
    """One of the default team, one of another."""
    return make_user(name="Ola Lis"), make_user(teams=[make_team()])
