"""How far an order is paid, from its sums."""

from decimal import Decimal
from typing import Any

from crm.models import Order

_State = Order.Payment


def sums(document: dict[str, Any]) -> tuple[Decimal, Decimal, Decimal]:
    """Total, paid (before refunds) and refunded; from the payments where the totals do not tell."""
    totals = document["totals"]
    paid = totals.get("paid") or _completed(document, "payment")
    refunded = totals.get("refunded") or _completed(document, "refund")
    return Decimal(totals["total"]), Decimal(paid), Decimal(refunded)


def payment_state(total: Decimal, paid: Decimal, refunded: Decimal, *, is_cod: bool) -> str:
    """The state that the contract derives: refunds first, then cash on delivery, then the rest."""
    if refunded > 0:
        return _State.REFUNDED if refunded >= paid else _State.PARTIALLY_REFUNDED
    if is_cod:
        return _State.COD_COLLECTED if 0 < total <= paid else _State.COD_DUE
    if paid >= total:
        return _State.OVERPAID if paid > total else _State.PAID
    return _State.PARTIALLY_PAID if paid > 0 else _State.UNPAID


def _completed(document: dict[str, Any], kind: str) -> Decimal:
    payments = document.get("payments") or []
    amounts = [
        Decimal(payment["amount"])
        for payment in payments
        if payment["kind"] == kind
        and payment["status"] == "completed"
        and payment["currency"] == document["currency"]
    ]
    return sum(amounts, Decimal(0))
