"""The theme on pages of nobody in particular, such as the sign-in: remembered by the browser."""

from django.conf import settings
from django.http import HttpResponse

from accounts.models import User


def remember(response: HttpResponse, theme: str) -> None:
    """Keep the theme in a cookie; one that follows the system needs none."""
    if theme == User.Theme.AUTO:
        response.delete_cookie("theme")
        return
    response.set_cookie(
        "theme",
        theme,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
