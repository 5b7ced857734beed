"""Behind every "only once" stands the database: a second row is refused, whoever writes it."""

import uuid
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any, cast

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

_APPS = {"accounts", "api", "channels_ingest", "crm", "history", "kpi", "tickets"}
_numbers = count(1_000_000)

CONSTRAINTS = {
    constraint.name: (model, constraint)
    for model in apps.get_models()
    if model._meta.app_label in _APPS
    for constraint in model._meta.constraints
    if isinstance(constraint, UniqueConstraint) and not constraint.expressions
}

# What check constraints ask of such a row besides.
_ALSO: dict[str, dict[str, Any]] = {
    "chat_event_message_once": {"status": ""},
    "policy_one_default": {"active": True},
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(CONSTRAINTS))
def test_second_row_is_refused(name: str) -> None:
    model, constraint = CONSTRAINTS[name]
    wanted = _wanted(constraint.condition) if constraint.condition else {}
    wanted |= _ALSO.get(name, {})
    first = {field.name: _value(field, field.name in constraint.fields) for field in _fields(model)}
    second = {
        field.name: first[field.name]
        if field.name in constraint.fields
        else _value(field, needed=False)
        for field in _fields(model)
    }

    # Foreign keys are checked at the commit, which does not come.
    with transaction.atomic():
        if not _is_there(model, constraint, wanted):
            _insert(model, {**first, **wanted})
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            _insert(model, {**second, **wanted})
        transaction.set_rollback(True)


def _is_there(model: type[models.Model], constraint: UniqueConstraint, wanted: Any) -> bool:
    """Whether migrations have made the first row: a default team, a default calendar."""
    if not set(constraint.fields) <= wanted.keys():
        return False
    same = {name: wanted[name] for name in constraint.fields}
    return bool(model._base_manager.filter(**same).exists())


def _fields(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not _is_made(field)]


def _is_made(field: Any) -> bool:
    return field.primary_key and isinstance(field, models.AutoField)


def _insert(model: type[models.Model], values: dict[str, Any]) -> None:
    row = model(**{model._meta.get_field(name).attname: value for name, value in values.items()})
    model._base_manager.bulk_create([row])


def _wanted(condition: Q) -> dict[str, Any]:
    """Values of a row that the condition of a partial constraint is true of."""
    found: dict[str, Any] = {}
    for child in condition.children:
        if isinstance(child, Q):
            found |= {} if child.negated else _wanted(child)
            continue
        path, value = cast("tuple[str, Any]", child)
        name, _, lookup = path.partition("__")
        if lookup == "isnull":
            found |= {name: None} if value else {}
        else:
            found[name] = next(iter(value)) if lookup == "in" else value
    return {} if condition.negated else found


def _value(field: Any, needed: bool) -> Any:
    """Some value of the field's kind, another one each time; none where none is needed."""
    if field.null and not needed:
        return None
    if field.choices:
        return next(value for value, _label in field.flatchoices)
    number = next(_numbers)
    match field:
        case models.ForeignKey():
            return number
        case models.BooleanField():
            return False
        case models.UUIDField():
            return uuid.uuid4()
        case models.DateTimeField():
            return timezone.now() + timedelta(seconds=number)
        case models.DateField():
            return timezone.now().date() + timedelta(days=number % 10_000)
        case models.JSONField() if field.has_default():
            return field.get_default()
        case models.JSONField():
            return {}
        case models.DecimalField():
            return Decimal(1)
        case models.SmallIntegerField() | models.PositiveSmallIntegerField():
            return number % 30_000
        case models.IntegerField() | models.FloatField():
            return number
        case models.BinaryField():
            return b""
        case models.CharField() | models.TextField():
            return str(number)[-(field.max_length or 20) :]
    return field.get_default()
