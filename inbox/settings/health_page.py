"""Whether everything works, by name."""

from django.contrib import messages
from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from channels_ingest.models import Connection, InboundEvent
from helpdesk import health
from history import readers
from history.models import ReaderFailure
from inbox.settings.access import admins
from inbox.settings.paging import page_of
from tickets.models import Delivery

_COUNTED = 1000  # figures on this page stop here: more needs no exact number


@admins
@never_cache
def health_page(request: SignedInRequest) -> HttpResponse:
    waiting = InboundEvent.objects.filter(state__in=InboundEvent.WAITING)
    queued = Delivery.objects.filter(state=Delivery.State.QUEUED)
    context = {
        "settings_section": "health",
        "checks": health.results(),
        "connections": Connection.objects.select_related("channel"),
        "oldest_event": waiting.aggregate(at=Min("received_at"))["at"],
        "oldest_delivery": queued.aggregate(at=Min("created_at"))["at"],
        "waiting": waiting[:_COUNTED].count(),
        "queued": queued[:_COUNTED].count(),
        "failures": page_of(ReaderFailure.objects.filter(dead=True), request.GET),
    }
    return render(request, "settings/health.html", context)


@admins
@require_POST
def failure_run_again(request: SignedInRequest, pk: int) -> HttpResponse:
    failure = get_object_or_404(ReaderFailure, pk=pk)
    audit.record("reader_failure.run_again", by=request.user, on=failure)
    readers.run_again(failure)
    if ReaderFailure.objects.filter(pk=pk).exists():
        messages.error(request, _("It failed again."))
    else:
        messages.success(request, _("Done."))
    return redirect("settings:health")
