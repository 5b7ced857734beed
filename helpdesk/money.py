"""Amounts as people write them, in the language of the page."""

from decimal import Decimal

from django.utils.translation import get_language

_SYMBOLS = {"PLN": "zł", "EUR": "€", "CZK": "Kč", "GBP": "£", "USD": "$"}
# No break inside an amount.
_SPACE = "\u00a0"
# Polish separates thousands from five digits on: 1234,56 and 12 345,67.
_FIRST_GROUPED = 10_000


def shown(amount: Decimal, currency: str) -> str:
    """`1234,50 zł` in Polish, `PLN 1,234.50` in English; cents are always there."""
    if (get_language() or "").startswith("pl"):
        grouped = f"{amount:,.2f}" if abs(amount) >= _FIRST_GROUPED else f"{amount:.2f}"
        text = grouped.replace(",", _SPACE).replace(".", ",")
        return f"{text}{_SPACE}{_SYMBOLS.get(currency, currency)}"
    return f"{currency}{_SPACE}{amount:,.2f}"


def quantity(amount: Decimal) -> str:
    """`2`, or `2,5` in Polish: without zeros that say nothing."""
    text = f"{amount:f}".rstrip("0").rstrip(".") if "." in f"{amount:f}" else f"{amount:f}"
    return text.replace(".", ",") if (get_language() or "").startswith("pl") else text
