"""Working hours as an admin sets them up, and who goes by them."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from tests.factories import make_channel
from tickets.models import Calendar, CalendarVersion
from tickets.sla import hours
from tickets.sla.calendar import WorkingHours

# A Monday, 9:00 in Warsaw.
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def form(**changes: Any) -> dict[str, Any]:
    """Monday 8-12 and 13-16, Saturday until midnight."""
    return {
        "name": "Infolinia",
        "timezone": "Europe/Warsaw",
        "holidays": "PL",
        "week_0_opens": ["08:00", "13:00"],
        "week_0_closes": ["12:00", "16:00"],
        "week_5_opens": ["18:00"],
        "week_5_closes": ["00:00"],
        "days_since": ["2026-12-21", "2026-12-31"],
        "days_until": ["2026-12-23", ""],
        "days_opens": ["", "08:00"],
        "days_closes": ["", "12:00"],
        **changes,
    }


@pytest.fixture
def calendar(signed_in: Client) -> Calendar:
    assert signed_in.post(reverse("settings:calendar-new"), form()).status_code == 302
    return Calendar.objects.get(name="Infolinia")


def test_calendar_keeps_periods_exceptions_and_midnight(calendar: Calendar) -> None:
    version = calendar.versions.get()

    assert version.week[0] == [["08:00", "12:00"], ["13:00", "16:00"]]
    assert version.week[5] == [["18:00", "24:00"]]
    assert version.days["2026-12-22"] == []
    assert version.days["2026-12-31"] == [["08:00", "12:00"]]
    assert AuditEntry.objects.filter(action="calendar.created").exists()


def test_form_shows_what_was_saved_and_saves_it_as_it_is(
    signed_in: Client, calendar: Calendar
) -> None:
    address = reverse("settings:calendar-edit", args=[calendar.public_id])
    shown = signed_in.get(address).content.decode()
    assert 'value="2026-12-21"' in shown
    assert 'value="13:00"' in shown

    signed_in.post(address, form())
    assert calendar.versions.count() == 1

    signed_in.post(address, form(holidays=""))
    assert [row.holidays for row in calendar.versions.order_by("pk")] == ["PL", ""]


@pytest.mark.parametrize(
    "wrong",
    [
        {"week_0_opens": ["08:00", "11:00"], "week_0_closes": ["12:00", "16:00"]},
        {"week_0_opens": ["16:00"], "week_0_closes": ["08:00"]},
        {"week_0_opens": ["08:00"], "week_0_closes": [""]},
        {"week_0_opens": ["x"], "week_0_closes": ["y"]},
        {"days_since": ["soon", ""]},
        {"days_until": ["2030-12-23", ""]},
        {"days_until": ["2026-12-01", ""]},
        {"timezone": "Europe/Atlantis"},
        {"holidays": "XX"},
    ],
)
def test_hours_that_make_no_sense_are_refused(signed_in: Client, wrong: dict[str, Any]) -> None:
    response = signed_in.post(reverse("settings:calendar-new"), form(**wrong))

    assert response.status_code == 422
    assert Calendar.objects.count() == 1


def test_rows_are_added_removed_and_copied_without_saving(signed_in: Client) -> None:
    def redrawn(**button: str) -> str:
        response = signed_in.post(
            reverse("settings:calendar-new"), form(**button), HTTP_HX_REQUEST="true"
        )
        assert response.status_code == 200
        return response.content.decode()

    assert redrawn(add="week_0").count('name="week_0_opens"') == 3
    assert redrawn(drop="week_0:1").count('name="week_0_opens"') == 1
    assert redrawn(copy="yes").count('name="week_4_opens"') == 2
    assert redrawn(add="days").count('name="days_since"') == 3
    assert Calendar.objects.count() == 1


def test_preview_draws_the_week_and_names_the_next_holidays(signed_in: Client) -> None:
    with time_machine.travel(MONDAY, tick=False):
        shown = signed_in.post(reverse("settings:calendar-preview"), form()).content.decode()

    assert '<rect x="480" y="0" width="240" height="10"/>' in shown
    assert "open now" in shown
    assert "Christmas Eve" in shown


def test_standard_hours_move_and_what_is_used_stays(signed_in: Client, calendar: Calendar) -> None:
    old = Calendar.objects.get(is_default=True)
    signed_in.post(reverse("settings:calendar-remove", args=[old.public_id]))
    assert Calendar.objects.filter(pk=old.pk).exists()

    signed_in.post(reverse("settings:calendar-default", args=[calendar.public_id]))
    assert Calendar.objects.get(is_default=True) == calendar

    signed_in.post(reverse("settings:calendar-remove", args=[old.public_id]))
    assert Calendar.objects.filter(pk=old.pk).exists()  # the standard policy counts by it


def test_unused_calendar_goes_with_its_versions(signed_in: Client, calendar: Calendar) -> None:
    signed_in.post(reverse("settings:calendar-remove", args=[calendar.public_id]))

    assert not Calendar.objects.filter(pk=calendar.pk).exists()
    assert not CalendarVersion.objects.filter(calendar=calendar.pk).exists()


def test_channel_goes_by_its_own_calendar(calendar: Calendar) -> None:
    channel, other = make_channel(calendar=calendar), make_channel()

    with time_machine.travel(MONDAY.replace(hour=11, minute=30), tick=False):
        assert not hours.opening(channel).is_open
        assert hours.opening(channel).opens_in_words == "today, 13:00"
        assert hours.opening(other).is_open


def test_chat_keeps_its_own_week_with_the_holidays_of_its_calendar(calendar: Calendar) -> None:
    week = [[["10:00", "20:00"]]] * 7
    channel = make_channel("chat", calendar=calendar, settings={"hours": week})

    own: WorkingHours = hours.of(channel)

    assert own.is_open(MONDAY.replace(hour=18))
    assert not own.is_open(datetime(2026, 12, 25, 12, 0, tzinfo=UTC))
