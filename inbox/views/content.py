"""What customers sent, handed out so that it can do nothing: mails, pictures, files."""

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from channels_ingest import files
from helpdesk import http, masking
from inbox import mailbody
from inbox.views.access import Request, changeable_ticket, visible_message
from inbox.views.actions import changed
from tickets import serving, sniffing
from tickets.models import Attachment, Message, Ticket

MAIL_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
_LARGEST_IMAGE = 10 * 1024 * 1024


@login_required
@require_GET
@xframe_options_sameorigin
def body(request: Request, message_id: str) -> HttpResponse:
    """A mail's HTML for its sandboxed frame; `?images=1` once the agent asked for the pictures."""
    message = _shown_message(request, message_id)
    html = mailbody.framed(message, images=request.GET.get("images") == "1")
    response = render(request, "inbox/mail_body.html", {"html": html})
    response["Content-Security-Policy"] = MAIL_POLICY
    response["Cache-Control"] = "private, max-age=300"
    return response


@login_required
@require_POST
def numbers(request: Request, message_id: str) -> HttpResponse:
    """The numbers that are covered in a message, for who needs them; it is in the audit log."""
    message = visible_message(request, message_id)
    audit.record("message.numbers_shown", by=request.user, on=message)
    found = masking.hidden(f"{message.subject}\n{message.body_text}")
    return render(request, "inbox/_numbers.html", {"numbers": found})


@login_required
@require_GET
def image(request: Request, message_id: str) -> HttpResponse:
    """A remote picture of a mail, fetched by us: its owner learns nothing of the agent."""
    message = _shown_message(request, message_id)
    try:
        url = mailbody.proxied_url(message, request.GET.get("u", ""))
    except signing.BadSignature as error:
        raise Http404 from error
    try:
        answer = http.fetch(
            url if url.lower().startswith("http") else f"https:{url}", max_bytes=_LARGEST_IMAGE
        )
    except http.FetchError as error:
        raise Http404 from error
    content_type = sniffing.content_type(answer.content)
    if not answer.is_success or content_type not in sniffing.INLINE_TYPES:
        raise Http404
    return serving.harmless(answer.content, content_type, disposition="inline")


@login_required
@require_POST
def whole(request: Request, message_id: str) -> HttpResponse:
    """Have the rest of a message fetched that was too large to be taken in by itself."""
    message = visible_message(request, message_id)
    ticket = changeable_ticket(request, message.ticket.number)
    files.ask_for_whole(message)
    return changed(request, ticket)


@login_required
@require_GET
def attachment(request: Request, attachment_id: str) -> HttpResponse:
    """A file of a visible ticket, or one's own upload. `?inline` shows raster pictures in place."""
    user = request.user
    files = Attachment.objects.handed_out(Ticket.objects.visible_to(user), user)
    found = get_object_or_404(files, public_id=attachment_id)
    try:
        return serving.response(found, inline="inline" in request.GET)
    except FileNotFoundError as error:
        raise Http404 from error


def _shown_message(request: Request, message_id: str) -> Message:
    message = visible_message(request, message_id)
    if message.removed_at:
        raise Http404
    return message
