"""What a ticket is about: loaded beside it, linked and unlinked by the agent."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.models import Order
from inbox import around
from inbox.views.access import Request, actor, changeable_ticket, visible_ticket
from inbox.views.actions import changed, refused
from tickets import order_linking


@login_required
@require_GET
def beside(request: Request, number: int) -> HttpResponse:
    """Orders, parcels and the likely reason of a ticket."""
    ticket = visible_ticket(request, number)
    changeable = request.user.can_change and ticket.merged_into_id is None
    context = {
        "ticket": ticket,
        "around": around.of(ticket, request.user),
        "changeable": changeable,
    }
    return render(request, "inbox/_around.html", context)


@login_required
@require_POST
def link(request: Request, number: int) -> HttpResponse:
    """Link the ticket to an order of its shop, by the number that the customer knows."""
    ticket = changeable_ticket(request, number)
    wanted = request.POST.get("order", "").strip().removeprefix("#")
    visible = Order.objects.visible_to(request.user).filter(shop=ticket.shop_id, number=wanted)
    order = visible.newest().first()
    if order is None:
        return refused(request, _("This shop has no order with this number."))
    order_linking.link(ticket, order, by=actor(request))
    return changed(request, ticket)


@login_required
@require_POST
def unlink(request: Request, number: int, order_id: str) -> HttpResponse:
    ticket = changeable_ticket(request, number)
    visible = Order.objects.visible_to(request.user)
    order_linking.unlink(ticket, get_object_or_404(visible, public_id=order_id), by=actor(request))
    return changed(request, ticket)
