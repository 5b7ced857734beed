"""Shops, teams, tags and contact reasons: simple things with a list, a form and a way out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Model, ProtectedError, QuerySet
from django.forms import ModelForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import audit, people
from accounts.errors import RuleBroken
from accounts.models import Team
from accounts.requests import SignedInRequest
from crm.models import CustomerField, Shop
from inbox.settings.access import admins
from inbox.settings.forms import CustomerFieldForm, ReasonForm, ShopForm, TagForm, TeamForm
from tickets import reasons
from tickets.models import Reason, Tag


@dataclass(frozen=True)
class Things:
    """One sort of thing: its pages at /settings/<section>/ and its words."""

    section: str
    name: str
    form: type[ModelForm]  # type: ignore[type-arg]  # not generic at run time
    rows: Callable[[], QuerySet[Any]]
    title: str | Promise
    add: str | Promise

    @property
    def template(self) -> str:
        return f"settings/{self.section}.html"


TEAMS = Things(
    section="teams",
    name="team",
    form=TeamForm,
    rows=lambda: Team.objects.annotate(member_count=Count("members")),
    title=gettext_lazy("Teams"),
    add=gettext_lazy("Add a team"),
)
SHOPS = Things(
    section="shops",
    name="shop",
    form=ShopForm,
    rows=lambda: Shop.objects.prefetch_related("teams").annotate(
        channel_count=Count("channels", distinct=True)
    ),
    title=gettext_lazy("Shops"),
    add=gettext_lazy("Add a shop"),
)
TAGS = Things(
    section="tags",
    name="tag",
    form=TagForm,
    rows=Tag.objects.all,
    title=gettext_lazy("Tags"),
    add=gettext_lazy("Add a tag"),
)
REASONS = Things(
    section="reasons",
    name="reason",
    form=ReasonForm,
    rows=Reason.objects.all,
    title=gettext_lazy("Contact reasons"),
    add=gettext_lazy("Add a reason"),
)
FIELDS = Things(
    section="fields",
    name="field",
    form=CustomerFieldForm,
    rows=CustomerField.objects.all,
    title=gettext_lazy("Customer fields"),
    add=gettext_lazy("Add a field"),
)


@admins
def listing(request: SignedInRequest, things: Things) -> HttpResponse:
    context = {"settings_section": things.section, "things": things, "rows": things.rows()}
    return render(request, things.template, context)


@admins
def edit(request: SignedInRequest, things: Things, slug: str = "") -> HttpResponse:
    """The form of a new thing, or of one that exists."""
    thing = get_object_or_404(things.rows(), slug=slug) if slug else None
    form = things.form(request.POST or None, instance=thing)
    if request.method == "POST" and form.is_valid():
        _save(form, things, request)
        messages.success(request, _("Saved."))
        return redirect(f"settings:{things.section}")
    context = {"settings_section": things.section, "things": things, "form": form, "thing": thing}
    status = 422 if form.is_bound else 200
    return render(request, "settings/thing.html", context, status=status)


@admins
@require_POST
def remove(request: SignedInRequest, things: Things, slug: str) -> HttpResponse:
    thing = get_object_or_404(things.rows(), slug=slug)
    try:
        _remove(thing, things, request)
    except ProtectedError:
        messages.error(
            request, _("“%(name)s” is still in use, so it cannot be removed.") % {"name": thing}
        )
        return redirect(f"settings:{things.name}-edit", slug)
    except RuleBroken as e:
        messages.error(request, str(e))
        return redirect(f"settings:{things.name}-edit", slug)
    messages.success(request, _("“%(name)s” is removed.") % {"name": thing})
    return redirect(f"settings:{things.section}")


@admins
@require_POST
def make_default_team(request: SignedInRequest, slug: str) -> HttpResponse:
    team = get_object_or_404(Team, slug=slug)
    people.make_default(team, by=request.user)
    messages.success(
        request, _("Tickets that belong to no other team go to %(team)s now.") % {"team": team}
    )
    return redirect("settings:teams")


@admins
@require_POST
def add_usual_reasons(request: SignedInRequest) -> HttpResponse:
    count = reasons.add_usual(by=request.user)
    messages.success(request, _("Added: %(count)s.") % {"count": count})
    return redirect("settings:reasons")


def urls(things: Things) -> Iterable[URLPattern]:
    base, extra = f"settings/{things.section}/", {"things": things}
    yield path(base, listing, extra, name=things.section)
    yield path(f"{base}new/", edit, extra, name=f"{things.name}-new")
    yield path(f"{base}<slug:slug>/", edit, extra, name=f"{things.name}-edit")
    yield path(f"{base}<slug:slug>/remove/", remove, extra, name=f"{things.name}-remove")


@transaction.atomic
def _save(form: Any, things: Things, request: SignedInRequest) -> None:
    verb = "changed" if form.instance.pk else "created"
    thing: Model = form.save()
    audit.record(f"{things.name}.{verb}", by=request.user, on=thing, **audit.changes(form))


@transaction.atomic
def _remove(thing: Model, things: Things, request: SignedInRequest) -> None:
    if isinstance(thing, Team):
        people.remove_team(thing, by=request.user)
        return
    audit.record(f"{things.name}.removed", by=request.user, on=thing, before={"name": str(thing)})
    thing.delete()
