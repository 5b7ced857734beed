"""The widget's addresses: loader, frame, and the JSON API that the chat in the frame speaks.

Everything but the loader checks where it is called from. The visitor's token comes in a header.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from channels_ingest.chat import (
    conversing,
    forms,
    frames,
    limits,
    mailing,
    origins,
    pages,
    serving,
    sessions,
    tokens,
    widgets,
    words,
)
from channels_ingest.chat.models import ChatSession
from channels_ingest.chat.problems import Problem
from channels_ingest.chat.widgets import Widget

MOST_BYTES = 64 * 1024
_LOADER = "dist/widget/loader.js"
_LOADER_AGE_S = 300
_LONGEST_WAIT_S = 25
_POLL_EVERY_S = 1.0
_NOTHING_YET = 204
_SCORES = (1, 2, 3, 4, 5)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Widget, P], HttpResponse]


# -- What every view shares


def for_widget(view: View[P]) -> Callable[..., HttpResponse]:
    """Find the widget, check the page that asks, and answer a `Problem` as its code."""

    @csrf_exempt
    @wraps(view)
    def guarded(
        request: HttpRequest, channel: uuid.UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        try:
            widget = widgets.find(channel)
            check_origin(request, widget)
            response = view(request, widget, *args, **kwargs)
        except Problem as problem:
            response = refusal(problem)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


def check_origin(request: HttpRequest, widget: Widget) -> None:
    """Raises `Problem`. Browsers name the origin of all but a plain GET to their own site."""
    origin = request.headers.get("Origin", "")
    if not origin and request.method in ("GET", "HEAD"):
        return
    if not origins.is_allowed(origin, widget.origins, own=[own_origin(request)]):
        raise Problem("origin_not_allowed")


def own_origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def refusal(problem: Problem) -> JsonResponse:
    response = JsonResponse(problem.as_dict(), status=problem.status)
    if problem.retry_after:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object. Raises `Problem`."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        raise Problem("payload_too_large")
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed") from error
    if not isinstance(data, dict):
        raise Problem("malformed")
    return data


def visitor(request: HttpRequest, widget: Widget) -> ChatSession:
    """The session of the token in the header. Raises `Problem("session_expired")`."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Problem("session_expired")
    return tokens.session_of(token, widget.channel)


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


# -- The shop's page


@require_GET
def loader(request: HttpRequest, channel: uuid.UUID) -> HttpResponse:
    """The script that the shop's pages load: the widget's config in front of the built loader."""
    try:
        widget = widgets.find(channel)
    except Problem as problem:
        return HttpResponse(status=problem.status, content_type="text/javascript")
    config = json.dumps(widgets.loader_config(widget, words.for_loader())).replace("<", "\\u003c")
    script = f"(()=>{{const OKIENKO={config};\n{_built_loader()}}})();\n"
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={_LOADER_AGE_S}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _built_loader() -> str:
    found = finders.find(_LOADER)
    if not isinstance(found, str):
        raise FileNotFoundError(f"{_LOADER} is not built: run `npm run build`")
    return Path(found).read_text(encoding="utf-8")


@require_GET
@xframe_options_exempt
@for_widget
def frame(request: HttpRequest, widget: Widget) -> HttpResponse:
    """The page in the frame: everything the visitor sees of the chat."""
    parent = request.GET.get("origin") or own_origin(request)
    if not origins.is_allowed(parent, widget.origins, own=[own_origin(request)]):
        raise Problem("origin_not_allowed")
    language = request.GET.get("lang", "")
    if language not in words.LANGUAGES:
        language = widget.channel.shop.locale
    with translation.override(language):
        response = render(
            request,
            "widget/frame.html",
            {
                "widget": widget,
                "ink": widgets.ink(widget.color),
                "parent": parent,
                "language": translation.get_language(),
                "words": words.for_frame(),
                "hours": widget.opening.week_in_words,
                "prechat": _asked(widget, ["message"]) if widget.prechat else [],
                "offline": _asked(widget, ["name", "email", "message"]),
                "scores": list(zip(_SCORES, _score_names(), strict=True)),
            },
        )
    response.headers["Content-Security-Policy"] = _frame_policy(request, widget)
    return response


def _asked(widget: Widget, always: list[str]) -> list[dict[str, Any]]:
    """The fields of a form in their order, with what a browser should know of each."""
    _ = translation.gettext
    known = {
        "name": (_("First name"), "text", "name", 200),
        "email": (_("E-mail"), "email", "email", 254),
        "phone": (_("Phone"), "tel", "tel", 50),
        "order_ref": (_("Order number"), "text", "off", 64),
        "message": (_("How can we help?"), "text", "off", 10_000),
    }
    required = {*widget.required, *always}
    return [
        {
            "name": name,
            "label": label,
            "type": kind,
            "autocomplete": autocomplete,
            "longest": longest,
            "required": name in required,
        }
        for name, (label, kind, autocomplete, longest) in known.items()
        if name in required or name in widget.optional
    ]


def _score_names() -> list[str]:
    _ = translation.gettext
    return [_("very badly"), _("badly"), _("all right"), _("well"), _("very well")]


def _frame_policy(request: HttpRequest, widget: Widget) -> str:
    socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    parents = " ".join(["'self'", settings.BASE_URL, *widget.origins])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src 'self' {socket}; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {parents}; require-trusted-types-for 'script'; trusted-types 'none'"
    )


@require_POST
@for_widget
def trigger(request: HttpRequest, widget: Widget) -> HttpResponse:
    """An invitation was shown: counted, and nothing else is kept."""
    known = {str(item.get("id")) for item in widget.triggers}
    name = pages.short(json_body(request).get("id"))
    limits.take(limits.TRIGGERS, limits.network(address_of(request)))
    if name in known:
        sessions.count(widget.channel, f"trigger:{name}")
    return HttpResponse(status=204)


# -- The session


@for_widget
def session(request: HttpRequest, widget: Widget) -> HttpResponse:
    """Start or resume. The one address that the shop's own pages may call as well (CORS)."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "content-type"
        response.headers["Access-Control-Max-Age"] = "600"
    elif request.method == "POST":
        response = JsonResponse(_started(request, widget))
    else:
        return HttpResponse(status=405)
    response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    patch_vary_headers(response, ["Origin"])
    return response


def _started(request: HttpRequest, widget: Widget) -> dict[str, Any]:
    data = json_body(request)
    language = str(data.get("locale") or "")[:2]
    token = data.get("resume_token")
    chat = sessions.start(
        widget,
        resume_token=token if isinstance(token, str) else None,
        identity=data.get("identity"),
        language=language if language in words.LANGUAGES else "",
        address=address_of(request),
    )
    sessions.seen(chat)
    with translation.override(chat.language or widget.channel.shop.locale):
        answer = {
            "visitor_id": chat.visitor,
            "resume_token": tokens.issue(chat),
            "expires_at": chat.expires_at.isoformat(),
            "config": widgets.session_config(widget),
            "conversation": sessions.snapshot(chat),
        }
    last_seq = data.get("last_seq")
    if isinstance(last_seq, int):
        answer |= conversing.resumed(chat, last_seq)
    return answer


@require_POST
@for_widget
def prechat(request: HttpRequest, widget: Widget) -> HttpResponse:
    data = json_body(request)
    ack = forms.begin(
        widget,
        visitor(request, widget),
        data,
        page=pages.tame(data.get("page")),
        trigger=pages.short(data.get("trigger")),
        address=address_of(request),
    )
    return JsonResponse(ack, status=201)


@require_POST
@for_widget
def offline(request: HttpRequest, widget: Widget) -> HttpResponse:
    data = json_body(request)
    chat = visitor(request, widget) if request.headers.get("Authorization") else None
    with translation.override(widget.channel.shop.locale):
        forms.leave(
            widget, chat, data, page=pages.tame(data.get("page")), address=address_of(request)
        )
    return JsonResponse({"status": "accepted"}, status=202)


@require_POST
@for_widget
def transcript(request: HttpRequest, widget: Widget) -> HttpResponse:
    data = json_body(request)
    mailing.ask_for_transcript(
        visitor(request, widget), data.get("conversation"), data.get("email")
    )
    return JsonResponse({"status": "accepted"}, status=202)


@require_POST
@for_widget
def files(request: HttpRequest, widget: Widget) -> HttpResponse:
    """Take an upload; the token is checked before the body is read."""
    chat = visitor(request, widget)
    if chat.last_seq == 0:
        raise Problem("conversation_required")
    most = widget.max_upload_mb * 1024 * 1024 + MOST_BYTES
    if int(request.headers.get("Content-Length") or 0) > most:
        raise Problem("file_too_large")
    limits.take(limits.UPLOADS, chat.visitor)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Problem("field_required", "file")
    return JsonResponse(serving.take(widget, chat, file), status=201)


@require_GET
def file(request: HttpRequest, public_id: uuid.UUID, until: int, signature: str) -> HttpResponse:
    try:
        return serving.response(public_id, until, signature)
    except Problem as problem:
        return refusal(problem)


# -- The conversation


@require_GET
@for_widget
def history(request: HttpRequest, widget: Widget) -> HttpResponse:
    chat = visitor(request, widget)
    before = _number(request, "before", chat.last_seq + 1)
    events, has_earlier = conversing.page_before(chat, before)
    return JsonResponse({"events": events, "has_earlier": has_earlier})


@csrf_exempt
async def events(request: HttpRequest, channel: uuid.UUID) -> HttpResponse:
    """GET waits for what is new (where sockets do not get through), POST takes one frame."""
    if request.method == "POST":
        return await sync_to_async(take_frame)(request, channel)
    if request.method != "GET":
        return HttpResponse(status=405)
    give_up = time.monotonic() + min(_number(request, "wait", 0), _LONGEST_WAIT_S)
    look = sync_to_async(new_events)
    while True:
        last = time.monotonic() >= give_up
        response = await look(request, channel, last=last)
        if last or response.status_code != _NOTHING_YET:
            return response
        # A request that sleeps holds no connection that others could use.
        await sync_to_async(_release_connection)()
        await asyncio.sleep(_POLL_EVERY_S)


def _release_connection() -> None:
    if not connection.in_atomic_block:
        connection.close()


@for_widget
def new_events(request: HttpRequest, widget: Widget, *, last: bool) -> HttpResponse:
    """What came after `after`; without news, and unless this is the `last` look, an empty 204."""
    chat = visitor(request, widget)
    sessions.seen(chat)
    body = conversing.resumed(chat, _number(request, "after", 0))
    news = body.pop("missed")
    if not (news or last or "reload" in body):
        return HttpResponse(status=_NOTHING_YET)
    # What agents have read meanwhile has no number, and rides along.
    read = {"type": "message.read", "up_to_seq": chat.agent_read_seq, "by": "agent"}
    return JsonResponse({"events": [*news, read], **body})


@for_widget
def take_frame(request: HttpRequest, widget: Widget) -> HttpResponse:
    chat = visitor(request, widget)
    answer = frames.handle(chat, json_body(request), address=address_of(request))
    return JsonResponse(answer or {})


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else default


urlpatterns = [
    path("widget/<uuid:channel>.js", loader, name="widget-loader"),
    path(
        "widget-api/files/<uuid:public_id>/<int:until>/<str:signature>/", file, name="widget-file"
    ),
    path("widget-api/<uuid:channel>/frame/", frame, name="widget-frame"),
    path("widget-api/<uuid:channel>/session/", session, name="widget-session"),
    path("widget-api/<uuid:channel>/prechat/", prechat, name="widget-prechat"),
    path("widget-api/<uuid:channel>/offline/", offline, name="widget-offline"),
    path("widget-api/<uuid:channel>/transcript/", transcript, name="widget-transcript"),
    path("widget-api/<uuid:channel>/files/", files, name="widget-files"),
    path("widget-api/<uuid:channel>/history/", history, name="widget-history"),
    path("widget-api/<uuid:channel>/events/", events, name="widget-events"),
    path("widget-api/<uuid:channel>/triggers/", trigger, name="widget-triggers"),
]
