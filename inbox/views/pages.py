"""The workspace as pages and as the fragments that travel after the first load."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from inbox import folders, listing, panel, thread
from inbox.folders import Folder
from inbox.views.access import Request, visible_ticket
from tickets import drafting, windows
from tickets.models import Ticket


@login_required
@require_GET
@vary_on_headers("HX-Request")
def inbox(request: Request) -> HttpResponse:
    """The list of one view; the first load brings the whole workspace."""
    context = _list_context(request)
    if request.htmx:
        template = "inbox/_rows.html" if request.GET.get("after") else "inbox/_list.html"
        return render(request, template, context)
    return render(request, "inbox/workspace.html", context)


@login_required
@require_GET
def rows(request: Request) -> HttpResponse:
    """Rows of the named tickets, as far as they belong to the view: what the page merges in."""
    numbers = [int(n) for n in request.GET.get("n", "").split(",") if n.isdecimal()][:200]
    found = listing.rows_of(
        request.user, _folder(request), numbers, request.GET.get("q", "").strip()
    )
    return render(request, "inbox/_rows.html", {"page": listing.Page(found, "")})


@login_required
@require_GET
def counts(request: Request) -> HttpResponse:
    """How many tickets each view of the sidebar holds."""
    user = request.user
    return JsonResponse(folders.counts([*folders.main(), *folders.by_channel(user)], user))


@login_required
@require_GET
@vary_on_headers("HX-Request")
def ticket(request: Request, number: int) -> HttpResponse:
    """One ticket with its thread and its customer; the list beside it follows by itself."""
    found = visible_ticket(request, number)
    if found.merged_into:
        return redirect("inbox:ticket", found.merged_into.number)
    context = _ticket_context(request, found)
    if request.htmx:
        return render(request, "inbox/_ticket.html", context)
    context |= {"folder": _folder(request), "main_folders": folders.main()}
    return render(request, "inbox/workspace.html", context)


@login_required
@require_GET
def older(request: Request, number: int) -> HttpResponse:
    """The part of the thread before a position."""
    found = visible_ticket(request, number)
    try:
        part = thread.part(found, before=request.GET.get("before", ""))
    except ValueError as error:
        raise Http404 from error
    context = {"ticket": found, "thread": part, "changeable": request.user.can_change}
    return render(request, "inbox/_items.html", context)


@login_required
@require_GET
def live(request: Request, number: int) -> HttpResponse:
    """The open ticket as it is now; the page takes over what differs from what it shows."""
    return render_live(request, visible_ticket(request, number))


def render_live(request: Request, ticket: Ticket) -> HttpResponse:
    return render(request, "inbox/_live.html", _ticket_context(request, ticket))


def _list_context(request: Request) -> dict[str, Any]:
    user, folder = request.user, _folder(request)
    order = request.GET.get("order", listing.DEFAULT_ORDER)
    search = request.GET.get("q", "").strip()
    if order not in listing.ORDERS:
        raise Http404
    try:
        page = listing.page(
            user, folder, order=order, search=search, after=request.GET.get("after", "")
        )
    except ValueError as error:
        raise Http404 from error
    context = {"folder": folder, "page": page, "order": order, "search": search}
    if request.GET.get("after"):
        return context
    channels, statuses = folders.by_channel(user), folders.by_status()
    return context | {
        "main_folders": folders.main(),
        "channel_folders": channels,
        "status_folders": statuses,
        "counts": folders.counts([*folders.main(), *channels], user),
    }


def _folder(request: Request) -> Folder:
    try:
        return folders.find(request.GET.get("view") or folders.DEFAULT, request.user)
    except KeyError as error:
        raise Http404 from error


def _ticket_context(request: Request, ticket: Ticket) -> dict[str, Any]:
    user = request.user
    changeable = user.can_change and ticket.merged_into_id is None
    return {
        "ticket": ticket,
        "thread": thread.part(ticket),
        "panel": panel.of(ticket, user),
        "window": windows.reply_window(ticket, ticket.channel),
        "can": ticket.channel.capabilities,
        "changeable": changeable,
        "drafts": drafting.of(ticket, user) if changeable else {},
        "statuses": [status for status in Ticket.Status if status != Ticket.Status.NEW],
        "priorities": list(Ticket.Priority),
    }
