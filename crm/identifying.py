"""From a handle to the customer behind it."""

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from crm import normalising
from crm.models import Customer, Identity
from helpdesk.text import storable


@dataclass(frozen=True)
class Handle:
    """How a customer shows up on a channel. `verified` only where the channel itself proves it."""

    kind: Identity.Kind
    value: str
    scope: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """The form that is compared; an address that is none stays as it was written."""
        try:
            return self._normal()
        except normalising.NotAnAddress:
            return str(storable(self.value)).strip()[:320] or "unknown"

    @property
    def is_valid(self) -> bool:
        """Whether it can name anybody: not empty, and an address or number where it should be."""
        try:
            return bool(self._normal())
        except normalising.NotAnAddress:
            return False

    def _normal(self) -> str:
        match self.kind:
            case Identity.Kind.EMAIL:
                return normalising.email(self.value)
            case Identity.Kind.PHONE:
                return normalising.phone(self.value)
        return str(storable(self.value)).strip()[:320]


def locked(handle: Handle) -> Identity:
    """Find or create the identity with its customer, and lock it until the transaction ends.

    The lock makes one sender's messages queue up here. Without it, two that arrive together would
    both find no ticket, and open one each.
    """
    identity = _find(handle)
    if identity is None:
        identity = _create(handle)
    return identity


def find_or_create(handle: Handle) -> Identity:
    """The identity without a lock, for people who are only mentioned (Cc)."""
    key = {"kind": handle.kind, "scope": handle.scope, "value": handle.key}
    return Identity.objects.filter(**key).first() or _create(handle)


def _find(handle: Handle) -> Identity | None:
    return (
        Identity.objects.select_for_update(of=("self",))
        .select_related("customer")
        .filter(kind=handle.kind, scope=handle.scope, value=handle.key)
        .first()
    )


# bulk_create returns no id where it ignores conflicts, and the id says whether we were first.
_INSERT = """
    INSERT INTO crm_identity (customer_id, kind, scope, value, display, name, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (kind, scope, value) DO NOTHING RETURNING id
"""


@transaction.atomic(savepoint=False)
def _create(handle: Handle) -> Identity:
    """Insert first, customer and all; whoever loses the race waits for the winner's commit."""
    name = str(storable(handle.name)).strip()[:200]
    customer = Customer.objects.create(name=name)
    identity = _row(handle, customer)
    if _inserted(identity):
        return identity
    customer.delete()
    found = _find(handle)
    if found is None:
        raise Identity.DoesNotExist(f"{handle.kind} vanished while it was created")
    return found


def _inserted(identity: Identity) -> bool:
    """Whether this identity is new; then it has its id, and is locked as our own row."""
    columns = ("customer_id", "kind", "scope", "value", "display", "name", "created_at")
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [getattr(identity, column) for column in columns])
        row = cursor.fetchone()
    if row is None:
        return False
    identity.pk = row[0]
    identity._state.adding = False
    return True


def _row(handle: Handle, customer: Customer) -> Identity:
    return Identity(
        customer=customer,
        kind=handle.kind,
        scope=handle.scope,
        value=handle.key,
        display=str(storable(handle.value)).strip()[:320],
        name=str(storable(handle.name)).strip()[:200],
        created_at=timezone.now(),
    )


def give(customer: Customer, handle: Handle) -> bool:
    """Add a handle to a customer; one that somebody has stays with them, which answers False."""
    return _inserted(_row(handle, customer))


def fill_in_name(
    identity: Identity, name: str, *, first_name: str = "", placeholder: str = ""
) -> None:
    """Keep the name a channel gave, and name the customer by it if they have none yet.

    `placeholder` is what a customer without a name is called until there is one.
    """
    name = str(storable(name)).strip()[:200]
    if name and identity.name != name:
        identity.name = name
        identity.save(update_fields=["name"])
    customer = identity.customer
    called = name or placeholder
    if called != customer.name and customer.name in ("", placeholder):
        customer.name = called
        customer.first_name = customer.first_name or first_name.strip()[:100]
        customer.version += 1
        customer.save(update_fields=["name", "first_name", "version"])
