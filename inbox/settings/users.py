"""Users and invitations."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import audit, inviting, people, sessions
from accounts.errors import AddressTaken, LastAdmin
from accounts.models import Invitation, Role, User
from accounts.requests import SignedInRequest
from inbox.settings.access import admins, sure
from inbox.settings.forms import InviteForm, UserForm


@admins
def users(request: SignedInRequest) -> HttpResponse:
    second_factor = Authenticator.objects.filter(user=OuterRef("pk"), type="totp")
    rows = User.objects.get_queryset().prefetch_related("teams")
    context = {
        "settings_section": "users",
        "users": rows.annotate(has_second_factor=Exists(second_factor)),
        "invitations": Invitation.objects.open().select_related("invited_by"),
    }
    return render(request, "settings/users.html", context)


@admins
@sure
@never_cache
def invite(request: SignedInRequest) -> HttpResponse:
    """Invite somebody; the link is mailed, and shown once for where mail does not work."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation, link = inviting.invite(**form.cleaned_data, by=request.user)
        except AddressTaken as e:
            form.add_error("email", str(e))
        else:
            context = {"invitation": invitation, "link": link, "sent": _send(invitation, link)}
            return render(
                request, "settings/invited.html", {"settings_section": "users", **context}
            )
    context = {"settings_section": "users", "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "settings/invite.html", context, status=status)


@admins
@require_POST
def invitation_withdraw(request: SignedInRequest, public_id: str) -> HttpResponse:
    invitation = get_object_or_404(Invitation, public_id=public_id, accepted_at=None)
    inviting.withdraw(invitation, by=request.user)
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("settings:users")


@admins
@sure
def user_edit(request: SignedInRequest, public_id: str) -> HttpResponse:
    user = get_object_or_404(User, public_id=public_id)
    form = UserForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        try:
            _save(form.cleaned_data, User.objects.get(pk=user.pk), request)
            messages.success(request, _("Saved."))
            return redirect("settings:users")
        except LastAdmin as e:
            form.add_error("role", str(e))
    context = {
        "settings_section": "users",
        "form": form,
        "person": User.objects.get(pk=user.pk),
        "has_second_factor": Authenticator.objects.filter(user=user).exists(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "settings/user.html", context, status=status)


@admins
@sure
@require_POST
def user_deactivate(request: SignedInRequest, public_id: str) -> HttpResponse:
    user = get_object_or_404(User, public_id=public_id)
    try:
        people.deactivate(user, by=request.user)
        messages.success(request, _("%(name)s can no longer sign in.") % {"name": user})
    except LastAdmin as e:
        messages.error(request, str(e))
    return redirect("settings:users")


@admins
@sure
@require_POST
def user_reactivate(request: SignedInRequest, public_id: str) -> HttpResponse:
    user = get_object_or_404(User, public_id=public_id)
    people.reactivate(user, by=request.user)
    messages.success(request, _("%(name)s can sign in again.") % {"name": user})
    return redirect("settings:users")


@admins
@sure
@require_POST
@transaction.atomic
def user_end_sessions(request: SignedInRequest, public_id: str) -> HttpResponse:
    user = get_object_or_404(User, public_id=public_id)
    sessions.end_all(user)
    audit.record("user.sessions_ended", by=request.user, on=user)
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": user})
    return redirect("settings:users")


@admins
@sure
@require_POST
@transaction.atomic
def user_drop_second_factor(request: SignedInRequest, public_id: str) -> HttpResponse:
    """For somebody who lost their phone and their recovery codes."""
    user = get_object_or_404(User, public_id=public_id)
    Authenticator.objects.filter(user=user).delete()
    audit.record("user.second_factor_dropped", by=request.user, on=user)
    sessions.end_all(user)
    messages.success(request, _("%(name)s signs in by password alone now.") % {"name": user})
    return redirect("settings:users")


def _send(invitation: Invitation, link: str) -> bool:
    try:
        inviting.send(invitation, link)
    except OSError:
        return False
    return True


@transaction.atomic
def _save(data: dict[str, Any], user: User, request: SignedInRequest) -> None:
    people.rename(user, name=data["name"], email=data["email"], by=request.user)
    people.change_access(user, role=Role(data["role"]), teams=data["teams"], by=request.user)
