from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import second_factor

# What leads to a second factor, or out.
_ON_THE_WAY = {
    "account_logout",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_reauthenticate",
    "set_language",
}


class UserLanguageMiddleware:
    """Who is signed in gets the language of their profile, on every device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language
        return self.get_response(request)


class SecondFactorMiddleware:
    """Whose role must have a second factor turns it on before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        match = request.resolver_match
        if not request.user.is_authenticated or (match and match.view_name in _ON_THE_WAY):
            return None
        if not second_factor.is_missing(request.user):
            return None
        if request.method != "GET":
            raise PermissionDenied
        messages.warning(request, _("Your role needs a second factor: turn it on to go on."))
        return redirect("mfa_activate_totp")
