"""Access tokens for mail servers that take no passwords (Google, Microsoft 365).

Sources: contracts/email.md 1.2; RFC 6749, 6.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.models import Connection
from helpdesk import http

_EARLY = timedelta(minutes=5)
_REFRESH = "oauth_refresh_token"
# Kept beside the secrets that an admin enters, and of no use with another refresh token.
_ACCESS, _EXPIRES, _MADE_WITH = "oauth_access_token", "oauth_expires_at", "oauth_made_with"


def is_used(connection: Connection) -> bool:
    """Whether this connection signs in by token rather than by password."""
    return bool(connection.setting("oauth_token_url") and connection.secrets.get(_REFRESH))


def access_token(connection: Connection) -> str:
    """A token that is valid for some minutes at least, asked for anew where the kept one is not.

    Raises `Refused` (needs_reauth) when the refresh token is not taken any more, `Unavailable`.
    """
    kept = connection.secrets
    made_with = sha256(kept[_REFRESH].encode()).hexdigest()
    if kept.get(_MADE_WITH) == made_with and _still_valid(kept.get(_EXPIRES, "")):
        return kept[_ACCESS]
    token, expires_at = _refreshed(connection, kept)
    fresh = {_ACCESS: token, _EXPIRES: expires_at.isoformat(), _MADE_WITH: made_with}
    connection.set_secrets(fresh)
    with transaction.atomic():
        # An admin may be changing other secrets at this moment.
        row = Connection.objects.select_for_update().filter(pk=connection.pk).first()
        if row is not None:
            row.set_secrets(fresh)
            row.save(update_fields=["sealed"])
    return token


def _still_valid(expires_at: str) -> bool:
    return bool(expires_at) and datetime.fromisoformat(expires_at) > timezone.now() + _EARLY


def _refreshed(connection: Connection, secrets: dict[str, str]) -> tuple[str, datetime]:
    url = str(connection.setting("oauth_token_url"))
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": secrets[_REFRESH],
        "client_id": connection.setting("oauth_client_id", ""),
        "client_secret": secrets.get("oauth_client_secret", ""),
    }
    try:
        answer = http.fetch(url, method="POST", data=fields, allow_private=True)
        given = answer.json()
        if answer.is_success:
            lifetime = timedelta(seconds=int(given.get("expires_in", 3600)))
            return str(given["access_token"]), timezone.now() + lifetime
    except http.FetchError as error:
        raise Unavailable(str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(_("The sign-in service gave an answer of an unknown form.")) from error
    if given.get("error") == "invalid_grant":
        raise Refused(_("The access to the mailbox has ended. Sign in again."), needs_reauth=True)
    raise Unavailable(
        _("The sign-in service refused: %(reason)s") % {"reason": str(given.get("error", ""))[:200]}
    )
