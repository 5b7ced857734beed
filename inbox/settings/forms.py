"""Forms of the settings."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import people, scopes
from accounts.models import Invitation, Role, Team, User
from crm.models import CustomerField, Shop
from helpdesk.polish import slug
from tickets.models import Reason, Tag


class _NamedForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A thing with a name and a short one, which is made of the name unless it is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        self.fields["slug"].help_text = _(
            "Used in the API and in addresses. Left empty, it is made of the name."
        )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("slug") and "slug" not in self.errors and (name := data.get("name")):
            data["slug"] = self._free_slug(slug(name)[:45] or "x")
        return data

    def _free_slug(self, wanted: str) -> str:
        others = type(self.instance)._default_manager.exclude(pk=self.instance.pk)
        taken = set(others.filter(slug__startswith=wanted).values_list("slug", flat=True))
        numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
        return next(each for each in (wanted, *numbered) if each not in taken)


class TeamForm(_NamedForm):
    members = forms.ModelMultipleChoiceField(
        label=_("Members"),
        queryset=User.objects.active(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Team
        fields = ["name", "slug"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["members"] = list(self.instance.members.active())

    def save(self, commit: bool = True) -> Team:
        team: Team = super().save(commit)
        people.set_members(team, self.cleaned_data["members"])
        return team


class ShopForm(_NamedForm):
    locale = forms.ChoiceField(label=_("Language of the customers"), choices=User.Language.choices)
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        initial=settings.TIME_ZONE,
        choices=lambda: [(n, n) for n in sorted(zoneinfo.available_timezones())],
    )

    class Meta:
        model = Shop
        fields = ["name", "slug", "locale", "timezone", "teams"]
        widgets = {"teams": forms.CheckboxSelectMultiple}
        labels = {"teams": _("Teams that serve this shop")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].required = False


class TagForm(_NamedForm):
    class Meta:
        model = Tag
        fields = ["name", "slug"]


class ReasonForm(_NamedForm):
    class Meta:
        model = Reason
        fields = ["name", "slug", "active"]


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Invitation
        fields = ["email", "name", "role", "teams"]
        widgets = {"teams": forms.CheckboxSelectMultiple}


class UserForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = User
        fields = ["name", "email", "role", "teams"]
        widgets = {"teams": forms.CheckboxSelectMultiple}


class KeyForm(forms.Form):
    """A new API key. What the scopes may be follows from the role of the chosen user."""

    name = forms.CharField(label=_("What the key is for"), max_length=100)
    user = forms.ModelChoiceField(
        label=_("Acts as"), queryset=User.objects.active(), empty_label=None
    )
    scopes = forms.MultipleChoiceField(
        label=_("May do"),
        required=False,
        choices=[(scope, scope) for scope in scopes.of_role(Role.ADMIN)],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen means all that the user's role allows, but “admin”."),
    )
    shops = forms.ModelMultipleChoiceField(
        label=_("Only these shops"),
        queryset=Shop.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen means all shops."),
    )
    expires_on = forms.DateField(
        label=_("Expires on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


class CustomerFieldForm(_NamedForm):
    class Meta:
        model = CustomerField
        fields = ["name", "slug"]
