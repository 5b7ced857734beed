from django import forms
from django.utils.translation import gettext_lazy as _

from demo.connections import demo_channels

_MOST_BYTES = 10 * 1024 * 1024


class MailForm(forms.Form):
    """A mail of a customer to one of the demo's shops."""

    name = forms.CharField(label=_("Name"), max_length=100, initial="Anna Kowalska")
    address = forms.EmailField(label=_("E-mail address"), initial="anna.kowalska@poczta.example")
    channel = forms.ChoiceField(label=_("To"))
    subject = forms.CharField(
        label=_("Subject"), max_length=200, required=False, initial="Gdzie jest moja paczka?"
    )
    text = forms.CharField(label=_("Message"), widget=forms.Textarea(attrs={"rows": 5}))
    file = forms.FileField(label=_("File"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        self.channels = {str(channel.public_id): channel for channel in demo_channels("email")}
        field = self.fields["channel"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, channel.name) for key, channel in self.channels.items()]

    def clean_file(self) -> object:
        file = self.cleaned_data.get("file")
        if file and file.size > _MOST_BYTES:
            raise forms.ValidationError(_("The file is over 10 MB. Choose a smaller one."))
        return file


class AnswerForm(forms.Form):
    """The customer's answer to a mail of the shop."""

    text = forms.CharField(label=_("Answer"), widget=forms.Textarea(attrs={"rows": 3}))


class MessengerForm(forms.Form):
    """What a customer writes to the shop's Page."""

    text = forms.CharField(
        label=_("Message"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
