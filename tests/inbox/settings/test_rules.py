"""Rules as an admin writes and reads them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from history import sequencing
from tests.factories import make_ticket
from tickets.automation.rules import running
from tickets.automation.rules.facts import Situation
from tickets.automation.rules.tree import Tree
from tickets.models import Rule, Tag


def form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Pilne dla VIP",
        "when": "waiting_since",
        "amount": "2",
        "unit": "60",
        "match": "any",
        "conditions_fact": ["vip", "text", ""],
        "conditions_op": ["is", "has", ""],
        "conditions_value": ["yes", "pilne, natychmiast", ""],
        "actions_do": ["priority", "round_robin"],
        "actions_value": ["urgent", ""],
        "stop": "on",
        **changes,
    }


@pytest.fixture
def rule(signed_in: Client) -> Rule:
    assert signed_in.post(reverse("settings:rule-new"), form()).status_code == 302
    return Rule.objects.get(name="Pilne dla VIP")


def test_rule_keeps_what_the_form_says_and_rests_at_first(rule: Rule) -> None:
    assert rule.tree == {
        "when": {"since": "waiting_since", "minutes": 120},
        "if": {
            "match": "any",
            "conditions": [
                {"fact": "vip", "op": "is", "value": "yes"},
                {"fact": "text", "op": "has", "value": "pilne, natychmiast"},
            ],
        },
        "then": [{"do": "priority", "value": "urgent"}, {"do": "round_robin", "value": ""}],
        "stop": True,
    }
    assert not rule.active
    assert AuditEntry.objects.filter(action="rule.created").exists()


def test_rules_are_read_as_sentences(signed_in: Client, rule: Rule) -> None:
    shown = signed_in.get(reverse("settings:rules")).content.decode()

    assert "the customer waits for us: 2 h" in shown
    assert "the message has one of the words pilne, natychmiast" in shown
    assert "set the priority: Urgent" in shown


def test_form_shows_what_was_saved(signed_in: Client, rule: Rule) -> None:
    address = reverse("settings:rule-edit", args=[rule.public_id])
    shown = signed_in.get(address).content.decode()
    assert 'value="pilne, natychmiast"' in shown
    assert '<option value="urgent" selected>' in shown

    signed_in.post(address, form(name="Inna nazwa"))
    before = rule.tree
    rule.refresh_from_db()
    assert (rule.name, rule.tree) == ("Inna nazwa", before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": ""},
        {"when": "never"},
        {"actions_do": [], "actions_value": []},
        {"actions_value": ["impossible", ""]},
        {"conditions_value": ["perhaps", "x", ""]},
    ],
)
def test_incomplete_rule_is_refused(signed_in: Client, wrong: dict[str, Any]) -> None:
    count = Rule.objects.count()
    assert signed_in.post(reverse("settings:rule-new"), form(**wrong)).status_code == 422
    assert signed_in.post(reverse("settings:rule-try"), form(**wrong)).status_code == 200
    assert Rule.objects.count() == count


def test_rows_follow_what_is_chosen(signed_in: Client) -> None:
    Tag.objects.create(slug="zwrot", name="zwrot")

    def redrawn(**changes: Any) -> str:
        response = signed_in.post(
            reverse("settings:rule-new"), form(**changes), HTTP_HX_REQUEST="true"
        )
        assert response.status_code == 200
        return response.content.decode()

    assert redrawn(add="conditions").count('name="conditions_fact"') == 4
    assert redrawn(drop="actions:0").count('name="actions_do"') == 1
    assert "zwrot" in redrawn(redraw="yes", actions_do=["tag", "round_robin"])


def test_rule_is_tried_on_what_has_been(signed_in: Client) -> None:
    ticket = make_ticket()
    sequencing.number_events()

    said = form(when="message.received", amount="", conditions_fact=["first", "", ""])
    shown = signed_in.post(reverse("settings:rule-try"), said).content.decode()

    assert "1 ticket" in shown
    assert f"#{ticket.number}" in shown


def test_rule_is_switched_moved_and_removed(signed_in: Client, rule: Rule) -> None:
    change = reverse("settings:rule-change", args=[rule.public_id])
    for _time in range(5):
        signed_in.post(change, {"do": "up"})
    assert Rule.objects.first() == rule

    signed_in.post(change, {"do": "on"})
    rule.refresh_from_db()
    assert rule.active

    signed_in.post(change, {"do": "remove"})
    assert not Rule.objects.filter(pk=rule.pk).exists()


def test_log_says_what_a_rule_did_and_why(signed_in: Client, rule: Rule) -> None:
    ticket = make_ticket()
    ticket.customer.vip = True
    situation = Situation.of(ticket, None, ticket.created_at)
    assert running.run(rule, Tree.parse(rule.tree), situation, "event:1")

    page = reverse("settings:rule-edit", args=[rule.public_id])
    shown = signed_in.get(page).content.decode()

    assert f"#{ticket.number}" in shown
    assert "the customer is VIP: yes" in shown
