"""Two rows of one person become one, and two again."""

import pytest

from crm import merging
from crm.merging import CannotMerge, CannotUndo
from crm.models import Customer, CustomerShop
from history.models import Event
from tests.factories import make_channel, make_incoming, make_shop, make_user
from tickets.models import Ticket
from tickets.receiving import receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    channel = make_channel("messenger")
    first = receive(make_incoming(channel, sender="one")).ticket
    second = receive(make_incoming(channel, sender="two")).ticket
    return first.customer, second.customer


def test_merge_moves_everything_and_undo_gives_it_back(pair):
    kept, absorbed = pair
    user = make_user()
    shop = make_shop()
    CustomerShop.objects.create(shop=shop, customer=absorbed)

    log = merging.merge(kept=kept, absorbed=absorbed, user=user)

    assert kept.identities.count() == 2
    assert Ticket.objects.filter(customer=kept).count() == 2
    assert kept.shops.count() == 1
    assert Customer.objects.get(pk=absorbed.pk).merged_into == kept
    assert list(Customer.objects.current()) == [kept]

    merging.undo(log, user=user)

    assert (kept.identities.count(), absorbed.identities.count()) == (1, 1)
    assert Ticket.objects.filter(customer=absorbed).count() == 1
    assert absorbed.shops.count() == 1
    assert Customer.objects.get(pk=absorbed.pk).merged_into is None
    kinds = Event.objects.filter(subject_kind="customer").order_by("id")
    assert [event.kind for event in kinds] == ["customer.merged", "customer.merge_undone"]


def test_next_message_of_the_absorbed_one_reaches_the_kept(pair):
    kept, absorbed = pair
    channel = absorbed.tickets.get().channel
    merging.merge(kept=kept, absorbed=absorbed, user=make_user())

    message = receive(make_incoming(channel, sender="two"))

    assert message.ticket.customer == kept


def test_what_cannot_be_merged(pair):
    kept, absorbed = pair
    user = make_user()
    with pytest.raises(CannotMerge):
        merging.merge(kept=kept, absorbed=kept, user=user)

    merging.merge(kept=kept, absorbed=absorbed, user=user)

    with pytest.raises(CannotMerge):
        merging.merge(kept=kept, absorbed=absorbed, user=user)


def test_merge_is_undone_once_and_from_the_last(pair):
    kept, absorbed = pair
    user = make_user()
    log = merging.merge(kept=kept, absorbed=absorbed, user=user)
    third = Customer.objects.create(name="Trzeci")
    later = merging.merge(kept=third, absorbed=kept, user=user)

    with pytest.raises(CannotUndo):
        merging.undo(log, user=user)
    merging.undo(later, user=user)
    merging.undo(log, user=user)
    with pytest.raises(CannotUndo):
        merging.undo(log, user=user)
