"""A rule as a sentence: when, if, then. Each row of conditions and actions has its own controls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.settings.rows_input import Row, RowsInput
from tickets.automation.rules import actions, facts
from tickets.automation.rules.facts import Kind
from tickets.automation.rules.tree import EVENTS, OPERATORS, TIMES, InvalidRule, Tree

_CONDITION = ("fact", "op", "value")
_ACTION = ("do", "value")
_UNITS = {1: _("minutes"), 60: _("hours"), 24 * 60: _("days")}
_YES_NO = (("yes", _("yes")), ("no", _("no")))

Choices = Iterable[tuple[str, str | Promise]]


@dataclass(frozen=True)
class Drawn:
    """One row with what may be chosen in it; `values` is None where a text is written."""

    name: str
    op: str
    value: str
    operators: Choices = ()
    values: Choices | None = None
    wants_value: bool = True


class ConditionsInput(RowsInput):
    template_name = "settings/_conditions_input.html"
    columns = _CONDITION
    use_fieldset = True

    def groups(self, name: str) -> list[str]:
        return [name]

    def around(self) -> dict[str, Any]:
        return {"facts": [(fact.name, fact.label) for fact in facts.registered()]}

    def drawn(self, row: Row) -> Drawn:
        name, op, value = row
        try:
            fact = facts.get(name)
        except KeyError:
            return Drawn(name, op, value, wants_value=False)
        choices = {Kind.CHOICE: fact.choices, Kind.YES_NO: lambda: _YES_NO, Kind.TEXT: None}
        values = choices[fact.kind]
        return Drawn(name, op, value, OPERATORS[fact.kind].items(), values() if values else None)


class ActionsInput(RowsInput):
    template_name = "settings/_actions_input.html"
    columns = _ACTION
    use_fieldset = True

    def groups(self, name: str) -> list[str]:
        return [name]

    def around(self) -> dict[str, Any]:
        return {"deeds": [(deed.name, deed.label) for deed in actions.registered()]}

    def drawn(self, row: Row) -> Drawn:
        name, value = row
        try:
            deed = actions.get(name)
        except KeyError:
            return Drawn(name, "", value, wants_value=False)
        values = deed.choices() if deed.choices else None
        return Drawn(name, "", value, values=values, wants_value=deed.wants_value)


class _RowsField(forms.Field):
    """Rows as mappings by column; rows in which nothing is chosen are none."""

    columns: ClassVar[Sequence[str]]

    def prepare_value(self, value: Any) -> Any:
        if value and isinstance(value[0], dict):
            return [[tuple(item.get(name, "") for name in self.columns) for item in value]]
        return value or [[]]

    def clean(self, value: Any) -> list[dict[str, str]]:
        return [dict(zip(self.columns, row, strict=True)) for row in value[0] if row[0]]


class ConditionsField(_RowsField):
    widget = ConditionsInput
    columns = _CONDITION


class ActionsField(_RowsField):
    widget = ActionsInput
    columns = _ACTION


class RuleForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    when = forms.ChoiceField(
        label=_("When"),
        choices=lambda: [(_("something happens"), EVENTS.items()), (_("time passes"), _times())],
    )
    amount = forms.IntegerField(
        label=_("for so long"), min_value=1, max_value=100_000, required=False
    )
    unit = forms.TypedChoiceField(
        label=_("in"), choices=_UNITS.items(), coerce=int, initial=60, required=False
    )
    match = forms.ChoiceField(
        label=_("If"),
        choices=[("all", _("all of these hold")), ("any", _("one of these holds"))],
        required=False,
    )
    conditions = ConditionsField(label=_("Conditions"), required=False)
    actions = ActionsField(label=_("Then"), required=False)
    stop = forms.BooleanField(label=_("No further rule looks at the ticket then"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        minutes = (data["amount"] or 0) * (data["unit"] or 1)
        timed = data["when"] in TIMES
        when = {"since": data["when"], "minutes": minutes} if timed else {"on": data["when"]}
        try:
            data["tree"] = Tree.parse(
                {
                    "when": when,
                    "if": {"match": data["match"] or "all", "conditions": data["conditions"]},
                    "then": data["actions"],
                    "stop": data["stop"],
                }
            )
        except InvalidRule as e:
            raise ValidationError(str(e)) from e
        return data


def initial(name: str, tree: dict[str, Any]) -> dict[str, Any]:
    """The form's values of a stored rule."""
    when = tree["when"]
    minutes = when.get("minutes", 60)
    unit = max(size for size in _UNITS if minutes % size == 0)
    return {
        "name": name,
        "when": when.get("on") or when["since"],
        "amount": minutes // unit if "since" in when else None,
        "unit": unit,
        "match": tree["if"]["match"],
        "conditions": tree["if"]["conditions"],
        "actions": tree["then"],
        "stop": tree["stop"],
    }


def columns_of(group: str) -> Sequence[str]:
    return {"conditions": _CONDITION, "actions": _ACTION}.get(group, ())


def _times() -> Choices:
    return TIMES.items()
