"""How a user likes the workspace, kept with the user."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.models import User
from inbox.look import remember
from inbox.views.access import Request


@login_required
@require_POST
def look(request: Request) -> HttpResponse:
    """Set the theme or the density; anything else is ignored."""
    user = request.user
    theme, density = request.POST.get("theme"), request.POST.get("density")
    if theme in User.Theme.values:
        user.theme = theme
    if density in User.Density.values:
        user.density = density
    user.save(update_fields=["theme", "density"])
    response = HttpResponse(status=204)
    remember(response, user.theme)
    return response
