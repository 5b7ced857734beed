"""What customers agreed to or withdrew; each word is a row of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm.models import Consent, Customer, Shop

# Mail that a shop can do without: whoever complains gets none of it any more.
NOT_ESSENTIAL = ("marketing", "surveys")


def withdraw(
    customer: Customer, shop: Shop, purposes: Iterable[str], *, source: str, at: datetime
) -> None:
    """Write down that these purposes are no longer agreed to; withdrawn already is no news."""
    for purpose in purposes:
        last = Consent.objects.filter(customer=customer, shop=shop, purpose=purpose)
        newest = last.order_by("-given_at", "-pk").first()
        if newest is None or newest.granted:
            Consent.objects.create(
                customer=customer,
                shop=shop,
                purpose=purpose,
                granted=False,
                source=source,
                given_at=at,
            )


@dataclass(frozen=True)
class Word:
    """What a customer said of one purpose, and in which wording they were asked."""

    purpose: str
    granted: bool
    at: datetime
    text_version: str = ""


def note(customer: Customer, shop: Shop, words: Iterable[Word], *, source: str) -> list[Consent]:
    """Write down what is news; an older word than the newest known, or the same, is none.

    A refusal by somebody who never agreed is no news either.
    """
    newest = _newest(customer, shop)
    fresh = [word for word in words if _is_news(word, newest.get(word.purpose))]
    return Consent.objects.bulk_create(
        Consent(
            customer=customer,
            shop=shop,
            purpose=word.purpose,
            granted=word.granted,
            text_version=word.text_version,
            source=source,
            given_at=word.at,
        )
        for word in fresh
    )


def _newest(customer: Customer, shop: Shop) -> dict[str, Consent]:
    rows = Consent.objects.filter(customer=customer, shop=shop).order_by("given_at", "pk")
    return {row.purpose: row for row in rows}


def _is_news(word: Word, last: Consent | None) -> bool:
    if last is None:
        return word.granted
    return word.at > last.given_at and word.granted != last.granted
