"""The audit log, to be read."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import AuditEntry
from accounts.requests import SignedInRequest
from inbox.settings.access import admins
from inbox.settings.paging import page_of

_FILTERS = ("action", "object_kind", "object_id")


@admins
def audit_log(request: SignedInRequest) -> HttpResponse:
    """All entries, or those of one action or one object."""
    chosen = {name: request.GET[name] for name in _FILTERS if request.GET.get(name)}
    context = {
        "settings_section": "audit",
        "page": page_of(AuditEntry.objects.filter(**chosen), request.GET),
        "chosen": chosen,
    }
    return render(request, "settings/audit.html", context)
