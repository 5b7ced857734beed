"""/settings/: where to go from here."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.requests import SignedInRequest
from channels_ingest.models import Connection, InboundEvent
from tickets.models import Channel, Delivery


@login_required
def overview(request: SignedInRequest) -> HttpResponse:
    if not request.user.is_admin_role:
        return redirect("settings:profile")
    context = {
        "settings_section": "overview",
        "has_channels": Channel.objects.exists(),
        "broken_channels": Connection.objects.filter(
            state__in=[Connection.State.ERROR, Connection.State.NEEDS_REAUTH]
        ).select_related("channel"),
        "dead_events": InboundEvent.objects.filter(state=InboundEvent.State.DEAD)[:100].count(),
        "failed_deliveries": Delivery.objects.filter(
            state__in=[Delivery.State.FAILED, Delivery.State.UNCERTAIN]
        )[:100].count(),
    }
    return render(request, "settings/overview.html", context)
