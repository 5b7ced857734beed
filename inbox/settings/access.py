"""Who may open which page of the settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from accounts.models import Role
from accounts.requests import SignedInRequest

View = TypeVar("View", bound=Callable[..., HttpResponse])


def admins(view: View) -> View:
    """Only administrators open the view: others get 403, and who is not signed in the sign-in."""
    return _only(view, {Role.ADMIN})


def supervisors(view: View) -> View:
    """Supervisors and administrators: what teams share in their work."""
    return _only(view, {Role.SUPERVISOR, Role.ADMIN})


def _only(view: View, roles: set[Role]) -> View:
    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.role not in roles:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]  # the same arguments, which TypeVar cannot say


def sure(view: View) -> View:
    """Ask for the password (or a code) again before a post, if it was not given lately."""
    return reauthentication_required(allow_get=True, app="accounts")(view)  # type: ignore[no-any-return]
