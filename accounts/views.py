"""Pages of people who are on their way in: signing in, joining, the first start."""

from typing import Any

from allauth.account import views as allauth_views
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import inviting, setup
from accounts.errors import LinkNotValid
from accounts.forms import FirstAdminForm, NewUserForm

_WAIT_S = 300


class LoginView(allauth_views.LoginView):
    """allauth's sign-in; too many wrong passwords for one account answer 429."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if form.has_error("__all__", "too_many_login_attempts"):
            response.status_code = 429
            response["Retry-After"] = str(_WAIT_S)
        return response


class LogoutView(allauth_views.LogoutView):
    """allauth's sign-out; the browser forgets what it kept of our pages."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


login = LoginView.as_view()
logout = LogoutView.as_view()


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation."""
    try:
        invitation = inviting.find(token)
        form = NewUserForm(
            request.POST or None, address=invitation.email, initial={"name": invitation.name}
        )
        if request.method == "POST" and form.is_valid():
            inviting.accept(token, **form.cleaned_data)
            return _welcome(request)
    except LinkNotValid as e:
        return _link_not_valid(request, e)
    context = {"form": form, "email": invitation.email}
    return render(request, "accounts/join.html", context, status=_status(form))


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def first_admin(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first admin of a new installation."""
    try:
        setup.check(token)
        form = FirstAdminForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            setup.create_first_admin(token, **form.cleaned_data)
            return _welcome(request)
    except LinkNotValid as e:
        return _link_not_valid(request, e)
    return render(request, "accounts/setup.html", {"form": form}, status=_status(form))


def _status(form: NewUserForm) -> int:
    return 422 if form.is_bound else 200


def _welcome(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Your account is ready. Sign in with your new password."))
    return redirect("account_login")


def _link_not_valid(request: HttpRequest, error: LinkNotValid) -> HttpResponse:
    return render(request, "accounts/link_not_valid.html", {"error": str(error)}, status=410)
