"""Who may open which page of the settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from accounts.models import Role
from accounts.requests import SignedInRequest

View = TypeVar("View", bound=Callable[..., HttpResponse])


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Only these roles open the view: others get 403, and who is not signed in the sign-in."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.role not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]  # the same arguments, which TypeVar cannot say

    return decorate


admins = for_roles(Role.ADMIN)
supervisors = for_roles(Role.SUPERVISOR, Role.ADMIN)
