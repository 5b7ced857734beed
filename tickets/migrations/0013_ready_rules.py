from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_FIRST = {"fact": "first", "op": "is", "value": "yes"}
_RECEIVED = (
    "Dzień dobry,\n\notrzymaliśmy Państwa wiadomość i odpowiemy najszybciej, jak to możliwe. "
    "Numer zgłoszenia: {number}.\n\nTa wiadomość została wysłana automatycznie."
)
_CLOSED = (
    "Dzień dobry,\n\notrzymaliśmy Państwa wiadomość (zgłoszenie {number}). Pracujemy w godzinach: "
    "{hours}. Wracamy: {opens}.\n\nTa wiadomość została wysłana automatycznie."
)


def _answer(is_open: str, text: str) -> dict[str, Any]:
    opening = {"fact": "open", "op": "is", "value": is_open}
    return {
        "when": {"on": "message.received"},
        "if": {"match": "all", "conditions": [_FIRST, opening]},
        "then": [{"do": "reply", "value": text}],
        "stop": False,
    }


READY: dict[str, dict[str, Any]] = {
    "Potwierdzenie otrzymania wiadomości": _answer("yes", _RECEIVED),
    "Odpowiedź poza godzinami pracy": _answer("no", _CLOSED),
    "Rozwiązanie po tygodniu ciszy klienta": {
        "when": {"since": "silent_since", "minutes": 7 * 24 * 60},
        "if": {"match": "all", "conditions": []},
        "then": [{"do": "status", "value": "solved"}],
        "stop": False,
    },
}


def add_ready_rules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Rules that most shops want; they rest until an admin switches them on."""
    rules = apps.get_model("tickets", "Rule").objects
    for position, (name, tree) in enumerate(READY.items(), start=1):
        when = tree["when"]
        trigger = when.get("on") or when["since"]
        rules.create(name=name, position=position, trigger=trigger, tree=tree)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0012_rules")]
    operations = [migrations.RunPython(add_ready_rules, migrations.RunPython.noop)]
