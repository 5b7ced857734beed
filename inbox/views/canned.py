"""Prepared answers in the composer: found while typing, and filled in for the ticket."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from inbox.views.access import Request, changeable_ticket
from tickets.automation import canned, placeholders
from tickets.models import CannedReply


@login_required
@require_GET
def found(request: Request, number: int) -> HttpResponse:
    """Those that fit what was typed after the slash."""
    ticket = changeable_ticket(request, number)
    user = request.user
    replies = [
        (reply, placeholders.fill(reply.body, ticket, user))
        for reply in canned.find(request.GET.get("q", ""), ticket, user)
    ]
    return render(request, "inbox/_canned.html", {"ticket": ticket, "replies": replies})


@login_required
@require_POST
def use(request: Request, number: int, public_id: str) -> HttpResponse:
    """The text of one for this ticket, and its files as new uploads."""
    ticket, user = changeable_ticket(request, number), request.user
    usable = CannedReply.objects.visible_to(user).for_shop(ticket.shop_id)
    text, files = canned.use(get_object_or_404(usable, public_id=public_id), ticket, user)
    stored = [{"id": str(file.public_id), "name": file.name} for file in files]
    return JsonResponse({"text": text, "files": stored})
