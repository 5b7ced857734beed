"""Requests by signed-in people and by a key: closed loop, warm, each address another one.

Before each request a listed ticket changes, so that no cache of whole answers flatters a figure.
"""

import http.client
import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.stack import PORT, Stack
from tickets.models import Ticket

# Of so many answers the slowest twentieth is ten.
_LEAST = 200
_WORDS = ("paczka", "zwrot", "faktura", "reklamacja", "dostawa", "rozmiar", "przelew", "kurier")


@dataclass(frozen=True)
class Scenario:
    name: str
    address: Callable[[], str]
    headers: dict[str, str]


@dataclass
class Figures:
    """Of one scenario with so many clients; times in milliseconds, `cpu_ms` of the whole stack."""

    name: str
    clients: int
    p50: float = 0.0
    p95: float = 0.0
    per_second: float = 0.0
    cpu_ms: float = 0.0
    queries: int = 0
    size_bytes: int = 0
    failures: int = 0
    times: list[float] = field(default_factory=list, repr=False)


def scenarios(session: str, key: str) -> list[Scenario]:
    signed_in = {"Cookie": f"session={session}"}
    numbers = list(Ticket.objects.order_by("-pk").values_list("number", flat=True)[:5_000])
    orders = itertools.cycle(["newest", "oldest"])
    views = itertools.cycle(["", "&view=open", "&view=unassigned"])
    return [
        Scenario("list", lambda: f"/inbox/?order={next(orders)}{next(views)}", signed_in),
        Scenario("ticket", lambda: f"/inbox/{random.choice(numbers)}/", signed_in),
        Scenario("search", lambda: f"/inbox/?q={quote(random.choice(_WORDS))}", signed_in),
        Scenario("api list", _api_list, {"Authorization": f"Bearer {key}"}),
        Scenario(
            "api one",
            lambda: f"/api/v1/tickets/{random.choice(numbers)}/",
            {"Authorization": f"Bearer {key}"},
        ),
    ]


def measure(scenario: Scenario, stack: Stack, *, clients: int, seconds: float) -> Figures:
    listed = list(Ticket.objects.order_by("-last_message_at").values_list("pk", flat=True)[:50])
    figures = Figures(scenario.name, clients)
    _run(scenario, figures, listed, clients=clients, seconds=1, least=10)  # warm
    figures.times.clear()
    used, began = stack.cpu_ms(), time.perf_counter()
    _run(scenario, figures, listed, clients=clients, seconds=seconds, least=_LEAST)
    took = time.perf_counter() - began
    count = len(figures.times)
    figures.p50 = statistics.median(figures.times)
    figures.p95 = statistics.quantiles(figures.times, n=20)[-1]
    figures.per_second = count / took
    figures.cpu_ms = (stack.cpu_ms() - used) / count
    figures.queries = _queries(scenario)
    return figures


def _run(
    scenario: Scenario,
    figures: Figures,
    listed: Sequence[int],
    *,
    clients: int,
    seconds: float,
    least: int,
) -> None:
    """Ask for so long, and until there are as many answers as a percentile needs."""

    def client() -> None:
        line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(figures.times) < least:
            _touch(random.choice(listed))
            began = time.perf_counter()
            line.request("GET", scenario.address(), headers=scenario.headers)
            response = line.getresponse()
            body = response.read()
            figures.times.append(1000 * (time.perf_counter() - began))
            figures.size_bytes = len(body)
            figures.failures += response.status != 200
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _touch(ticket_id: int) -> None:
    Ticket.objects.filter(pk=ticket_id).update(version=F("version") + 1, updated_at=timezone.now())


def _queries(scenario: Scenario) -> int:
    """Counted in this process, where Django tells of them; the second time, as for a warm page."""
    client: Any = Client(SERVER_NAME="localhost", headers=scenario.headers)
    client.get(scenario.address())
    with CaptureQueriesContext(connection) as captured:
        client.get(scenario.address())
    return len(captured)


def _api_list() -> str:
    before = timezone.now() - timedelta(seconds=random.randint(0, 86_400))
    return f"/api/v1/tickets/?created_to={quote(before.isoformat())}"
