"""A POST under an Idempotency-Key is done once, however often and however parallel it comes."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import key_of, user_of
from api.models import RepeatableRequest
from helpdesk.rest.problems import KeyReused

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z", re.ASCII)
_KEPT_HEADERS = ("ETag", "Location")

Post = Callable[..., Response]


def once(post: Post) -> Post:
    """The handler, safe to repeat where the caller sends the header.

    Only success is kept: a request that was refused changed nothing, and is looked at again.
    """

    @wraps(post)
    def repeatable(view: Any, request: Request, **kwargs: Any) -> Response:
        value = request.headers.get(HEADER)
        if value is None:
            return post(view, request, **kwargs)
        if not _KEY.match(value):
            raise ParseError(_("An Idempotency-Key has 1 to 255 visible ASCII characters."))
        with transaction.atomic():
            row, is_new = _claim(request, value)
            if not is_new:
                return _answer(row, request)
            response = post(view, request, **kwargs)
            _keep(row, response)
        return response

    return repeatable


def forget() -> int:
    """Drop keys older than a day. Returns how many."""
    count, _rows = RepeatableRequest.objects.outdated().delete()
    return count


def _claim(request: Request, value: str) -> tuple[RepeatableRequest, bool]:
    """The row of this key. A second request waits here until the first has committed or failed."""
    owner = {"user": user_of(request), "api_key": key_of(request), "value": value}
    RepeatableRequest.objects.outdated().filter(**owner).delete()
    return RepeatableRequest.objects.get_or_create(
        **owner, defaults={"fingerprint": _fingerprint(request)}
    )


def _answer(row: RepeatableRequest, request: Request) -> Response:
    if row.fingerprint != _fingerprint(request):
        raise KeyReused
    return Response(row.body, status=row.status, headers=row.headers)


def _keep(row: RepeatableRequest, response: Response) -> None:
    row.status, row.body = response.status_code, response.data
    row.headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    row.save(update_fields=["status", "body", "headers"])


def _fingerprint(request: Request) -> str:
    data = request.data
    lists = dict(data.lists()) if hasattr(data, "lists") else data
    text = json.dumps([request.method, request.path, lists], sort_keys=True, default=_of_file)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_file(file: "UploadedFile[Any]") -> list[Any]:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return [file.name, digest.hexdigest()]
