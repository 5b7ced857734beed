"""What customers agreed to or withdrew; each word is a row of its own."""

from collections.abc import Iterable
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
