"""Reports go out once, on their day, with the figures that their owner may see."""

from datetime import UTC, date, datetime

import pytest

from kpi import reporting
from kpi.models import Report
from tests import factories
from tests.kpi.conftest import count


@pytest.fixture
def report(channel):
    return Report.objects.create(
        owner=factories.make_user("manager"),
        every="day",
        recipients=["szef@example.com"],
        filters=f"shop={channel.shop.slug}",
    )


@pytest.mark.parametrize(
    ("every", "today", "due", "period"),
    [
        ("day", "2026-11-19", True, ("2026-11-18", "2026-11-18")),
        ("week", "2026-11-19", False, None),
        ("week", "2026-11-23", True, ("2026-11-16", "2026-11-22")),
        ("month", "2026-11-23", False, None),
        ("month", "2026-12-01", True, ("2026-11-01", "2026-11-30")),
    ],
)
def test_days_and_periods(every, today, due, period):
    day = date.fromisoformat(today)
    assert reporting.is_due(every, day) is due
    if period:
        assert reporting.period(every, day) == tuple(map(date.fromisoformat, period))


def test_figures_go_out_once_in_the_morning(clock, channel, report, mailoutbox):
    factories.make_ticket(channel)
    count()
    clock.move_to(datetime(2026, 11, 19, 5, 30, tzinfo=UTC))  # 6:30 in Warsaw
    assert reporting.send_due() == 0
    clock.move_to(datetime(2026, 11, 19, 6, 30, tzinfo=UTC))
    assert reporting.send_due() == 1
    assert reporting.send_due() == 0

    [mail] = mailoutbox
    assert mail.to == ["szef@example.com"]
    assert f"shop={channel.shop.slug}" in mail.body
    assert mail.attachments[0][0] == "okienko-2026-11-18-2026-11-18.csv"


def test_nothing_goes_out_for_who_has_left(clock, report, mailoutbox):
    report.owner.is_active = False
    report.owner.save()
    clock.move_to(datetime(2026, 11, 19, 8, tzinfo=UTC))
    assert reporting.send_due() == 0
    assert mailoutbox == []


def test_what_could_not_be_sent_is_tried_again(clock, report, monkeypatch, mailoutbox):
    clock.move_to(datetime(2026, 11, 19, 8, tzinfo=UTC))

    def fails(*_args):
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(reporting.EmailMessage, "send", fails)
        assert reporting.send_due() == 0
    assert reporting.send_due() == 1
