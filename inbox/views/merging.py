"""Tickets that are one case, and messages that are another one."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inbox.views.access import Request, actor, changeable_ticket, visible_message
from inbox.views.actions import changed, refused
from tickets import finding, merging
from tickets.errors import BrokenRule
from tickets.models import Ticket, TicketMerge
from tickets.models.ticket import TicketQuerySet

_MOST_OFFERED = 8


@login_required
@require_GET
def candidates(request: Request, number: int) -> HttpResponse:
    """Tickets that this one may go into: the customer's others first, or those that were sought."""
    ticket, words = changeable_ticket(request, number), request.GET.get("q", "").strip()
    open_to_it = _mergeable(request, ticket)
    if words:
        found = finding.understand(words, request.user).narrow(open_to_it)
    else:
        found = open_to_it.filter(customer=ticket.customer_id)
    found = found.select_related("customer", "channel").order_by("-last_message_at", "-pk")
    context = {"ticket": ticket, "found": found[:_MOST_OFFERED], "words": words}
    return render(request, "inbox/_merge_found.html", context)


@login_required
@require_POST
def merge(request: Request, number: int) -> HttpResponse:
    """This ticket goes into the one that `into` names; both ends are checked."""
    ticket, into = changeable_ticket(request, number), request.POST.get("into", "")
    numbered = int(into) if into.isdecimal() and len(into) < 16 else 0
    kept = get_object_or_404(Ticket.objects.visible_to(request.user), number=numbered)
    if not Ticket.objects.changeable_by(request.user).filter(pk=kept.pk).exists():
        raise PermissionDenied
    try:
        log = merging.merge(kept=kept, absorbed=ticket, by=actor(request), user=request.user)
    except BrokenRule as error:
        return refused(request, str(error))
    response = changed(request, kept)
    response["X-Undo"] = reverse("inbox:merge-undo", args=[log.pk])
    return response


@login_required
@require_POST
def undo(request: Request, pk: int) -> HttpResponse:
    """Take a merge apart again."""
    mine = Ticket.objects.changeable_by(request.user)
    logs = TicketMerge.objects.filter(kept__in=mine, absorbed__in=mine)
    log = get_object_or_404(logs.select_related("kept", "absorbed"), pk=pk)
    try:
        merging.undo(log, by=actor(request))
    except BrokenRule as error:
        return refused(request, str(error))
    return changed(request, log.absorbed)


@login_required
@require_POST
def split(request: Request, message_id: str) -> HttpResponse:
    """A message becomes a ticket of its own."""
    message = visible_message(request, message_id)
    ticket = changeable_ticket(request, message.ticket.number)
    try:
        fresh = merging.split(message, by=actor(request))
    except BrokenRule as error:
        return refused(request, str(error))
    response = changed(request, ticket)
    response["X-Ticket"] = str(fresh.number)
    return response


def _mergeable(request: Request, ticket: Ticket) -> TicketQuerySet:
    others = Ticket.objects.changeable_by(request.user).exclude(pk=ticket.pk)
    return others.filter(shop=ticket.shop_id, merged_into=None, spam=False).exclude(
        status=Ticket.Status.CLOSED
    )
