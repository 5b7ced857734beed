"""Which shops an API key may touch."""

from collections.abc import Collection

from django.db.models import Q

from accounts.models import ApiKey


def shops_of(key: ApiKey | None) -> Collection[int] | None:
    """Ids of the only shops that the key may touch; None where it (or a session) has no limit."""
    limits = {limit.shop_id for limit in key.shop_limits.all()} if key else None
    return limits or None


def within(key: ApiKey | None, column: str = "shop") -> Q:
    """A condition on rows: those of the key's shops, all where it has no limit."""
    shops = shops_of(key)
    return Q() if shops is None else Q(**{f"{column}__in": shops})
