"""Opening a shop and changing what is known of it; both are in the audit log."""

import zoneinfo
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import ApiKey, User
from crm.errors import SlugTaken, UnknownTimeZone
from crm.models import Shop


@transaction.atomic
def open_shop(*, by: User | ApiKey, **fields: Any) -> Shop:
    """Add a shop. Raises `SlugTaken`, `UnknownTimeZone`."""
    _check(fields)
    try:
        with transaction.atomic():
            shop = Shop.objects.create(**fields)
    except IntegrityError as e:
        raise SlugTaken from e
    audit.record("shop.created", by=by, on=shop, after=fields)
    return shop


@transaction.atomic
def change(shop: Shop, *, by: User | ApiKey, **fields: Any) -> Shop:
    """Change name, time zone or language. Raises `UnknownTimeZone`."""
    _check(fields)
    shop = Shop.objects.select_for_update().get(pk=shop.pk)
    before = {name: getattr(shop, name) for name in fields}
    for name, value in fields.items():
        setattr(shop, name, value)
    if before != fields:
        shop.save(update_fields=list(fields))
        audit.record("shop.changed", by=by, on=shop, before=before, after=fields)
    return shop


def _check(fields: dict[str, Any]) -> None:
    if fields.get("timezone", "UTC") not in zoneinfo.available_timezones():
        raise UnknownTimeZone
