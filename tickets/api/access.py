"""What of `tickets` a caller reaches: what the user, the scopes and the key's shops all allow."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.callers import key_of, user_of
from crm import limits
from tickets.models import Attachment, Channel, Ticket
from tickets.models.ticket import TicketQuerySet


def tickets_seen_by(request: Request) -> TicketQuerySet:
    return Ticket.objects.visible_to(user_of(request)).filter(limits.within(key_of(request)))


def channels_seen_by(request: Request) -> QuerySet[Channel]:
    return Channel.objects.visible_to(user_of(request)).filter(limits.within(key_of(request)))


def files_seen_by(request: Request) -> QuerySet[Attachment]:
    """Files of visible tickets, and one's own that wait for their message."""
    return Attachment.objects.handed_out(tickets_seen_by(request), user_of(request))


def ticket_to_read(request: Request, number: int) -> Ticket:
    """Raises `Http404` where it is not visible."""
    return get_object_or_404(tickets_seen_by(request), number=number)


def ticket_to_change(request: Request, number: int) -> Ticket:
    """Raises `Http404` where it is not visible, `PermissionDenied` where it may only be read."""
    ticket = ticket_to_read(request, number)
    if not Ticket.objects.changeable_by(user_of(request)).filter(pk=ticket.pk).exists():
        raise PermissionDenied
    return ticket


def absolute(request: Any, path: str) -> str:
    return str(request.build_absolute_uri(path))
