"""What the composer sends: replies, notes, files, and the way back."""

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_ingest import delivering
from inbox import composing
from inbox.forms import LARGEST_FILE, DraftForm, NoteForm, ReplyForm
from inbox.views.access import Request, actor, changeable_ticket, visible_message, visible_ticket
from inbox.views.actions import changed, refused
from tickets import attaching, drafting, replying, windows
from tickets.errors import BrokenRule, NewerMessage
from tickets.models import Delivery, Message, SavedDraft, Ticket


@login_required
@require_POST
def reply(request: Request, number: int) -> HttpResponse:
    """Answer the customer. 409 asks first: the customer wrote something meanwhile."""
    ticket, user = changeable_ticket(request, number), request.user
    form = ReplyForm(request.POST, user=user, ticket=ticket)
    if not form.is_valid():
        return refused(request, _("This could not be sent. Reload the page and try again."))
    data = form.cleaned_data
    try:
        message = composing.reply(
            ticket,
            user=user,
            body=data["body"],
            files=list(data["uploads"]),
            key=data["key"],
            seen=data["seen"],
            then=data["then"],
            channel=data["channel"],
        )
    except NewerMessage as error:
        return refused(request, str(error), status=409)
    except BrokenRule as error:
        return refused(request, str(error))
    response = changed(request, ticket)
    response["X-Message"] = str(message.public_id)
    response["X-Undo-Seconds"] = str(_undo_seconds(message))
    return response


@login_required
@require_POST
def note(request: Request, number: int) -> HttpResponse:
    """Write an internal note."""
    ticket, user = changeable_ticket(request, number), request.user
    form = NoteForm(request.POST, user=user)
    if not form.is_valid():
        return refused(request, _("This could not be saved. Reload the page and try again."))
    data = form.cleaned_data
    try:
        composing.note(
            ticket, user=user, body=data["body"], files=list(data["uploads"]), key=data["key"]
        )
    except BrokenRule as error:
        return refused(request, str(error))
    return changed(request, ticket)


@login_required
@require_POST
def draft(request: Request, number: int) -> HttpResponse:
    """Keep what the composer holds so far."""
    ticket, user = changeable_ticket(request, number), request.user
    form = DraftForm(request.POST, user=user)
    if not form.is_valid():
        return refused(request, _("The draft was not kept: the text is too long."))
    data = form.cleaned_data
    kind = SavedDraft.Kind(data["kind"])
    drafting.keep(ticket, user, kind, body=data["body"], files=list(data["uploads"]))
    return HttpResponse(status=204)


@login_required
@require_POST
def take_back(request: Request, message_id: str) -> HttpResponse:
    """Undo a send while nothing has left; the text goes back to the composer by the page."""
    message = _own_message(request, message_id)
    try:
        replying.take_back(message, by=actor(request))
    except BrokenRule as error:
        return refused(request, str(error))
    return changed(request, message.ticket)


@login_required
@require_POST
def settle(request: Request, message_id: str) -> HttpResponse:
    """What failed or is unsure is sent again, or (`as=sent`) taken as sent."""
    message = _own_message(request, message_id)
    verb = delivering.call_it_sent if request.POST.get("as") == "sent" else delivering.send_again
    stuck = [Delivery.State.FAILED, Delivery.State.UNCERTAIN]
    try:
        for delivery in message.deliveries.filter(state__in=stuck).order_by("part"):
            verb(delivery, by=actor(request))
    except BrokenRule as error:
        return refused(request, str(error))
    return changed(request, message.ticket)


@login_required
@require_POST
def upload(request: Request) -> HttpResponse:
    """Store one file that waits for its message."""
    if not request.user.can_change:
        raise PermissionDenied
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > LARGEST_FILE:
        return JsonResponse({"error": _("The file is larger than 25 MB.")}, status=422)
    try:
        stored = attaching.upload(file.read(), file.name or "", user=request.user)
    except attaching.NotStored as e:
        return JsonResponse({"error": str(e)}, status=503)
    return JsonResponse(
        {
            "id": str(stored.public_id),
            "name": stored.name,
            "size": stored.size,
            "type": stored.content_type,
        }
    )


@login_required
@require_GET
def channel_choices(request: Request, number: int) -> HttpResponse:
    """By which channels this customer can be answered, loaded when the menu is opened."""
    ticket = visible_ticket(request, number)
    options = [
        {"channel": channel, "window": windows.reply_window(ticket, channel)}
        for channel in composing.channels_for(ticket, request.user)
    ]
    return render(request, "inbox/_choices_channel.html", {"ticket": ticket, "options": options})


def _own_message(request: Request, message_id: str) -> Message:
    message = visible_message(request, message_id)
    if not Ticket.objects.changeable_by(request.user).filter(pk=message.ticket_id).exists():
        raise PermissionDenied
    return message


def _undo_seconds(message: Message) -> int:
    """How long the message can still be taken back."""
    times: list[datetime] = [
        row.not_before for row in message.deliveries.all() if row.not_before is not None
    ]
    left = (min(times) - timezone.now()).total_seconds() if times else 0
    return max(0, int(left))
