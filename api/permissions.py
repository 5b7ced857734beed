from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import scopes
from accounts.callers import key_of, user_of


class HasScope(BasePermission):
    """The view's scope for this method, by the role of the user and the scopes of the key."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        # A method without a scope is one that the view does not have: 405 says so afterwards.
        scope = view.scopes.get("GET" if request.method == "HEAD" else str(request.method))
        if scope is None:
            return True
        key = key_of(request)
        if key is not None:
            return scopes.allows(key, scope)
        return scope in scopes.of_role(user_of(request).role)
