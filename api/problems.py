"""Every error as `application/problem+json` (RFC 9457); never a page, never a stack trace."""

import http
import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.errors import RuleBroken
from helpdesk.rest.problems import Conflict, Problem
from helpdesk.rest.serializers import BadQuery
from tickets.errors import BrokenRule

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:okienko:problem:"


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """The answer to whatever an endpoint raised (DRF's EXCEPTION_HANDLER)."""
    error = _as_api_exception(exc)
    set_rollback()
    if isinstance(error, exceptions.ValidationError):
        errors = list(_errors(error.detail, "?" if isinstance(error, BadQuery) else ""))
        return _response(error.status_code, "validation", _("The request is not valid."), errors)
    code = _code(error)
    places = error.errors if isinstance(error, Problem) else {}
    errors = [_item(pointer, code, text) for pointer, text in places.items()]
    response = _response(error.status_code, code, str(error.detail), errors)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(int(wait))
    return response


def _as_api_exception(exc: Exception) -> exceptions.APIException:
    match exc:
        case exceptions.APIException():
            return exc
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case BrokenRule() | RuleBroken():
            return Conflict(str(exc), code=getattr(exc, "code", None))
        case SuspiciousOperation():
            return exceptions.ParseError()
    logger.error("an endpoint failed", exc_info=exc)
    return exceptions.APIException(_("Something went wrong on our side."))


def _response(code: int, name: str, detail: str, errors: list[dict[str, str]]) -> Response:
    problem: dict[str, Any] = {
        "type": f"{_TYPE}{name}",
        "title": http.HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        "errors": errors,
    }
    return Response(problem, status=code, content_type=CONTENT_TYPE)


def _code(error: exceptions.APIException) -> str:
    if error.status_code == status.HTTP_500_INTERNAL_SERVER_ERROR:
        return "internal"
    return str(getattr(error.detail, "code", error.default_code))


def _errors(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    """DRF's nested errors as a flat list; "/" leads into the body, "?" names a query parameter."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = name == "non_field_errors"
            yield from _errors(inner, pointer if own else _joined(pointer, str(name)))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            if inner:
                yield from _errors(inner, _joined(pointer, str(place)) if nested else pointer)
    else:
        yield _item(pointer, detail.code, detail)


def _joined(pointer: str, name: str) -> str:
    """RFC 6901; a parameter is named as a whole, not by the place in its list."""
    if pointer.startswith("?"):
        return f"?{name}" if pointer == "?" else pointer
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def _item(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": str(detail)}
