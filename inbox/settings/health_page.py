"""Whether everything works, by name."""

from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts.requests import SignedInRequest
from channels_ingest import monitoring
from channels_ingest.models import Connection, InboundEvent
from helpdesk import health
from inbox.settings.access import admins
from tickets.models import Delivery

_COUNTED = 1000  # figures on this page stop here: more needs no exact number


@admins
@never_cache
def health_page(request: SignedInRequest) -> HttpResponse:
    waiting = InboundEvent.objects.filter(state__in=InboundEvent.WAITING)
    queued = Delivery.objects.filter(state=Delivery.State.QUEUED)
    context = {
        "settings_section": "health",
        "checks": [
            (name, result, health.checks[name].stops_traffic)
            for name, result in health.results().items()
        ],
        "connections": Connection.objects.select_related("channel"),
        "oldest_event": waiting.aggregate(at=Min("received_at"))["at"],
        "oldest_delivery": queued.aggregate(at=Min("created_at"))["at"],
        "waiting": waiting[:_COUNTED].count(),
        "queued": queued[:_COUNTED].count(),
        "storming": monitoring.storming(),
    }
    return render(request, "settings/health.html", context)
