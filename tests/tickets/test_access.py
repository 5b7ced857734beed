"""Who sees and who changes which ticket and customer."""

import pytest
from django.db.models import ProtectedError

from accounts.models import ApiKey
from crm.models import Customer, CustomerShop, KeyShop, TeamShop
from tests.factories import make_channel, make_team, make_ticket, make_user
from tickets import changing
from tickets.models import Channel, Ticket, TicketFollower

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def ticket(team):
    return make_ticket(make_channel(team=team))


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [
        ("agent", False, False),
        ("supervisor", False, False),
        ("manager", True, False),
        ("admin", True, True),
    ],
)
def test_ticket_of_another_team(ticket, role, sees, changes):
    user = make_user(role)

    assert Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists() is sees
    assert Ticket.objects.changeable_by(user).filter(pk=ticket.pk).exists() is changes
    assert Customer.objects.visible_to(user).filter(pk=ticket.customer_id).exists() is sees
    assert Channel.objects.visible_to(user).filter(pk=ticket.channel_id).exists() is sees


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_ticket_of_ones_own_team(ticket, team, role):
    user = make_user(role, teams=[team])

    assert list(Ticket.objects.changeable_by(user)) == [ticket]


def test_assigned_ticket_of_another_team_is_visible(ticket):
    user = make_user()
    Ticket.objects.filter(pk=ticket.pk).update(assignee=user)

    assert list(Ticket.objects.visible_to(user)) == [ticket]


def test_followed_ticket_is_visible(ticket):
    user = make_user()

    changing.follow(ticket, user, why=TicketFollower.Why.MENTIONED)

    assert list(Ticket.objects.visible_to(user)) == [ticket]


def test_ticket_that_moves_to_another_team_goes_out_of_sight(ticket, team):
    user = make_user(teams=[team])
    changing.assign(ticket, user, by=changing.Actor("agent", user.pk))

    changing.set_team(ticket, make_team(), by=changing.Actor("agent", user.pk))

    assert not Ticket.objects.visible_to(user).exists()


def test_customer_of_a_served_shop_is_visible(team):
    user = make_user(teams=[team])
    channel = make_channel()
    customer = Customer.objects.create(name="Jan")
    CustomerShop.objects.create(shop=channel.shop, customer=customer)
    assert not Customer.objects.visible_to(user).exists()

    TeamShop.objects.create(team=team, shop=channel.shop)

    assert list(Customer.objects.visible_to(user)) == [customer]


def test_shop_that_limits_a_key_cannot_go_away():
    shop = make_channel().shop
    key = ApiKey.objects.create(user=make_user(), name="Sklep", prefix="abc", secret_hash="x")
    KeyShop.objects.create(key=key, shop=shop)

    with pytest.raises(ProtectedError):
        KeyShop.objects.select_related("shop").get().shop.delete()
