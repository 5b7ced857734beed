"""Rules as sentences, and what they did, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.automation.rules import actions, facts
from tickets.automation.rules.facts import Kind
from tickets.automation.rules.tree import EVENTS, OPERATORS, TIMES


def when(tree: Mapping[str, Any]) -> str:
    said = tree["when"]
    if "on" in said:
        return str(EVENTS.get(said["on"], "?"))
    return f"{TIMES.get(said['since'], '?')}: {_duration(said['minutes'])}"


def conditions(tree: Mapping[str, Any]) -> list[str]:
    return [condition(item) for item in tree["if"]["conditions"]]


def condition(item: Mapping[str, Any]) -> str:
    """Such as "the channel is Sklep"."""
    try:
        fact = facts.get(item["fact"])
    except KeyError:
        return "?"
    operator = OPERATORS[fact.kind].get(item["op"], "?")
    value = item["value"]
    if fact.kind == Kind.CHOICE:
        value = _label(fact.choices(), value)
    if fact.kind == Kind.YES_NO:
        return f"{fact.label}: {_('yes') if value == 'yes' else _('no')}"
    return f"{fact.label} {operator} {value}"


def deeds(tree: Mapping[str, Any]) -> list[str]:
    return [deed(item) for item in tree["then"]]


def deed(item: Mapping[str, Any]) -> str:
    """Such as "add the tag: zwrot"."""
    try:
        known = actions.get(item["do"])
    except KeyError:
        return "?"
    if not known.wants_value or "value" not in item:
        return str(known.label)
    value = _label(known.choices(), item["value"]) if known.choices else _short(item["value"])
    return f"{known.label}: {value}"


def outcome(done: Iterable[Mapping[str, Any]]) -> list[str]:
    """What came of each action of a run."""
    return [
        _("%(deed)s (refused: %(code)s)") % {"deed": deed(item), "code": item["refused"]}
        if "refused" in item
        else deed(item)
        for item in done
    ]


def _label(choices: Iterable[tuple[str, Any]], value: str) -> str:
    return str(dict(choices).get(value, "?"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"„{line[:60]}…”" if len(line) > 60 else f"„{line}”"


def _duration(minutes: int) -> str:
    if minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if minutes % 60 == 0:
        return _("%(n)s h") % {"n": minutes // 60}
    return _("%(n)s min") % {"n": minutes}
