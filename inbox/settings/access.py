"""Who may open which page of the settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from accounts.requests import SignedInRequest

View = TypeVar("View", bound=Callable[..., HttpResponse])


def admins(view: View) -> View:
    """Only administrators open the view: others get 403, and who is not signed in the sign-in."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_admin_role:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]  # the same arguments, which TypeVar cannot say


def sure(view: View) -> View:
    """Ask for the password (or a code) again before a post, if it was not given lately."""
    return reauthentication_required(allow_get=True, app="accounts")(view)  # type: ignore[no-any-return]
