"""The form of a policy: for whom it is, what it promises, and what is done before it breaks."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from crm.models import Shop
from inbox.settings.rows_input import RowsInput
from tickets import kinds
from tickets.models import Calendar, Channel, Policy, Reason, Target, Ticket
from tickets.sla import policies
from tickets.sla.models import Step

_DURATION = re.compile(r"\s*(?:(\d{1,4})\s*(?:h|godz\.?))?\s*(?:(\d{1,5})\s*(?:m|min\.?))?\s*\Z")
_STEP_COLUMNS = ("share", "metric", "deed")
_MOST_SHARE = 1_000
_PAUSES = [Ticket.Status.PENDING, Ticket.Status.ON_HOLD]


class DurationField(forms.CharField):
    """Minutes, written as "1 h 30 min"; None where it is left empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=20, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return duration(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        found = _DURATION.match(text.lower())
        minutes = int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
        if not minutes:
            raise ValidationError(_("Write it like this: 4 h, 30 min or 1 h 30 min."))
        return minutes


class StepsInput(RowsInput):
    template_name = "settings/_steps_input.html"
    columns = _STEP_COLUMNS
    use_fieldset = True

    def groups(self, name: str) -> list[str]:
        return [name]

    def around(self) -> dict[str, Any]:
        return {"metrics": Target.Metric.choices, "deeds": deeds()}


class StepsField(forms.Field):
    """Steps of a policy; a row without a share is none."""

    widget = StepsInput

    def prepare_value(self, value: Any) -> Any:
        if value and isinstance(value[0], Step):
            return [[(str(step.share), step.metric, _deed(step)) for step in value]]
        return value or [[]]

    def clean(self, value: Any) -> tuple[Step, ...]:
        known = {name for name, _label in deeds()}
        steps = []
        for share, metric, deed in value[0]:
            if not share:
                continue
            if not share.isdecimal() or not 1 <= int(share) <= _MOST_SHARE:
                raise ValidationError(_("A step comes at 1 to 1000 percent of the time."))
            if deed not in known or metric not in ("", *Target.Metric):
                raise ValidationError(_("Choose what is to be done."))
            do, _colon, what = deed.partition(":")
            steps.append(Step(int(share), do, what, metric))
        if len({step.key for step in steps}) < len(steps):
            raise ValidationError(_("The same step stands here twice."))
        return tuple(steps)


class PolicyForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    first_response_minutes = DurationField(
        label=gettext_lazy("First answer within"),
        help_text=gettext_lazy("Such as 4 h or 30 min. Left empty, nothing is promised."),
    )
    next_response_minutes = DurationField(label=gettext_lazy("Every further answer within"))
    resolution_minutes = DurationField(label=gettext_lazy("Solved within"))
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Counted in"),
        queryset=Calendar.objects.order_by("-is_default", "name"),
        empty_label=None,
    )
    round_the_clock = forms.BooleanField(
        label=gettext_lazy("Count day and night instead, holidays as well"), required=False
    )
    pauses = forms.MultipleChoiceField(
        label=gettext_lazy("The clock stands still while a ticket is"),
        required=False,
        choices=[(status.value, status.label) for status in _PAUSES],
        widget=forms.CheckboxSelectMultiple,
    )
    restarts = forms.BooleanField(
        label=gettext_lazy("A ticket that is opened again is promised a solution anew"),
        required=False,
        help_text=gettext_lazy("Otherwise the time that was left runs on."),
    )
    steps = StepsField(label=gettext_lazy("Before and after a promise breaks"))

    # The conditions; the standard policy has none.
    CONDITIONS: ClassVar[Sequence[str]] = (
        "channel_kinds",
        "channels",
        "shops",
        "priorities",
        "reasons",
        "vip",
    )
    channel_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of channel"),
        required=False,
        choices=lambda: [(kind.name, kind.label) for kind in kinds.registered()],
        widget=forms.CheckboxSelectMultiple,
    )
    channels = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Channels"),
        queryset=Channel.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    shops = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Shops"),
        queryset=Shop.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    priorities = forms.MultipleChoiceField(
        label=gettext_lazy("Priorities"),
        required=False,
        choices=Ticket.Priority.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    reasons = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Contact reasons"),
        queryset=Reason.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    vip = forms.BooleanField(label=gettext_lazy("VIP customers only"), required=False)

    def __init__(self, *args: Any, policy: Policy | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if policy and policy.is_default:
            for name in self.CONDITIONS:
                del self.fields[name]

    @property
    def promises(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ("name", *self.CONDITIONS)]

    @property
    def conditions(self) -> list[forms.BoundField]:
        return [self[name] for name in self.CONDITIONS if name in self.fields]

    def said(self) -> policies.Promise:
        """What the valid form promises."""
        data = self.cleaned_data
        wanted = {name: data.get(name) for name in self.CONDITIONS}
        fields = policies.Promise.__dataclass_fields__.keys() - {"conditions"}
        return policies.Promise(
            conditions={name: _stored(value) for name, value in wanted.items() if value},
            **{name: data[name] for name in fields},
        )


def duration(minutes: int) -> str:
    """Such as "1 h 30 min"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest)
    return " ".join(parts)


def deeds() -> list[tuple[str, str]]:
    """What a step may do, with what it needs in one choice."""
    do = Step.Do
    plain: list[Step.Do] = [do.NOTIFY, do.NOTIFY_SUPERVISORS, do.UNASSIGN]
    raised = [Ticket.Priority.HIGH, Ticket.Priority.URGENT]
    return [
        *((each.value, str(each.label)) for each in plain),
        *(
            (f"{do.PRIORITY}:{each}", _("set the priority: %(name)s") % {"name": each.label})
            for each in raised
        ),
        *(
            (f"{do.TEAM}:{team.pk}", _("hand it to the team: %(name)s") % {"name": team})
            for team in Team.objects.all()
        ),
    ]


def columns_of(group: str) -> Sequence[str]:
    return _STEP_COLUMNS if group == "steps" else ()


def _deed(step: Step) -> str:
    return f"{step.do}:{step.value}" if step.value else step.do


def _stored(value: Any) -> Any:
    """A condition as it is kept: ids and codes."""
    if value is True:
        return True
    return [getattr(item, "pk", item) for item in value]
