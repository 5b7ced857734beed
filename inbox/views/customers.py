"""Customers: everybody, and one with all their tickets."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from crm import profile
from crm.models import Customer, CustomerQuerySet, Identity
from helpdesk.polish import sort_key
from inbox.forms import CustomerForm
from inbox.views.access import Request, actor
from tickets.models import Ticket

_PAGE_SIZE = 50
_MOST_TICKETS = 100


@login_required
@require_safe
def customers(request: Request) -> HttpResponse:
    """Customers by name, or those whose name or handle begins with what was searched."""
    search = request.GET.get("q", "").strip()
    found = _matching(Customer.objects.visible_to(request.user).current(), search)
    after, _colon, pk = request.GET.get("after", "").rpartition(":")
    if pk.isdecimal():
        found = found.filter(sort_key__gte=after).filter(Q(sort_key__gt=after) | Q(pk__gt=int(pk)))
    page = list(found.prefetch_related("identities").order_by("sort_key", "pk")[: _PAGE_SIZE + 1])
    more = page[_PAGE_SIZE - 1] if len(page) > _PAGE_SIZE else None
    context = {"customers": page[:_PAGE_SIZE], "more": more, "search": search}
    return render(request, "inbox/customers.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def customer(request: Request, customer_id: str) -> HttpResponse:
    """One customer: how to reach them, what is known, their tickets."""
    user = request.user
    found = get_object_or_404(Customer.objects.visible_to(user), public_id=customer_id)
    if found.merged_into:
        return redirect("inbox:customer", found.merged_into.public_id)
    form = CustomerForm(request.POST or None, instance=found)
    if request.method == "POST":
        if not user.can_change:
            raise PermissionDenied
        if form.is_valid():
            profile.update(found, by=actor(request), **form.cleaned_data)
            return redirect("inbox:customer", found.public_id)
    tickets = Ticket.objects.visible_to(user).filter(customer=found, merged_into=None)
    context = {
        "customer": found,
        "form": form,
        "identities": found.identities.order_by("kind", "pk"),
        "tickets": tickets.select_related("channel", "assignee").order_by(
            "-last_message_at", "-pk"
        )[:_MOST_TICKETS],
        "changeable": user.can_change,
    }
    return render(request, "inbox/customer.html", context, status=422 if form.errors else 200)


def _matching(customers: CustomerQuerySet, search: str) -> CustomerQuerySet:
    if not search:
        return customers
    handle = Identity.objects.filter(customer=OuterRef("pk"), value__startswith=search.lower())
    return customers.filter(Q(sort_key__startswith=sort_key(search)) | Q(Exists(handle)))
