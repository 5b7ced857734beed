"""My account: what everybody sets for themselves."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from accounts import people, sessions
from accounts.models import User
from accounts.requests import SignedInRequest
from inbox import look


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = User
        fields = ["name", "language", "theme", "density"]


@login_required
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        return _saved(form, request)
    own = UserSession.objects.purge_and_list(request.user)
    context = {
        "settings_section": "profile",
        "form": form,
        "sessions": sorted(own, key=lambda session: session.last_seen_at, reverse=True),
        "second_factors": set(
            Authenticator.objects.filter(user=request.user).values_list("type", flat=True)
        ),
    }
    status = 422 if form.is_bound else 200
    return render(request, "settings/profile.html", context, status=status)


@login_required
@require_POST
def session_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one of the own sessions; the one in use is ended by signing out."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    sessions.end(session)
    messages.success(request, _("The session is ended."))
    return redirect("settings:profile")


@login_required
@require_POST
def sessions_end_others(request: SignedInRequest) -> HttpResponse:
    for session in UserSession.objects.filter(user=request.user):
        if not session.is_current():
            sessions.end(session)
    messages.success(request, _("All other sessions are ended."))
    return redirect("settings:profile")


def _saved(form: ProfileForm, request: SignedInRequest) -> HttpResponse:
    people.save_profile(form.instance)
    with override(form.instance.language):
        messages.success(request, _("Saved."))
    response = redirect("settings:profile")
    look.remember(response, form.instance.theme)
    return response
