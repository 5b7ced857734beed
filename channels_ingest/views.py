"""Where providers call us. What they send is checked and journaled by the adapter's `receive`."""

import logging
from uuid import UUID

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from channels_ingest.models import Connection

logger = logging.getLogger(__name__)

_MOST_BYTES = 4 * 1024 * 1024


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def hook(request: HttpRequest, kind: str, channel_id: UUID) -> HttpResponse:
    """Hand a provider's call to the adapter; 403 where it cannot prove that it is the provider."""
    connection = get_object_or_404(
        Connection.objects.select_related("channel"),
        channel__kind=kind,
        channel__public_id=channel_id,
    )
    webhook = connection.adapter.webhook()
    if webhook is None:
        raise Http404
    # Not `request.body`, whose limit is that of forms.
    body = request.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        return HttpResponse(status=413)
    try:
        return webhook(request, connection, body)
    except PermissionDenied:
        _tell_refused(connection)
        return HttpResponse(status=403)


def _tell_refused(connection: Connection) -> None:
    """Log at most one line a minute: whoever guesses must not fill the log."""
    try:
        is_first = cache.add(f"hook:refused:{connection.pk}", 1, timeout=60)
    except RedisError:
        is_first = True
    if is_first:
        logger.warning("a call to the hook of channel %s was refused", connection.channel_id)
