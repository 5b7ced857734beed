"""How views find tickets: what is not visible is 404, what is only visible may not be changed."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from history.recording import Actor
from tickets.models import Message, Ticket
from tickets.models.ticket import TicketQuerySet


def user_of(request: HttpRequest) -> User:
    """The signed-in user, behind `login_required`."""
    assert isinstance(request.user, User)  # noqa: S101 (for the type checker)
    return request.user


def actor(request: HttpRequest) -> Actor:
    return Actor("agent", user_of(request).pk)


def visible_ticket(request: HttpRequest, number: int) -> Ticket:
    return get_object_or_404(_for_page(Ticket.objects.visible_to(user_of(request))), number=number)


def changeable_ticket(request: HttpRequest, number: int) -> Ticket:
    """404 for a ticket out of sight, 403 for one that this user may only read."""
    ticket = visible_ticket(request, number)
    if not Ticket.objects.changeable_by(user_of(request)).filter(pk=ticket.pk).exists():
        raise PermissionDenied
    return ticket


def visible_message(request: HttpRequest, public_id: str) -> Message:
    visible = Ticket.objects.visible_to(user_of(request))
    messages = Message.objects.filter(ticket__in=visible).select_related("ticket", "channel")
    return get_object_or_404(messages, public_id=public_id)


def _for_page(tickets: TicketQuerySet) -> TicketQuerySet:
    return tickets.select_related(
        "customer", "assignee", "team", "channel", "shop", "reason", "merged_into"
    )
