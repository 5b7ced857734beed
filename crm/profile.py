"""What agents write about a customer."""

from typing import Any

from django.db import transaction
from django.db.models import F

from crm.models import Customer
from history.recording import Actor, record


@transaction.atomic
def update(customer: Customer, *, by: Actor, **values: Any) -> Customer:
    """Set these fields; the event names them and holds none of the words."""
    row = Customer.objects.select_for_update().get(pk=customer.pk)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        return row
    for name in changed:
        setattr(row, name, values[name])
    row.save(update_fields=changed)
    Customer.objects.filter(pk=row.pk).update(version=F("version") + 1)
    record(
        "customer.updated",
        subject=("customer", row.pk),
        actor=by,
        data={"fields": sorted(changed)},
        customer_id=row.pk,
    )
    return row
