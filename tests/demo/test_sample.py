"""Sample traffic: the same for the same seed, whole, and written to nobody."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from demo.sample import making
from history.models import Event, ReaderPosition
from tests.factories import make_ticket
from tickets.models import Delivery, Message, Target, Ticket
from tickets.sla import replaying


def talks(seed: int) -> list[making.Conversation]:
    now = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    return list(making.conversations(40, 4, seed=seed, agents=3, now=now))


def test_same_seed_makes_the_same_conversations():
    assert talks(1) == talks(1)
    assert talks(1) != talks(2)


@pytest.mark.django_db
def test_sample_is_whole_and_wakes_nobody():
    call_command("load_sample", tickets=60, messages_per_ticket=4, seed=3, verbosity=0)

    assert Ticket.objects.count() == 60
    assert Message.objects.exclude(search=None).count() == Message.objects.count()
    assert not Delivery.objects.filter(state=Delivery.State.QUEUED).exists()
    newest = Event.objects.order_by("-seq").values_list("seq", flat=True).first()
    assert newest == Event.objects.count()
    assert set(ReaderPosition.objects.values_list("seq", flat=True)) <= {newest}
    assert not any(user.has_usable_password() for user in User.objects.all())
    for ticket in Ticket.objects.prefetch_related("messages"):
        assert ticket.version == Event.objects.filter(ticket_id=ticket.pk).count()
        assert ticket.last_message_at == max(one.occurred_at for one in ticket.messages.all())


@pytest.mark.django_db
def test_clocks_of_a_sample_are_those_that_its_events_make():
    call_command("load_sample", tickets=40, messages_per_ticket=4, seed=5, verbosity=0)

    states = set(Target.objects.values_list("state", flat=True))
    assert {"met", "breached"} <= states
    assert Target.objects.values("policy__policy").distinct().count() == 3
    assert sum(replaying.recompute(ticket.pk) for ticket in Ticket.objects.all()) == 0


@pytest.mark.django_db
def test_living_traffic_goes_on_after_a_sample():
    call_command("load_sample", tickets=5, seed=3, verbosity=0)
    newest = Ticket.objects.order_by("-number").values_list("number", flat=True).first()

    assert make_ticket().number == newest + 1


@pytest.mark.django_db
def test_sample_keeps_away_from_real_customers():
    make_ticket()

    with pytest.raises(CommandError, match="no sample"):
        call_command("load_sample", tickets=5)
    call_command("load_sample", tickets=5, force=True, verbosity=0)
    assert Ticket.objects.count() == 6


@pytest.mark.django_db
def test_one_seed_is_loaded_once():
    call_command("load_sample", tickets=5, seed=3, verbosity=0)

    with pytest.raises(CommandError, match="loaded already"):
        call_command("load_sample", tickets=5, seed=3)
