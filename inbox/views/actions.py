"""What agents do to a ticket from the bar above the thread."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Team, User
from inbox.forms import ChangeForm, ParticipantForm
from inbox.views.access import Request, actor, changeable_ticket, visible_ticket
from inbox.views.pages import render_live
from tickets import changing, signals
from tickets.errors import BrokenRule
from tickets.models import Participant, Reason, Tag, Ticket

_VERBS: dict[str, Callable[..., object]] = {
    "status": changing.set_status,
    "priority": changing.set_priority,
    "assignee": changing.assign,
    "team": changing.set_team,
    "reason": changing.set_reason,
    "tags": changing.set_tags,
    "snoozed_until": changing.snooze,
    "spam": changing.set_spam,
    "subject": changing.set_subject,
}


@login_required
@require_POST
def change(request: Request, number: int) -> HttpResponse:
    """Set what the form names, and answer with the ticket as it is then."""
    ticket = changeable_ticket(request, number)
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return refused(request, " ".join(form.messages()))
    try:
        for name, value in form.changes().items():
            _VERBS[name](ticket, value, by=actor(request))
    except BrokenRule as error:
        return refused(request, str(error))
    return changed(request, ticket)


@login_required
@require_POST
def review(request: Request, number: int) -> HttpResponse:
    """The stranger's message in this ticket was looked at."""
    ticket = changeable_ticket(request, number)
    changing.reviewed(ticket, by=actor(request))
    return changed(request, ticket)


@login_required
@require_POST
def participant(request: Request, number: int) -> HttpResponse:
    """Take somebody who was named in a mail into the conversation, or leave them out."""
    ticket = changeable_ticket(request, number)
    form = ParticipantForm(request.POST, participants=ticket.participants.all())
    if not form.is_valid():
        return refused(request, str(_("This person is not in the ticket any more.")))
    role = Participant.Role.CC if form.cleaned_data["take"] else None
    identity = form.cleaned_data["participant"].identity
    changing.set_participant(ticket, identity, role, by=actor(request))
    return changed(request, ticket)


@login_required
@require_POST
def see(request: Request, number: int) -> HttpResponse:
    """The user has had the thread on the screen up to this message."""
    ticket = visible_ticket(request, number)
    newest = request.POST.get("message", "")
    if not newest.isdecimal():
        raise Http404
    message = get_object_or_404(ticket.messages, pk=int(newest))
    changing.see(ticket, request.user, message.pk)
    if request.user.can_change:
        # Who only reads is not somebody whom the customer waits for.
        signals.thread_read.send_robust(Ticket, ticket_id=ticket.pk, message_id=message.pk)
    return HttpResponse(status=204)


@login_required
@require_GET
def choices(request: Request, number: int, name: str) -> HttpResponse:
    """The menu of one property, loaded when it is opened."""
    ticket = visible_ticket(request, number)
    if name not in _CHOICES:
        raise Http404
    context = {"ticket": ticket, "name": name, **_CHOICES[name](ticket, request.user)}
    return render(request, f"inbox/_choices_{name}.html", context)


def changed(request: Request, ticket: Ticket) -> HttpResponse:
    """The answer to a change: the fragments, or the page for a browser without scripts.

    A ticket that went out of the user's sight answers 204: the list follows by the socket.
    """
    if not request.htmx:
        return redirect("inbox:ticket", ticket.number)
    if not Ticket.objects.visible_to(request.user).filter(pk=ticket.pk).exists():
        return HttpResponse(status=204)
    return render_live(request, visible_ticket(request, ticket.number))


def refused(request: Request, text: str, *, status: int = 422) -> HttpResponse:
    """A broken rule in plain words."""
    return render(request, "inbox/_refused.html", {"text": text}, status=status)


def _assignees(ticket: Ticket, user: User) -> dict[str, object]:
    """Those of the ticket's team first, then everybody who answers tickets."""
    agents = list(User.objects.agents())
    members = set(ticket.team.members.values_list("pk", flat=True))
    return {
        "members": [agent for agent in agents if agent.pk in members],
        "others": [agent for agent in agents if agent.pk not in members],
    }


def _snoozes(ticket: Ticket, user: User) -> dict[str, object]:
    """Moments that people mean: later today, tomorrow morning, on Monday, in a week."""
    now = timezone.localtime()
    morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
    return {
        "later": now + timedelta(hours=3),
        "tomorrow": morning + timedelta(days=1),
        "monday": morning + timedelta(days=7 - now.weekday()),
        "week": morning + timedelta(days=7),
    }


_CHOICES: dict[str, Callable[[Ticket, User], dict[str, object]]] = {
    "assignee": _assignees,
    "team": lambda _ticket, _user: {"teams": Team.objects.all()},
    "reason": lambda _ticket, _user: {"reasons": Reason.objects.filter(active=True)},
    "tags": lambda ticket, _user: {
        "tags": Tag.objects.all(),
        "chosen": set(ticket.tags.values_list("pk", flat=True)),
    },
    "snooze": _snoozes,
}
