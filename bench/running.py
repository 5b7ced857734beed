"""One size of the database after the other: fill it, then measure everything at that size."""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection

from accounts import keys
from accounts.models import Team, User
from bench import inbound, pages, shops, stack, talk
from tickets.models import Channel, Ticket

_MAILS = 1_000
_SOCKETS = 200
_ORDERS = 400


def load(tickets: int) -> None:
    """Add samples until there are so many tickets, and let PostgreSQL know its tables."""
    call_command("migrate", verbosity=0)
    missing = tickets - Ticket.objects.count()
    if missing > 0:
        call_command(
            "load_sample", tickets=missing, messages_per_ticket=4, seed=tickets, force=True
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def measured(seconds: float) -> dict[str, Any]:
    user = _agent()
    _key, key = keys.create(user, name="bench")
    chat = _chat()
    with stack.running() as running:
        memory = running.memory_mb()
        figures = [
            pages.measure(scenario, running, clients=clients, seconds=seconds)
            for scenario in pages.scenarios(_session(user), key)
            for clients in (1, 8)
        ]
        p50, p99 = talk.latency_ms(chat, key, sockets=_SOCKETS)
    rate = inbound.messages_per_second(_MAILS)
    return {
        "pages": [{**vars(figure), "times": None} for figure in figures],
        "chat": {"p50": p50, "p99": p99, "sockets": _SOCKETS},
        "inbound": {"per_second": rate, "messages": _MAILS},
        "orders": {"per_second": shops.orders_per_second(_ORDERS)},
        "tickets opened": {"per_second": shops.tickets_per_second(_ORDERS)},
        "memory_mb": memory,
    }


def _agent() -> User:
    user = User.objects.filter(email="bench@example.com").first()
    if user is None:
        user = User.objects.create_user("bench@example.com", name="Bench")
        user.teams.add(Team.objects.default())
    return user


def _session(user: User) -> str:
    """A signed-in session, as after the sign-in page."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _chat() -> str:
    """The sample's widget, allowed on the page that the visitors say they are on."""
    channel = Channel.objects.filter(kind="chat").select_related("connection").order_by("pk")[0]
    channel.connection.settings = {**channel.connection.settings, "origins": [talk.ORIGIN]}
    channel.connection.save(update_fields=["settings"])
    return str(channel.public_id)
