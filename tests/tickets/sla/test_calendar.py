"""Business time against a minute-by-minute reference, over changes of the clock and holidays."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.sla import public_holidays
from tickets.sla.calendar import NeverOpen, Period, WorkingHours, minutes

WARSAW = ZoneInfo("Europe/Warsaw")
WEEK = (((480, 960),),) * 5 + ((), ())
FIXTURES = Path(__file__).parent / "fixtures"
DAY = date(2026, 1, 1)
OFFICE = WorkingHours(WARSAW, WEEK, "PL")


def at(text: str) -> datetime:
    """Local time in Warsaw."""
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


def reference(hours: WorkingHours, start: datetime, end: datetime) -> timedelta:
    """Counts each minute in [start, end) whose local time of day is in a period."""
    total, moment = 0, start.astimezone(UTC)
    while moment < end.astimezone(UTC):
        local = moment.astimezone(hours.zone)
        minute = local.hour * 60 + local.minute
        total += any(first <= minute < last for first, last in hours.periods(local.date()))
        moment += timedelta(minutes=1)
    return timedelta(minutes=total)


@st.composite
def periods(draw: st.DrawFn) -> tuple[Period, ...]:
    marks = sorted(draw(st.sets(st.integers(0, 24 * 60), max_size=6)))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return tuple(pairs)


weeks = st.tuples(*[periods()] * 7)
# Around the nights in which the clocks change, the new year, and 24 December.
days = st.sampled_from(["2026-03-28", "2026-10-24", "2026-12-23", "2027-03-27", "2025-12-30"])
moments = st.builds(
    lambda day, offset: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=offset),
    days,
    st.integers(0, 3 * 24 * 60),
)


# The reference is slow on purpose, and a busy machine is slower still.
@settings(deadline=None)
@given(week=weeks, start=moments, length=st.integers(0, 2 * 24 * 60))
def test_between_counts_every_open_minute(week, start, length):
    hours = WorkingHours(WARSAW, week, "PL")
    end = start + timedelta(minutes=length)

    assert hours.between(start, end) == reference(hours, start, end)


@settings(deadline=None)
@given(week=weeks, start=moments, promised=st.integers(1, 600))
def test_add_is_the_inverse_of_between(week, start, promised):
    hours = WorkingHours(WARSAW, week, "PL")
    duration = timedelta(minutes=promised)
    if not any(week):
        with pytest.raises(NeverOpen):
            hours.add(start, duration)
        return

    end = hours.add(start, duration)

    assert hours.between(start, end) == duration
    assert hours.between(start, end - timedelta(minutes=1)) < duration


# Every change of the clock, new year, movable feast and odd exception of ten years is in reach.
ten_years = st.integers(0, 3_652 * 24 * 60).map(
    lambda minute: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
zones = st.sampled_from(["Europe/Warsaw", "Europe/London", "UTC", "America/New_York"])
day_counts = st.integers(0, 8)
countries = st.sampled_from(["PL", "DE", "GB", "US", ""])


@settings(deadline=None, max_examples=60)
@given(
    week=weeks,
    zone=zones,
    country=countries,
    start=ten_years,
    days=st.integers(0, 8),
    own=periods(),
)
def test_ten_years_of_any_calendar_agree_with_every_minute(week, zone, country, start, days, own):
    closed, half = start.date() + timedelta(days=1), start.date() + timedelta(days=2)
    hours = WorkingHours(ZoneInfo(zone), week, country, {closed: (), half: own})
    end = start + timedelta(days=days, minutes=37)

    counted = hours.between(start, end)

    assert counted == reference(hours, start, end)
    if counted:
        reached = hours.add(start, counted)
        assert reached <= end
        assert hours.between(reached, end) == timedelta(0)


def test_each_minute_of_the_whole_ten_years_is_counted_once():
    """The sum over days is the sum over the years: no night is lost or counted twice."""
    hours = WorkingHours(WARSAW, (((0, 24 * 60),),) * 7)
    start, end = at("2020-01-01 00:00"), at("2030-01-01 00:00")

    assert hours.between(start, end) == end.astimezone(UTC) - start.astimezone(UTC)
    assert hours.between(at("2026-03-29 00:00"), at("2026-03-30 00:00")) == timedelta(hours=23)
    assert hours.between(at("2026-10-25 00:00"), at("2026-10-26 00:00")) == timedelta(hours=25)


def test_polish_days_off_are_those_of_the_law():
    years = json.loads((FIXTURES / "holidays.json").read_text())["years"]
    for year, said in years.items():
        expected = {date.fromisoformat(day["date"]) for day in said["days_off"]}
        assert public_holidays.of_year("PL", int(year)) == expected


@pytest.mark.parametrize("country", public_holidays.COUNTRIES)
def test_every_country_that_is_offered_is_known(country):
    assert all(
        name for _day, name in public_holidays.names(country, DAY, DAY + timedelta(days=400))
    )


def test_christmas_eve_and_easter_monday_are_closed():
    assert OFFICE.periods(date(2025, 12, 24)) == ()
    assert OFFICE.periods(date(2026, 4, 6)) == ()
    assert OFFICE.periods(date(2024, 12, 24)) != ()


def test_a_days_exception_beats_the_week_and_the_holiday():
    hours = WorkingHours(WARSAW, WEEK, "PL", {date(2025, 12, 24): ((480, 720),)})

    assert hours.is_open(at("2025-12-24 11:59"))
    assert not hours.is_open(at("2025-12-24 12:00"))


def test_friday_afternoon_runs_on_into_monday():
    assert OFFICE.add(at("2026-11-20 15:30"), timedelta(hours=1)) == at("2026-11-23 08:30")
    assert OFFICE.opens_at(at("2026-11-21 12:00")) == at("2026-11-23 08:00")


@pytest.mark.parametrize("text", ["24:01", "8", "08:5", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(ValueError):
        minutes(text)
