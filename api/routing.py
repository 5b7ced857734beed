"""How an app's view becomes an address of the API."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLPattern, path, resolve
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import once
from helpdesk.rest.views import View


def endpoint(route: str, view: type[View], name: str) -> URLPattern:
    """An address; what it creates by POST is created once for one Idempotency-Key."""
    if post := getattr(view, "post", None):
        view = type(view.__name__, (view,), {"post": once(post), "__doc__": view.__doc__})
    return path(route, view.as_view(), name=name)


class Nothing(APIView):
    """The problem of an address that does not exist."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound

    def get(self, request: Request) -> Response:
        raise NotFound


_nothing = Nothing.as_view()


def otherwise(request: HttpRequest) -> HttpResponse:
    """Whatever no other address takes: the one with the slash that is missing, or a problem."""
    try:
        match = resolve(f"{request.path_info}/")
    except Resolver404:
        return _nothing(request)
    if request.path_info.endswith("/") or match.func is otherwise:
        return _nothing(request)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response


otherwise.csrf_exempt = True  # type: ignore[attr-defined]  # as DRF's own views: keys need no CSRF
