"""Making and changing calendars. A change is a new version; what has been, keeps the old one."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tickets.errors import BrokenRule
from tickets.sla import moving
from tickets.sla.models import Calendar, CalendarVersion
from tickets.sla.weeks import StoredDay


class StandardCalendar(BrokenRule):
    code = "standard_calendar"
    text = _("These are the standard working hours. Make others the standard first.")


@dataclass(frozen=True)
class Hours:
    """What a version says, in its stored form."""

    timezone: str
    holidays: str
    week: list[StoredDay]
    days: dict[str, StoredDay]

    @classmethod
    def of(cls, version: CalendarVersion) -> "Hours":
        return cls(version.timezone, version.holidays, version.week, version.days)


def create(name: str, hours: Hours) -> Calendar:
    with transaction.atomic():
        calendar = Calendar.objects.create(name=name)
        _add_version(calendar, hours)
    return calendar


@transaction.atomic
def change(calendar: Calendar, name: str, hours: Hours) -> None:
    """Rename it and, where the hours differ, make a new version."""
    calendar.name = name
    calendar.save(update_fields=["name"])
    if Hours.of(newest(calendar)) != hours:
        _add_version(calendar, hours)


@transaction.atomic
def make_default(calendar: Calendar) -> None:
    Calendar.objects.filter(is_default=True).update(is_default=False)
    calendar.is_default = True
    calendar.save(update_fields=["is_default"])


@transaction.atomic
def remove(calendar: Calendar) -> None:
    """Raises `StandardCalendar`, and `ProtectedError` while something was promised by it."""
    if calendar.is_default:
        raise StandardCalendar
    calendar.versions.all().delete()
    calendar.delete()


def newest(calendar: Calendar) -> CalendarVersion:
    return calendar.versions.latest("pk")


def _add_version(calendar: Calendar, hours: Hours) -> None:
    CalendarVersion.objects.create(
        calendar=calendar,
        timezone=hours.timezone,
        holidays=hours.holidays,
        week=hours.week,
        days=hours.days,
    )
    moving.soon()
