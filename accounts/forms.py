"""Forms of those who are not signed in yet."""

from functools import partial
from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import tasks
from accounts.models import User


class LoginForm(allauth_forms.LoginForm):
    """allauth's, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = format_html(
            '<a href="{}">{}</a>', reverse("account_reset_password"), _("Forgotten password?")
        )


class ResetPasswordForm(forms.Form):
    """Ask for a new password; says nothing about whether the address is known."""

    email = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        user = User.objects.active().filter(email=email).only("pk").first()
        transaction.on_commit(partial(tasks.send_password_reset.delay, user.pk if user else None))
        return email


class NewUserForm(forms.Form):
    """Name and password of somebody who joins; the address is known from their invitation."""

    name = forms.CharField(
        label=_("First name and surname"),
        max_length=150,
        help_text=_("As customers will see it under your answers."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=lazy(password_validators_help_text_html, str)(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, address: str = "", **kwargs: Any) -> None:
        self.address = address
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        person = User(email=data.get("email", self.address), name=data.get("name", ""))
        if password := data.get("password"):
            try:
                validate_password(password, person)
            except forms.ValidationError as e:
                self.add_error("password", e)
        return data


class FirstAdminForm(NewUserForm):
    """The first user of all, who brings their own address."""

    email = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    field_order = ["email", "name", "password"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody with this address has an account already."))
        return email
