from datetime import UTC, datetime

import pytest
import time_machine

from history.models import ReaderPosition
from history.readers import Reader, read
from history.recording import Actor
from history.sequencing import number_events
from kpi import reading
from kpi.models import DailyRollup
from tests import factories
from tickets import replying
from tickets.replying import Draft

# Wednesday, 10:00 in Warsaw.
MORNING = datetime(2026, 11, 18, 9, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def channel(db):
    ReaderPosition.objects.update_or_create(reader=reading.READER, defaults={"seq": 0})
    return factories.make_channel("email")


def count():
    """Number what is committed and let the reader come after."""
    while number_events():
        pass
    read(Reader(reading.READER, reading.handle, 100))


def total(metric, level=DailyRollup.Level.TOTAL):
    rows = DailyRollup.objects.filter(level=level, is_month=False, metric=metric)
    return sum(row.count for row in rows), sum(row.sum for row in rows)


def answer(ticket, user, **options):
    return replying.reply(
        ticket, Draft("Dzień dobry, jutro."), by=Actor("agent", user.pk), user=user, **options
    )
