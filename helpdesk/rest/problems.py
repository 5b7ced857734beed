"""What an endpoint raises; `api.problems` turns it into `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException

_Row = TypeVar("_Row", bound=Model)


class Problem(APIException):
    """An error, and what is wrong at which place of the body ("/customer/email")."""

    def __init__(
        self,
        detail: str | Promise | None = None,
        *,
        code: str | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(None if detail is None else str(detail), code)
        self.errors = errors or {}


class UnknownReference(Problem):
    status_code = status.HTTP_404_NOT_FOUND
    default_code = "unknown_reference"
    default_detail = _("There is nothing by this name that you can see.")

    @classmethod
    def at(cls, pointer: str) -> Self:
        return cls(errors={pointer: str(cls.default_detail)})


class Conflict(Problem):
    """A broken rule that the schema cannot say."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = _("This is not possible.")


class LengthRequired(Problem):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = _("Send the length of the body (Content-Length).")


class ChangedMeanwhile(Problem):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed_meanwhile"
    default_detail = _("It was changed meanwhile. Read it again, then repeat your change.")


class TooLarge(Problem):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body of the request is too large.")


class KeyReused(Problem):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = _("This Idempotency-Key was used with another request.")


def referenced(rows: QuerySet[_Row], pointer: str, **lookup: Any) -> _Row:
    """The row that the input names. Raises `UnknownReference` where there is none among `rows`."""
    row = rows.filter(**lookup).first()
    if row is None:
        raise UnknownReference.at(pointer)
    return row
