"""One call to the Graph API, in the name of a Page."""

import hashlib
import hmac
import json
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import httpx
from django.utils.translation import gettext as _

from channels_ingest.adapter import Refused, Unavailable, Uncertain, once_begun
from channels_ingest.messenger import errors, limits
from channels_ingest.models import Connection
from helpdesk import http

API_BASE = "https://graph.facebook.com"
API_VERSION = "v25.0"

# How much of its allowance a Page may have used before we wait (per cent, from the headers).
_FULL = 100
_USAGE_HEADERS = ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage")
_UNTIL_LESS_USED = timedelta(minutes=1)


def call(
    connection: Connection,
    path: str,
    *,
    method: str = "GET",
    params: dict[str, str] | None = None,
    body: dict[str, Any] | None = None,
    form: dict[str, str] | None = None,
    files: dict[str, tuple[str, bytes, str]] | None = None,
    token: str = "",
    attempt: int = 1,
    timeout_s: float = 15,
) -> dict[str, Any]:
    """Ask the API as the Page, or with another `token`; returns the answer's JSON.

    Raises `Refused`, `Unavailable`, and for anything but GET `Uncertain` where Meta may have acted
    on a call whose answer was lost.
    """
    token = token or connection.secrets.get("page_token", "")
    if not token:
        raise Refused(errors.token_text(), code="no_token", needs_reauth=True)
    try:
        answer = http.fetch(
            _url(connection, path),
            method=method,
            params={**(params or {}), **_proof(connection, token)},
            headers={"Authorization": f"Bearer {token}"},
            json=body,
            data=form,
            files=files,
            allow_private=True,
            timeout_s=timeout_s,
        )
    except http.FetchError as error:
        if error.was_sent and method != "GET":
            raise Uncertain(str(error)) from error
        raise Unavailable(_unreachable_text(), code=type(error).__name__) from error
    with once_begun() if method != "GET" else nullcontext():
        return _result(connection, answer, method, attempt)


def _result(
    connection: Connection, answer: http.Answer, method: str, attempt: int
) -> dict[str, Any]:
    wait = _asked_to_wait(answer.headers)
    try:
        result = answer.json()
    except ValueError:
        result = None
    if answer.is_success and isinstance(result, dict) and "error" not in result:
        if wait:
            limits.pause(page_id(connection), wait)
        return result
    if answer.is_success and method != "GET":
        raise Uncertain("Meta answered in an unknown form")
    raised = errors.meaning(errors.read(answer.status, result, wait), attempt=attempt)
    if isinstance(raised, Unavailable) and raised.retry_after:
        limits.pause(page_id(connection), raised.retry_after)
    raise raised


def page_id(connection: Connection) -> str:
    return str(connection.setting("page_id", ""))


def proof(token: str, secret: str) -> str:
    """Proves to Meta that a token is used by the app itself (`appsecret_proof`)."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def _url(connection: Connection, path: str) -> str:
    base = str(connection.setting("api_base", API_BASE)).rstrip("/")
    return f"{base}/{connection.setting('api_version', API_VERSION)}/{path}"


def _proof(connection: Connection, token: str) -> dict[str, str]:
    secret = connection.secrets.get("app_secret", "")
    return {"appsecret_proof": proof(token, secret)} if secret else {}


def _asked_to_wait(headers: httpx.Headers) -> timedelta | None:
    """How long the usage headers tell us to wait: per cent used, minutes to regain access."""
    figures: list[dict[str, Any]] = []
    for name in _USAGE_HEADERS:
        try:
            usage = json.loads(headers.get(name, "{}"))
        except ValueError:
            continue
        if isinstance(usage, dict):
            figures += _figures(usage)
    minutes = max((_number(each, "estimated_time_to_regain_access") for each in figures), default=0)
    if minutes:
        return timedelta(minutes=minutes)
    used = max(
        (
            _number(each, name)
            for each in figures
            for name in ("call_count", "total_time", "total_cputime")
        ),
        default=0,
    )
    if used >= _FULL:
        return _UNTIL_LESS_USED
    return _retry_after(headers)


def _figures(usage: dict[str, Any]) -> list[dict[str, Any]]:
    """The headers' two forms in one: figures, or lists of figures by business id."""
    listed = [each for value in usage.values() if isinstance(value, list) for each in value]
    return [each for each in [usage, *listed] if isinstance(each, dict)]


def _number(figures: dict[str, Any], name: str) -> int:
    value = figures.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0


def _retry_after(headers: httpx.Headers) -> timedelta | None:
    seconds = headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() and seconds != "0" else None


def _unreachable_text() -> str:
    return _("Facebook could not be reached. The message goes out by itself.")
