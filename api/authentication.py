"""Who calls: a program by its key, or somebody's browser by its session (with CSRF)."""

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import keys
from accounts.models import ApiKey, User


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer hd_<prefix>_<secret>`; without the header it is not our business."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        key = keys.authenticate(header)
        if key is None:
            raise AuthenticationFailed(_("This key is not valid (any more)."))
        prefetch_related_objects([key], "shop_limits")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
