"""Customers: everybody, and one with all that is between them and the shops."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from crm import merging, profile, suggesting
from crm.models import Customer, CustomerMerge, Order, Shop
from helpdesk.spreadsheets import csv_lines
from inbox import around, people, segments, timeline
from inbox.forms import CustomerForm
from inbox.people import Filters
from inbox.views.access import Request, actor
from tickets.models import Ticket

_MOST_ORDERS = 6


@login_required
@require_safe
def customers(request: Request) -> HttpResponse:
    """Customers by name or by change, narrowed by a search, a segment and a shop."""
    filters = _filters(request)
    try:
        page = people.page(request.user, filters, request.GET.get("after", ""))
    except ValueError as error:
        raise Http404 from error
    asked = {"q": filters.search, "segment": filters.segment, "shop": filters.shop}
    address = urlencode({name: value for name, value in asked.items() if value})
    context = {
        "page": page,
        "filters": filters,
        "address": address,
        "segments": segments.ALL,
        "shops": Shop.objects.served_by(request.user),
        "may_export": request.user.sees_all,
    }
    return render(request, "inbox/customers.html", context)


@login_required
@require_safe
def export(request: Request) -> StreamingHttpResponse:
    """The customers of the list as CSV, for managers and administrators; it is in the audit log."""
    if not request.user.sees_all:
        raise PermissionDenied
    filters = _filters(request)
    audit.record("customers.exported", by=request.user, after={"segment": filters.segment})
    rows = people.exported(request.user, filters)
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="customers.csv"'
    return response


@login_required
@require_http_methods(["GET", "POST"])
def customer(request: Request, customer_id: str) -> HttpResponse:
    """One customer: how to reach them, what is known, orders, tickets, consents."""
    user = request.user
    found = get_object_or_404(Customer.objects.visible_to(user), public_id=customer_id)
    if found.merged_into:
        return redirect("inbox:customer", found.merged_into.public_id)
    form = CustomerForm(request.POST or None, instance=found)
    if request.method == "POST":
        if not user.can_change:
            raise PermissionDenied
        if form.is_valid():
            profile.update(found, by=actor(request), **form.changes())
            return redirect("inbox:customer", found.public_id)
    visible = Order.objects.visible_to(user)
    context = {
        "customer": found,
        "form": form,
        "identities": found.identities.order_by("kind", "pk"),
        "shops": found.shops.filter(shop__in=Shop.objects.served_by(user)).select_related("shop"),
        "timeline": timeline.of(found, user),
        "ticket_count": Ticket.objects.visible_to(user).filter(customer=found).count(),
        "orders": visible.filter(customer=found).with_everything().newest()[:_MOST_ORDERS],
        "buying": around.buying(found, visible),
        "consents": timeline.latest_consents(found, user),
        "suggestions": suggesting.same_person(found, Customer.objects.visible_to(user)),
        "merges": found.merges.filter(undone_at=None).select_related("absorbed", "user"),
        "changeable": user.can_change,
    }
    return render(request, "inbox/customer.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def merge(request: Request, customer_id: str) -> HttpResponse:
    """Make another customer part of this one; both have to be visible."""
    kept = _changeable(request, customer_id)
    visible = Customer.objects.visible_to(request.user)
    absorbed = get_object_or_404(visible, public_id=_public_id(request.POST.get("other", "")))
    try:
        merging.merge(kept=kept, absorbed=absorbed, user=request.user)
    except merging.CannotMerge as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Merged. It can be undone on this page."))
    return redirect("inbox:customer", kept.public_id)


@login_required
@require_POST
def unmerge(request: Request, customer_id: str, pk: int) -> HttpResponse:
    """Take a merge back."""
    kept = _changeable(request, customer_id)
    log = get_object_or_404(CustomerMerge, pk=pk, kept=kept)
    try:
        merging.undo(log, user=request.user)
    except merging.CannotUndo as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("They are two customers again."))
    return redirect("inbox:customer", kept.public_id)


def _filters(request: Request) -> Filters:
    asked = request.GET
    return Filters(
        search=asked.get("q", "").strip()[:200],
        segment=asked.get("segment", ""),
        shop=asked.get("shop", ""),
        order="recent" if asked.get("order") == "recent" else "name",
    )


def _changeable(request: Request, customer_id: str) -> Customer:
    """404 for a customer out of sight, 403 for who may only read."""
    visible = Customer.objects.visible_to(request.user)
    found = get_object_or_404(visible, public_id=customer_id)
    if not request.user.can_change:
        raise PermissionDenied
    return found


def _public_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
