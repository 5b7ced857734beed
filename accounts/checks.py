"""What must not stand in the database of an installation that the world can reach."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import FieldDoesNotExist
from django.db import connections
from django.db.models import Model


@register(Tags.database, deploy=True)
def check_no_demo(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Users, keys and channels of the demo have known passwords: none may be left.

    Runs with `manage.py check --deploy --database default`.
    """
    if not databases or "default" not in databases:
        return []
    found: list[CheckMessage] = []
    for model in filter(_has_demo_rows, apps.get_models()):
        name = model._meta.verbose_name_plural
        hint = "Remove them, or start with a new database."
        found.append(Error(f"Demo {name} are in the database.", hint=hint, id="accounts.E001"))
    return found


def _has_demo_rows(model: type[Model]) -> bool:
    try:
        model._meta.get_field("is_demo")
    except FieldDoesNotExist:
        return False
    if model._meta.db_table not in connections["default"].introspection.table_names():
        return False  # not migrated yet
    return model._default_manager.filter(is_demo=True).exists()
