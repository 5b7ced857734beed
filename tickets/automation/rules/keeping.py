"""Making, changing and ordering rules."""

from django.db import transaction
from django.db.models import Max

from tickets.automation.models import Rule
from tickets.automation.rules import running
from tickets.automation.rules.tree import Tree


@transaction.atomic
def save(rule: Rule, name: str, tree: Tree) -> Rule:
    """Write a new rule, after those that are there, or change one."""
    if rule.pk is None:
        last = Rule.objects.aggregate(at=Max("position"))["at"] or 0
        rule.position = last + 1
    rule.name, rule.trigger, rule.tree = name, tree.trigger, tree.as_json()
    rule.save()
    running.forget()
    return rule


def switch(rule: Rule, *, active: bool) -> None:
    """Let it act or rest. Raises `InvalidRule` where it names what is gone."""
    if active:
        Tree.parse(rule.tree)
    rule.active = active
    rule.save(update_fields=["active", "changed_at"])
    running.forget()


def remove(rule: Rule) -> None:
    """Its log goes with it; what it did stays in the tickets' history."""
    rule.delete()
    running.forget()


@transaction.atomic
def move(rule: Rule, *, up: bool) -> None:
    """Change places with the neighbour before or after it."""
    order = list(Rule.objects.select_for_update())
    at = order.index(rule)
    order.insert(max(at - 1, 0) if up else at + 1, order.pop(at))
    for position, row in enumerate(order, start=1):
        Rule.objects.filter(pk=row.pk).update(position=position)
    running.forget()
