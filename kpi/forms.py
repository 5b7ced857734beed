"""The filters of the page; what is wrong in an address falls back to the standard."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kpi.figures import filters
from kpi.figures.catalogue import FIGURES, Unit
from kpi.models import Goal, Report


class FilterForm(forms.Form):
    """`from` and `to` win over the preset; both days are included."""

    period = forms.ChoiceField(
        label=_("Period"), choices=lambda: list(filters.PERIODS.items()), required=False
    )
    shop = forms.SlugField(required=False)
    channel_kind = forms.SlugField(required=False)
    team = forms.SlugField(required=False)
    agent = forms.CharField(required=False, max_length=254)
    reason = forms.SlugField(required=False)
    hours = forms.ChoiceField(
        choices=[("business", _("Opening hours")), ("calendar", _("Calendar hours"))],
        required=False,
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name in ("from", "to"):
            self.fields[name] = forms.DateField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        since, until = data.get("from"), data.get("to")
        if since and until and not filters.is_period(since, until):
            raise forms.ValidationError(_("A period ends after its start, within two years."))
        if not (since and until):
            data["period"] = data.get("period") or filters.STANDARD_PERIOD
            begin, end = filters.period(data["period"])
            data |= {"from": begin, "to": end - timedelta(days=1)}
        return data

    def values(self) -> dict[str, Any]:
        """What was asked for; the standard where it cannot be understood."""
        if self.is_valid():
            return self.cleaned_data
        begin, end = filters.period(filters.STANDARD_PERIOD)
        last: date = end - timedelta(days=1)
        return {"period": filters.STANDARD_PERIOD, "from": begin, "to": last}


_HOUR = 3_600
GOALS = [figure for figure in FIGURES if figure.better]


class GoalsForm(forms.Form):
    """A goal for each figure; times are asked for in hours and kept in seconds."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        held = {goal.figure: goal.value for goal in Goal.objects.all()}
        for figure in GOALS:
            is_time = figure.unit is Unit.SECONDS
            value = held.get(figure.key)
            label = _("%(figure)s, hours") if is_time else "%(figure)s"
            self.fields[figure.key] = forms.FloatField(
                label=str(label) % {"figure": figure.label},
                required=False,
                min_value=-100,
                max_value=10_000,
                initial=value / _HOUR if is_time and value is not None else value,
            )

    def save(self) -> None:
        for figure in GOALS:
            value = self.cleaned_data[figure.key]
            if value is None:
                Goal.objects.filter(figure=figure.key).delete()
                continue
            value *= _HOUR if figure.unit is Unit.SECONDS else 1
            Goal.objects.update_or_create(figure=figure.key, defaults={"value": value})


class ReportForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Report
        fields = ["every", "recipients", "filters"]
        widgets = {"filters": forms.HiddenInput}
        help_texts = {"recipients": _("E-mail addresses, with commas between them.")}
