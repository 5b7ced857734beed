"""What a visitor typed about themselves: confirmed, dismissed, or looked at again."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from crm.merging import CannotMerge, CannotUndo
from inbox.views.access import Request, changeable_ticket
from inbox.views.actions import changed, refused
from tickets import claiming
from tickets.errors import BrokenRule


@login_required
@require_POST
def decide(request: Request, number: int, name: str) -> HttpResponse:
    """Do what the pressed button says, and answer with the ticket as it is then."""
    ticket = changeable_ticket(request, number)
    if name not in claiming.Name:
        raise Http404
    claim, user = claiming.Name(name), request.user
    try:
        match request.POST.get("decision"):
            case "confirm":
                owner_id = request.POST.get("owner", "")
                claiming.confirm(ticket, claim, owner_id=owner_id, user=user)
            case "dismiss":
                claiming.dismiss(ticket, claim, user=user)
            case "reopen":
                claiming.reopen(ticket, claim, user=user)
            case _:
                raise Http404
    except (BrokenRule, CannotMerge, CannotUndo) as error:
        return refused(request, str(error))
    return changed(request, ticket)
