"""What came in, as it came: what failed, why, and what to do about it."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from channels_ingest import journal
from channels_ingest.models import InboundEvent
from inbox.settings.access import admins
from inbox.settings.paging import page_of

_TROUBLE = [InboundEvent.State.FAILED, InboundEvent.State.DEAD]


@admins
def events(request: SignedInRequest) -> HttpResponse:
    """Events in trouble, or those of one state."""
    state = request.GET.get("state", "")
    states = [state] if state in InboundEvent.State.values else _TROUBLE
    # The payload may be large, and the list shows nothing of it.
    rows = InboundEvent.objects.filter(state__in=states).select_related("channel").defer("body")
    context = {
        "settings_section": "journal",
        "page": page_of(rows, request.GET),
        "state": state,
        "states": InboundEvent.State.choices,
    }
    return render(request, "settings/journal.html", context)


@admins
def event(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = InboundEvent.objects.select_related("channel").defer("body")
    context = {"settings_section": "journal", "event": get_object_or_404(rows, pk=pk)}
    return render(request, "settings/event.html", context)


@admins
def event_raw(request: SignedInRequest, pk: int) -> HttpResponse:
    """The bytes as they came, to be saved: never shown by the browser."""
    shown = get_object_or_404(InboundEvent, pk=pk)
    try:
        raw = shown.raw
    except FileNotFoundError:
        messages.error(request, _("The original was removed when its time of keeping was over."))
        return redirect("settings:event", pk)
    audit.record("journal.original_downloaded", by=request.user, on=shown)
    suffix = "eml" if shown.kind == "email" else "json"
    return HttpResponse(
        raw,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="event-{pk}.{suffix}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@admins
@require_POST
def event_replay(request: SignedInRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(InboundEvent.objects.defer("body"), pk=pk)
    audit.record("journal.replayed", by=request.user, on=shown)
    journal.replay(shown)
    shown.refresh_from_db(fields=["state", "reason"])
    if shown.state in _TROUBLE:
        messages.error(request, _("It failed again: %(reason)s") % {"reason": shown.reason})
    else:
        messages.success(request, _("Done: %(state)s") % {"state": shown.get_state_display()})
    return redirect("settings:event", pk)


@admins
@require_POST
def event_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(InboundEvent.objects.defer("body"), pk=pk)
    reason = request.POST.get("reason", "").strip()[:200] or "discarded"
    with transaction.atomic():
        journal.discard(shown, reason)
        audit.record("journal.discarded", by=request.user, on=shown, after={"reason": reason})
    messages.success(request, _("It will not be tried again."))
    return redirect("settings:journal")
