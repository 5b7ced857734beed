from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from crm.models import Customer, CustomerField
from tickets.models import Attachment, Channel, Participant, Reason, SavedDraft, Tag, Ticket

# The largest that any channel takes; the channel's own limit is checked when sending.
LARGEST_FILE = 25 * 1024 * 1024


class _Several(forms.SelectMultiple):
    """Several values; an empty one says that there is none, since a form cannot send nothing."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        values: list[str] = super().value_from_datadict(data, files, name) or []
        return [value for value in values if value]


class ParticipantForm(forms.Form):
    """What becomes of somebody whom a mail named: `take` them in, or leave them out."""

    participant = forms.ModelChoiceField(Participant.objects.none())
    take = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, participants: QuerySet[Participant]) -> None:
        super().__init__(data)
        field = cast("forms.ModelChoiceField[Participant]", self.fields["participant"])
        field.queryset = participants.exclude(role=Participant.Role.REQUESTER)


class ChangeForm(forms.Form):
    """One or more properties of a ticket; what is not named stays as it is."""

    status = forms.ChoiceField(choices=Ticket.Status.choices, required=False)
    priority = forms.ChoiceField(choices=Ticket.Priority.choices, required=False)
    assignee = forms.ModelChoiceField(User.objects.agents(), required=False)
    team = forms.ModelChoiceField(Team.objects.all(), required=False)
    reason = forms.ModelChoiceField(Reason.objects.filter(active=True), required=False)
    tags = forms.ModelMultipleChoiceField(Tag.objects.all(), required=False, widget=_Several)
    snoozed_until = forms.DateTimeField(
        required=False, input_formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M"]
    )
    spam = forms.BooleanField(required=False)
    subject = forms.CharField(required=False, max_length=500)

    # Without a value these keep what they have; the others are emptied.
    _NEVER_EMPTY = {"status", "priority", "team", "subject"}

    def clean_snoozed_until(self) -> Any:
        until = self.cleaned_data["snoozed_until"]
        if until is not None and until <= timezone.now():
            raise forms.ValidationError(_("Choose a moment that is still to come."))
        return until

    def clean(self) -> dict[str, Any]:
        for name in self._NEVER_EMPTY & self.data.keys():
            if name not in self.errors and not self.cleaned_data[name]:
                self.add_error(name, _("Choose a value."))
        return self.cleaned_data

    def changes(self) -> dict[str, Any]:
        """The named properties with their new values."""
        return {name: self.cleaned_data[name] for name in self.fields if name in self.data}

    def messages(self) -> list[str]:
        return [str(text) for texts in self.errors.values() for text in texts]


class _SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; the value is their list. None may be larger than a channel takes."""

    widget = _SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [super(FilesField, self).clean(file) for file in data or []]
        if any(file.size > LARGEST_FILE for file in files):
            raise forms.ValidationError(_("The file is larger than 25 MB."))
        return files


class _UploadsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg] # as above
    """Files that were uploaded before and wait for their message, by public id."""

    def __init__(self) -> None:
        super().__init__(Attachment.objects.none(), to_field_name="public_id", required=False)


class NoteForm(forms.Form):
    """What the composer sends. `key` is made by the page, once for each thing written."""

    body = forms.CharField(required=False, max_length=200_000, strip=True)
    key = forms.UUIDField(required=False)
    uploads = _UploadsField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Attachment.objects.filter(message=None, uploaded_by=user)
        self.fields["uploads"].queryset = own  # type: ignore[attr-defined]


class DraftForm(NoteForm):
    """What the composer holds so far."""

    kind = forms.ChoiceField(choices=SavedDraft.Kind.choices)


class ReplyForm(NoteForm):
    """`seen` is the newest message on the author's screen; left out, nobody is asked."""

    seen = forms.IntegerField(required=False)
    then = forms.ChoiceField(
        required=False,
        choices=[
            ("", ""),
            (Ticket.Status.SOLVED, Ticket.Status.SOLVED.label),
            (Ticket.Status.PENDING, Ticket.Status.PENDING.label),
        ],
    )
    channel = forms.ModelChoiceField(Channel.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        # Another shop's mailbox would not know the answer to its mail as part of this ticket.
        channels = Channel.objects.visible_to(user).filter(active=True, shop=ticket.shop_id)
        self.fields["channel"].queryset = channels  # type: ignore[attr-defined]


class CustomerForm(forms.ModelForm):  # type: ignore[type-arg] # no generic at run time
    """What an agent may write about a customer, with the installation's own fields."""

    class Meta:
        model = Customer
        fields = ["name", "first_name", "form_of_address", "language", "vip", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own = {f"field_{row.slug}": row for row in CustomerField.objects.all()}
        for name, row in self._own.items():
            initial = self.instance.fields.get(row.slug, "")
            self.fields[name] = forms.CharField(
                label=row.name, required=False, max_length=500, initial=initial
            )

    def changes(self) -> dict[str, Any]:
        """The columns with their values; own fields are one of them."""
        values = dict(self.cleaned_data)
        own = {row.slug: values.pop(name) for name, row in self._own.items()}
        return {
            **values,
            "fields": {**self.instance.fields, **own} if own else self.instance.fields,
        }
