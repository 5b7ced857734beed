"""What every endpoint of the API does before and after its own work."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils import html
from rest_framework.views import APIView

from helpdesk.rest import paging
from helpdesk.rest.negotiation import StrictJSONParser
from helpdesk.rest.problems import ChangedMeanwhile, LengthRequired, TooLarge
from helpdesk.rest.serializers import (
    DocumentSerializer,
    QuerySerializer,
    StrictSerializer,
    TextField,
)

MAX_BODY_BYTES = 1024 * 1024
MAX_FILE_BYTES = 25 * 1024 * 1024
# The form around the files.
_MULTIPART_BYTES = MAX_FILE_BYTES + MAX_BODY_BYTES


class View(APIView):
    """One path of the API.

    `scopes` names the scope that each method needs, `accepts` the serializer of its body (as
    `accepts_form` of a multipart one), and `query` that of GET's parameters; `answers` is what it
    shows, `answers_to` where a method shows something else. The schema is made of the same.
    """

    scopes: ClassVar[Mapping[str, str]]
    accepts: ClassVar[Mapping[str, type[StrictSerializer] | type[DocumentSerializer]]] = {}
    accepts_form: ClassVar[Mapping[str, type[StrictSerializer]]] = {}
    query: ClassVar[type[QuerySerializer]] = QuerySerializer
    answers: ClassVar[type[serializers.BaseSerializer[Any]]]
    answers_to: ClassVar[Mapping[str, type[serializers.BaseSerializer[Any]]]] = {}
    # The codes of success, where a method has others than usual.
    succeeds: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    # Problems that the method and the path do not tell of, by their status.
    refuses: ClassVar[Mapping[int, str]] = {}
    # Whether GET shows a version that a change may name (ETag, If-Match).
    has_version: ClassVar[bool] = False

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    params: dict[str, Any]

    def get_parsers(self) -> list[BaseParser]:
        forms: list[BaseParser] = [MultiPartParser()] if self.accepts_form else []
        only_forms = self.accepts_form and not self.accepts
        return forms if only_forms else [StrictJSONParser(), *forms]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _check_size(request)
        super().initial(request, *args, **kwargs)
        query = self.query if request.method in ("GET", "HEAD") else QuerySerializer
        self.params = query.read(request.query_params)

    def body(self) -> dict[str, Any]:
        """The checked body of the request."""
        is_form = html.is_html_input(self.request.data)
        accepted = self.accepts_form if is_form else self.accepts
        serializer: serializers.BaseSerializer[Any] = accepted[str(self.request.method)](
            data=self.request.data, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        return data

    def shown(self, row: Any, *, status: int = 200) -> Response:
        """The answer that shows one row."""
        answers = self.answers_to.get(str(self.request.method), self.answers)
        data = answers(row, context=self.get_serializer_context()).data
        headers = {"ETag": etag(row.version)} if self.has_version else {}
        return Response(data, status=status, headers=headers)

    def get_serializer_context(self) -> dict[str, Any]:
        return {"request": self.request, "view": self}


class PageQuery(QuerySerializer):
    """Parameters of every list."""

    page_size = serializers.IntegerField(min_value=1, max_value=200, default=50)
    cursor = TextField(
        default="",
        allow_blank=True,
        max_length=1000,
        help_text="From `next` or `previous` of another page.",
    )


class ListView(View):
    """GET shows a page of `rows()`, by the column `order` or the one that the query asks for."""

    query: ClassVar[type[QuerySerializer]] = PageQuery
    order: ClassVar[str]

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get(self, request: Request, **_kwargs: Any) -> Response:
        page = paging.page(
            self.rows(),
            ordering=self.params.get("ordering", self.order),
            size=self.params["page_size"],
            cursor=self.params["cursor"],
            request=request,
        )
        results = self.shown_rows(page.rows)
        return Response({"next": page.next, "previous": page.previous, "results": results})

    def shown_rows(self, rows: Sequence[Any]) -> Any:
        """What a page shows of its rows."""
        return self.answers(rows, many=True, context=self.get_serializer_context()).data


def etag(version: int) -> str:
    return f'"{version}"'


def check_match(request: Request, version: int) -> None:
    """Raises `ChangedMeanwhile` where If-Match names other versions. Needs the row's lock."""
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag(version) not in [tag.strip() for tag in wanted.split(",")]:
        raise ChangedMeanwhile


def _check_size(request: Request) -> None:
    if request.headers.get("Transfer-Encoding") and not request.headers.get("Content-Length"):
        raise LengthRequired
    is_form = (request.content_type or "").startswith("multipart/")
    limit = _MULTIPART_BYTES if is_form else MAX_BODY_BYTES
    if int(request.headers.get("Content-Length") or 0) > limit:
        raise TooLarge
