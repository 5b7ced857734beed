"""The pages of figures. Who sees what is decided where the query is made (`figures.query`)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts import audit
from accounts.requests import SignedInRequest
from kpi import charts
from kpi.figures import drill, exporting, filters
from kpi.figures.board import Board
from kpi.figures.catalogue import BY_KEY
from kpi.figures.query import Query
from kpi.figures.rolled import step_of
from kpi.figures.wall import Wall
from kpi.forms import FilterForm, GoalsForm, ReportForm
from kpi.models import Report
from kpi.templatetags.kpi import duration, whole
from tickets.models import Ticket

_PAGE = 50
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

View = Callable[..., HttpResponse]


def managers(view: View) -> View:
    """Only those who answer for the figures: managers and admins."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.sees_all:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@dataclass(frozen=True)
class Asked:
    """The filters of the address, and the query that they make."""

    values: dict[str, Any]
    query: Query

    @property
    def address(self) -> str:
        """The filters as they stand in an address, the period as days."""
        return urlencode({**_texts(self.values), "from": self.query.since, "to": self.last})

    @property
    def without_period(self) -> str:
        return urlencode(_texts(self.values))

    @property
    def last(self) -> str:
        return str(self.values["to"])


def _texts(values: dict[str, Any]) -> dict[str, str]:
    named = ("shop", "channel_kind", "team", "agent", "reason", "hours")
    return {name: values[name] for name in named if values.get(name)}


def asked(request: SignedInRequest) -> Asked:
    """404 for a filter that names what is not there, or not visible."""
    values = FilterForm(request.GET).values()
    try:
        return Asked(values, filters.query(values, request.user))
    except filters.Unknown as unknown:
        raise Http404(str(unknown)) from unknown


@login_required
@require_GET
def page(request: SignedInRequest) -> HttpResponse:
    question = asked(request)
    board = Board(question.query)
    context = {
        "asked": question,
        "board": board,
        "choices": filters.choices(request.user),
        "periods": filters.PERIODS,
        "volume": _volume(board),
        "trend": _trend(board),
        "backlog": _backlog(board),
        "distribution": _distribution(board),
        "hottest": max(map(max, board.heat)),
        "heat": [(WEEKDAYS_ABBR[day], hours) for day, hours in enumerate(board.heat)],
        "hours": range(24),
        "ages": Wall(request.user).ages,
    }
    return render(request, "kpi/page.html", context)


@login_required
@require_GET
def tickets(request: SignedInRequest) -> HttpResponse:
    """The tickets behind a figure, as far as this user sees them; newest first."""
    question, key = asked(request), request.GET.get("figure", "")
    if key not in drill.KEYS:
        raise Http404(key)
    holds = {"1": True, "0": False}.get(request.GET.get("holds", ""))
    facts = drill.facts(question.query, key, holds=holds).order_by("-ticket_id")
    facts = facts.filter(ticket_id__in=Ticket.objects.visible_to(request.user).values("pk"))
    after = request.GET.get("after", "")
    if after.isdecimal():
        facts = facts.filter(ticket_id__lt=int(after[:18]))
    shown = list(facts[: _PAGE + 1])
    rows = Ticket.objects.for_list().in_bulk([fact.ticket_id for fact in shown[:_PAGE]])
    context = {
        "asked": question,
        "figure": key,
        "label": _label(key),
        "holds": request.GET.get("holds", ""),
        "rows": [(fact, rows[fact.ticket_id]) for fact in shown[:_PAGE]],
        "more": shown[_PAGE - 1].ticket_id if len(shown) > _PAGE else None,
    }
    return render(request, "kpi/tickets.html", context)


@login_required
@require_GET
def responses(request: SignedInRequest) -> HttpResponse:
    """The answers behind a score. Those about no ticket are for who answers for the figures."""
    question, kind = asked(request), request.GET.get("figure", "")
    if kind not in drill.SURVEYS:
        raise Http404(kind)
    rows = drill.responses(question.query, kind).select_related("ticket", "customer")
    if not request.user.sees_all:
        rows = rows.filter(ticket__in=Ticket.objects.visible_to(request.user))
    context = {"asked": question, "figure": kind, "label": _label(kind), "rows": rows[:200]}
    return render(request, "kpi/responses.html", context)


@login_required
@require_GET
@vary_on_headers("HX-Request")
def wall(request: SignedInRequest) -> HttpResponse:
    """What is open at this moment; the page asks for its inside again and again."""
    template = "kpi/_wall.html" if getattr(request, "htmx", False) else "kpi/wall.html"
    return render(request, template, {"wall": Wall(request.user)})


@managers
@require_GET
def export(request: SignedInRequest, form: str) -> HttpResponse:
    question = asked(request)
    board = Board(question.query)
    audit.record(
        "kpi.exported", by=request.user, after={"form": form, "filters": question.address[:500]}
    )
    body, kind = (
        (exporting.as_csv(board), "text/csv; charset=utf-8")
        if form == "csv"
        else (exporting.as_xlsx(board), _XLSX)
    )
    name = f"okienko-{question.query.since}-{question.last}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=kind, headers=headers)


@managers
def goals(request: SignedInRequest) -> HttpResponse:
    form = GoalsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            audit.record("goals.changed", by=request.user, after=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("kpi:page")
    status = 422 if form.is_bound else 200
    return render(request, "kpi/goals.html", {"form": form}, status=status)


@managers
def reports(request: SignedInRequest) -> HttpResponse:
    """One's own scheduled reports, and the form of a new one over the filters of the page."""
    form = ReportForm(request.POST or None, initial={"filters": asked(request).without_period})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.owner = request.user
            report = form.save()
            after = {"every": report.every, "recipients": report.recipients}
            audit.record("report.created", by=request.user, after=after)
        messages.success(request, _("Saved."))
        return redirect("kpi:reports")
    rows = Report.objects.filter(owner=request.user).order_by("-created_at", "-pk")
    context = {"form": form, "rows": rows}
    return render(request, "kpi/reports.html", context, status=422 if form.is_bound else 200)


@managers
@require_POST
def report_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    get_object_or_404(Report, pk=pk, owner=request.user).delete()
    messages.success(request, _("Removed."))
    return redirect("kpi:reports")


def _label(key: str) -> str:
    return _("Backlog") if key == drill.BACKLOG else str(BY_KEY[key].label)


def _step_names(board: Board) -> list[str]:
    form = "N Y" if step_of(board.query) == "month" else "j M"
    return [date_format(step, form) for step in board.steps]


def _volume(board: Board) -> charts.Chart:
    shown = [[whole(value) for value in values] for _name, values in board.volume]
    return charts.bars(_step_names(board), board.volume, shown)


def _trend(board: Board) -> charts.Chart:
    name = board.query.clock("frt")
    series = [
        (_("Median"), [totals.quantile(name, 0.5) for totals in board.trend]),
        (_("90th percentile"), [totals.quantile(name, 0.9) for totals in board.trend]),
    ]
    shown = [[duration(value) for value in values] for _name, values in series]
    return charts.lines(_step_names(board), series, shown)


def _backlog(board: Board) -> charts.Chart:
    series = [(_("Open at the end"), board.backlog_line)]
    return charts.bars(_step_names(board), series, [[whole(n) for n in board.backlog_line]])


def _distribution(board: Board) -> charts.Chart:
    ends = [end for end, _n in board.distribution]
    names = [
        _("over %(time)s") % {"time": duration(ends[-2])}
        if end is None
        else _("to %(time)s") % {"time": duration(end)}
        for end in ends
    ]
    counts = [n for _end, n in board.distribution]
    return charts.bars(names, [(_("First responses"), counts)], [[whole(n) for n in counts]])
