"""Files that crawlers and finders of holes look for."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone


def robots(_request: HttpRequest) -> HttpResponse:
    """Nothing in a helpdesk is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def security(_request: HttpRequest) -> HttpResponse:
    """Whom to tell about a hole (RFC 9116), where the owner has set a contact."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + timedelta(days=90)).isoformat(timespec="seconds")
    text = f"Contact: {settings.SECURITY_CONTACT}\nExpires: {expires}\n"
    return HttpResponse(text, content_type="text/plain")
