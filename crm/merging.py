"""Two customers that are one person: merged by an agent, and taken apart again if not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import RuleBroken
from accounts.models import User
from crm.models import Customer, CustomerMerge, CustomerShop, Identity
from history.recording import Actor, record


class _Refused(RuleBroken):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


class CannotMerge(_Refused):
    """The two rows cannot be merged; the text says why."""

    code = "cannot_merge"


class CannotUndo(_Refused):
    """The merge cannot be taken back; the text says why."""

    code = "cannot_undo"


@dataclass(frozen=True)
class Mover:
    """Moves one kind of row from customer to customer.

    `take(source, target)` returns the ids it moved; `give_back(ids, owner)` returns them.
    """

    take: Callable[[Customer, Customer], list[int]]
    give_back: Callable[[Iterable[int], Customer], None]


_movers: dict[str, Mover] = {}


def register_mover(name: str, mover: Mover) -> None:
    """Add the rows of a higher room to every merge (from `AppConfig.ready`)."""
    _movers[name] = mover


def moving(model: type[models.Model]) -> Mover:
    """The mover for a table whose column `customer` names the owner and nothing else."""

    def take(source: Customer, target: Customer) -> list[int]:
        rows = model._default_manager.select_for_update().filter(customer=source).order_by("pk")
        ids = list(rows.values_list("pk", flat=True))
        model._default_manager.filter(pk__in=ids).update(customer=target)
        return ids

    def give_back(ids: Iterable[int], owner: Customer) -> None:
        model._default_manager.filter(pk__in=ids).update(customer=owner)

    return Mover(take, give_back)


def _take_shops(source: Customer, target: Customer) -> list[int]:
    """Shops that both belong to stay with the absorbed row: a customer is in a shop once."""
    both = CustomerShop.objects.filter(customer=target).values("shop")
    rows = CustomerShop.objects.filter(customer=source).exclude(shop__in=both)
    ids = list(rows.values_list("pk", flat=True))
    CustomerShop.objects.filter(pk__in=ids).update(customer=target)
    return ids


def _give_back_shops(ids: Iterable[int], owner: Customer) -> None:
    CustomerShop.objects.filter(pk__in=ids).update(customer=owner)


register_mover("identities", moving(Identity))
register_mover("shops", Mover(_take_shops, _give_back_shops))


@transaction.atomic
def merge(*, kept: Customer, absorbed: Customer, user: User) -> CustomerMerge:
    """Move everything of `absorbed` to `kept`. Consents stay where they were given.

    Raises `CannotMerge` for one and the same, an already merged or an erased customer.
    """
    kept, absorbed = _locked_pair(kept, absorbed)
    if kept == absorbed:
        raise CannotMerge(_("This is one and the same customer."))
    if kept.merged_into_id or absorbed.merged_into_id:
        raise CannotMerge(_("One of these customers was merged already. Open the other one."))
    if kept.erased_at or absorbed.erased_at:
        raise CannotMerge(_("An erased customer cannot be merged."))
    log = CustomerMerge.objects.create(kept=kept, absorbed=absorbed, user=user)
    log.moved = {name: mover.take(absorbed, kept) for name, mover in _movers.items()}
    log.save(update_fields=["moved"])
    Customer.objects.filter(pk=absorbed.pk).update(merged_into=kept, version=F("version") + 1)
    _touch(kept)
    _record("customer.merged", kept, absorbed, user)
    return log


@transaction.atomic
def undo(log: CustomerMerge, *, user: User) -> None:
    """Give back what the merge moved. Raises `CannotUndo` if it was undone or merged on since."""
    log = CustomerMerge.objects.select_for_update().get(pk=log.pk)
    kept, absorbed = _locked_pair(log.kept, log.absorbed)
    if log.undone_at:
        raise CannotUndo(_("This merge was undone already."))
    if kept.merged_into_id:
        raise CannotUndo(
            _("The customer was merged into another one since. Undo that merge first.")
        )
    Customer.objects.filter(pk=absorbed.pk).update(merged_into=None, version=F("version") + 1)
    for name, ids in log.moved.items():
        if name in _movers:
            _movers[name].give_back(ids, absorbed)
    log.undone_at = timezone.now()
    log.save(update_fields=["undone_at"])
    _touch(kept)
    _record("customer.merge_undone", kept, absorbed, user)


def _locked_pair(one: Customer, other: Customer) -> tuple[Customer, Customer]:
    rows = Customer.objects.select_for_update().order_by("pk").in_bulk([one.pk, other.pk])
    return rows[one.pk], rows[other.pk]


def _touch(customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(
        version=F("version") + 1, updated_at=timezone.now()
    )


def _record(kind: str, kept: Customer, absorbed: Customer, user: User) -> None:
    record(
        kind,
        subject=("customer", kept.pk),
        actor=Actor("agent", user.pk),
        customer_id=kept.pk,
        data={"other": absorbed.pk},
    )
