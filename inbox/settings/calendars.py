"""Working hours: calendars with their week, their holidays and their own closed days."""

import zoneinfo
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, ProtectedError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from inbox.settings.access import admins
from inbox.settings.calendar_fields import DaysField, WeekField, edited
from tickets.errors import BrokenRule
from tickets.models import Calendar, CalendarVersion
from tickets.sla import calendars, public_holidays
from tickets.sla.calendar import Period, WorkingHours
from tickets.sla.hours import Opening

_WORK_DAY = [["08:00", "16:00"]]
_NEW_WEEK: list[Any] = [_WORK_DAY] * 5 + [[], []]
# Far enough that the next movable feasts are seen.
_SHOWN_AHEAD = timedelta(days=120)


class CalendarForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=lambda: [(n, n) for n in sorted(zoneinfo.available_timezones())],
    )
    holidays = forms.ChoiceField(
        label=gettext_lazy("Public holidays"),
        required=False,
        choices=lambda: [("", gettext_lazy("None")), *public_holidays.COUNTRIES.items()],
        help_text=gettext_lazy("On these days nobody works, unless an exception says otherwise."),
    )
    week = WeekField(label=gettext_lazy("Week"))
    days = DaysField(label=gettext_lazy("Exceptions"))

    def hours(self) -> calendars.Hours:
        data = self.cleaned_data
        return calendars.Hours(data["timezone"], data["holidays"], data["week"], data["days"])


@dataclass(frozen=True)
class Preview:
    """A calendar as it will be: the week to draw, and the closed days that come next."""

    hours: WorkingHours
    holidays: list[tuple[date, str]]

    @classmethod
    def of(cls, said: calendars.Hours) -> "Preview":
        hours = WorkingHours.saying(said.timezone, said.week, said.holidays, said.days)
        today = timezone.now().astimezone(hours.zone).date()
        known = public_holidays.names(said.holidays, today, today + _SHOWN_AHEAD)
        return cls(hours, [(day, name) for day, name in known if day not in hours.days])

    @property
    def opening(self) -> Opening:
        return Opening(self.hours, timezone.now())

    @property
    def week(self) -> list[tuple[str, list[tuple[int, int]]]]:
        """Each weekday with its periods as start and length, in minutes."""
        return [
            (str(WEEKDAYS_ABBR[number]), [_bar(period) for period in periods])
            for number, periods in enumerate(self.hours.week)
        ]


def _bar(period: Period) -> tuple[int, int]:
    return period[0], period[1] - period[0]


@admins
def listing(request: SignedInRequest) -> HttpResponse:
    rows = Calendar.objects.annotate(channel_count=Count("channels")).order_by("name", "pk")
    newest = CalendarVersion.objects.order_by("calendar", "-pk").distinct("calendar")
    versions = {version.calendar_id: version for version in newest}
    now = timezone.now()
    shown = [(row, Opening(WorkingHours.of(versions[row.pk]), now)) for row in rows]
    context = {"settings_section": "calendars", "rows": shown}
    return render(request, "settings/calendars.html", context)


@admins
def edit(request: SignedInRequest, public_id: str = "") -> HttpResponse:
    """The form of a new calendar, or of one that exists; its own buttons only draw it anew."""
    calendar = get_object_or_404(Calendar, public_id=public_id) if public_id else None
    if request.method == "POST" and {"add", "drop", "copy"} & request.POST.keys():
        return _redrawn(request, calendar)
    form = CalendarForm(request.POST or None, initial=_initial(calendar))
    if request.method == "POST" and form.is_valid():
        _save(form, calendar, request)
        messages.success(request, _("Saved."))
        return redirect("settings:calendars")
    status = 422 if form.is_bound else 200
    return render(request, "settings/calendar.html", _context(form, calendar), status=status)


@admins
@require_POST
def preview(request: SignedInRequest) -> HttpResponse:
    """The week as it would be; nothing while the form cannot be read."""
    form = CalendarForm(request.POST)
    shown = Preview.of(form.hours()) if form.is_valid() else None
    return render(request, "settings/_week.html", {"preview": shown, "errors": form.errors})


@admins
@require_POST
@transaction.atomic
def make_default(request: SignedInRequest, public_id: str) -> HttpResponse:
    calendar = get_object_or_404(Calendar, public_id=public_id)
    calendars.make_default(calendar)
    audit.record("calendar.made_default", by=request.user, on=calendar)
    messages.success(request, _("%(name)s are the standard hours now.") % {"name": calendar})
    return redirect("settings:calendars")


@admins
@require_POST
def remove(request: SignedInRequest, public_id: str) -> HttpResponse:
    calendar = get_object_or_404(Calendar, public_id=public_id)
    try:
        with transaction.atomic():
            audit.record("calendar.removed", by=request.user, on=calendar)
            calendars.remove(calendar)
    except ProtectedError:
        words = _("“%(name)s” is still in use, so it cannot be removed.")
        messages.error(request, words % {"name": calendar})
        return redirect("settings:calendar-edit", public_id)
    except BrokenRule as e:
        messages.error(request, str(e))
        return redirect("settings:calendar-edit", public_id)
    messages.success(request, _("“%(name)s” is removed.") % {"name": calendar})
    return redirect("settings:calendars")


def _initial(calendar: Calendar | None) -> dict[str, Any]:
    if calendar is None:
        return {"timezone": settings.TIME_ZONE, "holidays": "PL", "week": _NEW_WEEK, "days": {}}
    said = calendars.Hours.of(calendars.newest(calendar))
    return {"name": calendar.name, **vars(said)}


def _context(form: CalendarForm, calendar: Calendar | None) -> dict[str, Any]:
    said = form.hours() if form.is_bound and form.is_valid() else None
    if not form.is_bound:
        said = calendars.Hours(**{k: v for k, v in form.initial.items() if k != "name"})
    return {
        "settings_section": "calendars",
        "form": form,
        "calendar": calendar,
        "preview": Preview.of(said) if said else None,
    }


def _redrawn(request: SignedInRequest, calendar: Calendar | None) -> HttpResponse:
    """The same form with a row more or less; what is wrong in it is said when it is saved."""
    form = CalendarForm(edited(request.POST))
    context = {**_context(form, calendar), "added": request.POST.get("add", "")}
    form.errors.clear()
    part = "#editor" if request.headers.get("HX-Request") else ""
    return render(request, f"settings/calendar.html{part}", context)


@transaction.atomic
def _save(form: CalendarForm, calendar: Calendar | None, request: SignedInRequest) -> None:
    name, hours = form.cleaned_data["name"], form.hours()
    if calendar is None:
        calendar = calendars.create(name, hours)
        audit.record("calendar.created", by=request.user, on=calendar, after=vars(hours))
        return
    before = vars(calendars.Hours.of(calendars.newest(calendar)))
    calendars.change(calendar, name, hours)
    audit.record("calendar.changed", by=request.user, on=calendar, before=before, after=vars(hours))
