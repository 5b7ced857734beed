"""What a shop's programs do: orders sent and tickets opened, each in a transaction of its own."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction

from crm.identifying import Handle
from crm.models import Identity, Shop
from crm.orders import accepting, contract
from history.recording import SYSTEM
from tickets import starting
from tickets.models import Channel


def orders_per_second(count: int) -> float:
    """Whole documents, checked against the contract and stored; every second one is an update."""
    shop = Shop.objects.order_by("pk").first()
    if shop is None:
        return 0.0
    run = uuid.uuid4().hex[:8]

    def send(number: int) -> None:
        document = _order(f"{run}-{number // 2}", minute=number % 2)
        if not contract.faults(document):
            accepting.accept_order(shop, document["external_id"], document)

    return _rate(send, count)


def tickets_per_second(count: int) -> float:
    """Tickets opened for people who are new."""
    channel = Channel.objects.filter(kind="email").select_related("team", "shop").first()
    if channel is None:
        return 0.0
    run = uuid.uuid4().hex[:8]

    def start(number: int) -> None:
        handle = Handle(Identity.Kind.EMAIL, f"bench-{run}-{number}@example.com", name="Bench")
        requester = starting.requester_by_handle(handle)
        starting.start(channel, requester, subject="Pomiar", by=SYSTEM)

    return _rate(transaction.atomic(start), count)


def _rate(job: Callable[[int], None], count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        job(number)
    return count / (time.perf_counter() - began)


def _order(external_id: str, *, minute: int) -> dict[str, Any]:
    line = {
        "external_id": "1",
        "kind": "product",
        "name": "Kubek emaliowany",
        "quantity": "1",
        "unit_price_gross": "49.00",
        "total_gross": "49.00",
    }
    return {
        "external_id": external_id,
        "number": external_id,
        "channel": "shop",
        "placed_at": "2026-11-19T18:42:07+01:00",
        "source_updated_at": f"2026-11-21T09:{minute:02}:00+01:00",
        "status": ("confirmed", "shipped")[minute],
        "currency": "PLN",
        "totals": {"total": "49.00", "paid": "49.00"},
        "customer": {"email": f"{external_id}@example.com", "first_name": "Jan"},
        "is_cod": False,
        "lines": [line] * 3,
    }
