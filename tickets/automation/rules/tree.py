"""A rule as a tree of JSON, checked; and whether it holds for a ticket.

{"when": {"on": "message.received"},   or {"since": "waiting_since", "minutes": 60}
 "if": {"match": "all", "conditions": [{"fact": "kind", "op": "is", "value": "email"}]},
 "then": [{"do": "tag", "value": "7"}],
 "stop": false}
"""

from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.morphology import fold
from tickets.automation.rules import actions, facts
from tickets.automation.rules.facts import Kind, Situation

EVENTS = {
    "message.received": gettext_lazy("the customer writes"),
    "message.sent": gettext_lazy("an answer goes out"),
    "ticket.created": gettext_lazy("a ticket is opened"),
    "ticket.status_changed": gettext_lazy("the status changes"),
    "ticket.priority_changed": gettext_lazy("the priority changes"),
    "ticket.tags_changed": gettext_lazy("the tags change"),
    "ticket.assigned": gettext_lazy("somebody gets the ticket or gives it back"),
    "sla.warned": gettext_lazy("a promise comes near its end"),
    "sla.breached": gettext_lazy("a promise breaks"),
}
TIMES = {
    "waiting_since": gettext_lazy("the customer waits for us"),
    "silent_since": gettext_lazy("the customer does not answer"),
    "solved_at": gettext_lazy("the ticket is solved"),
}
OPERATORS = {
    Kind.CHOICE: {"is": gettext_lazy("is"), "is_not": gettext_lazy("is not")},
    Kind.YES_NO: {"is": gettext_lazy("is")},
    Kind.TEXT: {
        "has": gettext_lazy("has one of the words"),
        "has_not": gettext_lazy("has none of the words"),
    },
}
_MOST = 20
_LONGEST = 4_000
_MOST_MINUTES = 60 * 24 * 90


class InvalidRule(ValueError):
    """The tree is no rule; the text says why."""


@dataclass(frozen=True)
class Condition:
    fact: str
    op: str
    value: str

    def found(self, situation: Situation) -> list[str]:
        """What the ticket says, as codes; for a text the wanted words that stand in it."""
        fact = facts.get(self.fact)
        values = list(fact.read(situation))
        if fact.kind != Kind.TEXT:
            return values
        text = fold(" ".join(values))
        return [word for word in self._words if fold(word) in text]

    def holds(self, found: list[str]) -> bool:
        negative = self.op in ("is_not", "has_not")
        is_text = facts.get(self.fact).kind == Kind.TEXT
        return (bool(found) if is_text else self.value in found) != negative

    @property
    def _words(self) -> list[str]:
        return [word for part in self.value.split(",") if (word := part.strip())]


@dataclass(frozen=True)
class Action:
    do: str
    value: str = ""


@dataclass(frozen=True)
class Tree:
    """A checked rule. `on` is an event's kind, or `since` a column with `minutes`."""

    on: str
    since: str
    minutes: int
    match: str
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    stop: bool

    @classmethod
    def parse(cls, data: Any) -> "Tree":
        """Raises `InvalidRule`."""
        try:
            when, given = data["when"], data["if"]
            tree = cls(
                on=str(when.get("on", "")),
                since=str(when.get("since", "")),
                minutes=int(when.get("minutes", 0)),
                match=given["match"],
                conditions=tuple(Condition(**item) for item in given["conditions"]),
                actions=tuple(Action(**item) for item in data["then"]),
                stop=data["stop"] is True,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as e:
            raise InvalidRule(_("This is no rule.")) from e
        tree._check()
        return tree

    @property
    def trigger(self) -> str:
        return self.on or self.since

    def as_json(self) -> dict[str, Any]:
        when = {"on": self.on} if self.on else {"since": self.since, "minutes": self.minutes}
        return {
            "when": when,
            "if": {"match": self.match, "conditions": [asdict(item) for item in self.conditions]},
            "then": [asdict(item) for item in self.actions],
            "stop": self.stop,
        }

    def why(self, situation: Situation) -> list[dict[str, Any]] | None:
        """The conditions with what they found, if the rule holds; None if it does not."""
        reasons = []
        for condition in self.conditions:
            found = condition.found(situation)
            reasons.append({**asdict(condition), "found": found, "holds": condition.holds(found)})
        every = all if self.match == "all" else any
        if reasons and not every(reason["holds"] for reason in reasons):
            return None
        return reasons

    def _check(self) -> None:
        if bool(self.on) == bool(self.since) or self.trigger not in {**EVENTS, **TIMES}:
            raise InvalidRule(_("Choose when the rule looks at a ticket."))
        if self.since and not 1 <= self.minutes <= _MOST_MINUTES:
            raise InvalidRule(_("Say after how much time: at most 90 days."))
        if self.match not in ("all", "any") or len(self.conditions) > _MOST:
            raise InvalidRule(_("This is no rule."))
        if not 1 <= len(self.actions) <= _MOST:
            raise InvalidRule(_("Say what is to be done."))
        for condition in self.conditions:
            _check_condition(condition)
        for action in self.actions:
            _check_action(action)


def _check_condition(condition: Condition) -> None:
    try:
        fact = facts.get(condition.fact)
    except KeyError as e:
        raise InvalidRule(_("A condition asks for what is not known.")) from e
    known = {
        Kind.CHOICE: lambda: {value for value, _label in fact.choices()},
        Kind.YES_NO: lambda: {"yes", "no"},
        Kind.TEXT: lambda: {condition.value} if condition.value.strip(" ,") else set(),
    }[fact.kind]()
    if condition.op not in OPERATORS[fact.kind] or condition.value not in known:
        raise InvalidRule(_("Complete the condition: %(fact)s") % {"fact": fact.label})


def _check_action(action: Action) -> None:
    try:
        deed = actions.get(action.do)
    except KeyError as e:
        raise InvalidRule(_("An action is not known.")) from e
    known = {value for value, _label in deed.choices()} if deed.choices else None
    complete = action.value in known if known is not None else bool(action.value.strip())
    if (deed.wants_value and not complete) or len(action.value) > _LONGEST:
        raise InvalidRule(_("Complete the action: %(deed)s") % {"deed": deed.label})
