"""What goes out: what failed or is uncertain, why, and what to do about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from channels_ingest import delivering
from history.recording import Actor
from inbox.settings.access import admins
from inbox.settings.paging import page_of
from tickets.models import Delivery

_TROUBLE = [Delivery.State.FAILED, Delivery.State.UNCERTAIN]


@admins
def deliveries(request: SignedInRequest) -> HttpResponse:
    """Deliveries in trouble, or those of one state."""
    state = request.GET.get("state", "")
    states = [state] if state in Delivery.State.values else _TROUBLE
    rows = Delivery.objects.filter(state__in=states).select_related("channel", "message__ticket")
    context = {
        "settings_section": "outbox",
        "page": page_of(rows, request.GET),
        "state": state,
        "states": Delivery.State.choices,
    }
    return render(request, "settings/outbox.html", context)


@admins
@require_POST
def delivery_retry(request: SignedInRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery, pk=pk)
    try:
        delivering.send_again(delivery, by=Actor("agent", request.user.pk))
    except delivering.NotPossible as e:
        messages.error(request, str(e))
        return redirect("settings:outbox")
    audit.record("delivery.retried", by=request.user, on=delivery)
    delivery.refresh_from_db()
    if delivery.state in _TROUBLE:
        messages.error(request, delivery.error)
    else:
        messages.success(request, delivery.get_state_display())
    return redirect("settings:outbox")


@admins
@require_POST
def delivery_call_sent(request: SignedInRequest, pk: int) -> HttpResponse:
    """An admin knows that it arrived."""
    delivery = get_object_or_404(Delivery, pk=pk)
    try:
        delivering.call_it_sent(delivery, by=Actor("agent", request.user.pk))
    except delivering.NotPossible as e:
        messages.error(request, str(e))
        return redirect("settings:outbox")
    audit.record("delivery.called_sent", by=request.user, on=delivery)
    messages.success(request, _("Marked as sent."))
    return redirect("settings:outbox")
