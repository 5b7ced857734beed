"""Prepared answers: who may use them, what they say, and how they look filled in."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import User
from accounts.requests import SignedInRequest
from inbox.forms import FilesField
from inbox.settings.access import supervisors
from tickets import attaching
from tickets.automation import placeholders
from tickets.models import Attachment, CannedReply


class CannedReplyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """`kept` names the files that stay; `added` are new ones."""

    kept = forms.ModelMultipleChoiceField(
        label=_("Files"), queryset=Attachment.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    added = FilesField(label=_("Add files"), required=False)

    class Meta:
        model = CannedReply
        fields = ["name", "folder", "body", "teams", "shops"]
        widgets = {
            "body": forms.Textarea(attrs={"rows": 10}),
            "teams": forms.CheckboxSelectMultiple,
            "shops": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.instance.pk and self.instance.files.exists():
            self.fields["kept"].queryset = self.instance.files.order_by("pk")  # type: ignore[attr-defined]
            self.initial["kept"] = list(self.instance.files.all())
        else:
            del self.fields["kept"]
        if not user.is_admin_role:
            own = self.fields["teams"]
            own.queryset, own.required = user.teams.all(), True  # type: ignore[attr-defined]

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        if names := placeholders.unknown(body):
            raise ValidationError(
                _("Nothing is known as: %(names)s.") % {"names": ", ".join(names)}
            )
        return body

    def save(self, commit: bool = True) -> CannedReply:
        reply: CannedReply = super().save(commit)
        dropped = reply.files.exclude(
            pk__in=[file.pk for file in self.cleaned_data.get("kept", ())]
        )
        dropped.update(canned_reply=None)
        for file in self.cleaned_data["added"]:
            stored = attaching.upload(file.read(), file.name or "", user=self.user)
            Attachment.objects.filter(pk=stored.pk).update(canned_reply=reply)
        return reply


@supervisors
def replies(request: SignedInRequest) -> HttpResponse:
    found = CannedReply.objects.visible_to(request.user).prefetch_related("teams", "shops", "files")
    editable = set(CannedReply.objects.editable_by(request.user).values_list("pk", flat=True))
    context = {"settings_section": "canned", "replies": found, "editable": editable}
    return render(request, "settings/canned.html", context)


@supervisors
def edit(request: SignedInRequest, public_id: str = "") -> HttpResponse:
    """The form of a new one, or of one that the user may change."""
    editable = CannedReply.objects.editable_by(request.user)
    reply = get_object_or_404(editable, public_id=public_id) if public_id else None
    form = CannedReplyForm(
        request.POST or None, request.FILES or None, instance=reply, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        _save(form, request)
        messages.success(request, _("Saved."))
        return redirect("settings:canned")
    context = {
        "settings_section": "canned",
        "form": form,
        "reply": reply,
        "folders": CannedReply.objects.exclude(folder="")
        .values_list("folder", flat=True)
        .distinct(),
        "placeholders": placeholders.known(),
    }
    return render(
        request, "settings/canned_reply.html", context, status=422 if form.errors else 200
    )


@supervisors
@require_POST
def preview(request: SignedInRequest) -> HttpResponse:
    """The text as a customer may get it."""
    text = placeholders.fill_with_samples(request.POST.get("body", "")[:20_000])
    return render(request, "settings/_canned_preview.html", {"text": text})


@supervisors
@require_POST
def remove(request: SignedInRequest, public_id: str) -> HttpResponse:
    reply = get_object_or_404(CannedReply.objects.editable_by(request.user), public_id=public_id)
    with transaction.atomic():
        audit.record("canned_reply.removed", by=request.user, on=reply, before={"name": reply.name})
        reply.delete()
    messages.success(request, _("“%(name)s” is removed.") % {"name": reply})
    return redirect("settings:canned")


@transaction.atomic
def _save(form: CannedReplyForm, request: SignedInRequest) -> None:
    verb = "changed" if form.instance.pk else "created"
    changes = audit.changes(form)
    reply = form.save()
    audit.record(f"canned_reply.{verb}", by=request.user, on=reply, **changes)
