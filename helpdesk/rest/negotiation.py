"""Which forms of bodies the API reads and writes."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request


class StrictJSONParser(JSONParser):
    """JSON that is no bomb: too deep a nesting is refused like any other broken body."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as e:
            raise ParseError from e


class OnlyRenderer(BaseContentNegotiation):
    """The API speaks one form, whatever the caller would like to get."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        matching = (p for p in parsers if p.media_type == request.content_type.partition(";")[0])
        return next(matching, None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type
