"""Everything that failed for good, with the reason: to be tried again, or left."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from helpdesk import dead_letters
from inbox.settings.access import admins
from inbox.settings.paging import SIZE


@admins
def letters(request: SignedInRequest) -> HttpResponse:
    rows = dead_letters.newest(_moment(request.GET.get("before", "")), SIZE)
    older = urlencode({"before": rows[-1].at.isoformat()}) if len(rows) == SIZE else ""
    context = {"settings_section": "dead-letters", "letters": rows, "page": {"older": older}}
    return render(request, "settings/dead_letters.html", context)


@admins
@require_POST
def letter_retry(request: SignedInRequest, source: str, pk: int) -> HttpResponse:
    try:
        reason = _source(source).retry(pk, by=request.user.pk)
    except LookupError:
        return _gone(request)
    audit.record(f"{source}.retried", by=request.user, after={"id": pk})
    if reason:
        messages.error(request, _("It failed again: %(reason)s") % {"reason": reason})
    else:
        messages.success(request, _("Done."))
    return redirect("settings:dead-letters")


@admins
@require_POST
def letter_discard(request: SignedInRequest, source: str, pk: int) -> HttpResponse:
    try:
        _source(source).discard(pk, by=request.user.pk)
    except LookupError:
        return _gone(request)
    audit.record(f"{source}.discarded", by=request.user, after={"id": pk})
    messages.success(request, _("It will not be tried again."))
    return redirect("settings:dead-letters")


def _source(name: str) -> dead_letters.Source:
    if name not in dead_letters.sources:
        raise Http404
    return dead_letters.sources[name]


def _gone(request: SignedInRequest) -> HttpResponse:
    """A second click, or somebody else was faster."""
    messages.info(request, _("It is not in the list any more."))
    return redirect("settings:dead-letters")


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
