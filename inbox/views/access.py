"""How views find tickets: what is not visible is 404, what is only visible may not be changed."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from history.recording import Actor
from tickets.models import Message, Ticket
from tickets.models.ticket import TicketQuerySet


class Request(HttpRequest):
    """What the views get, behind `login_required` and the middleware of django-htmx."""

    user: User
    htmx: HtmxDetails


def actor(request: Request) -> Actor:
    return Actor("agent", request.user.pk)


def visible_ticket(request: Request, number: int) -> Ticket:
    return get_object_or_404(_for_page(Ticket.objects.visible_to(request.user)), number=number)


def changeable_ticket(request: Request, number: int) -> Ticket:
    """404 for a ticket out of sight, 403 for one that this user may only read."""
    ticket = visible_ticket(request, number)
    if not Ticket.objects.changeable_by(request.user).filter(pk=ticket.pk).exists():
        raise PermissionDenied
    return ticket


def visible_message(request: Request, public_id: str) -> Message:
    visible = Ticket.objects.visible_to(request.user)
    messages = Message.objects.filter(ticket__in=visible).select_related("ticket", "channel")
    return get_object_or_404(messages, public_id=public_id)


def _for_page(tickets: TicketQuerySet) -> TicketQuerySet:
    return tickets.select_related("customer", "assignee", "team", "channel", "shop", "reason")
