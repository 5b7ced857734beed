"""Rules: their order, the editor with a dry run, and the log of what they did and why."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from inbox.settings import rows_input, rule_words
from inbox.settings.access import admins
from inbox.settings.rule_form import RuleForm, columns_of, initial
from tickets.automation.rules import dry_run, keeping
from tickets.automation.rules.tree import InvalidRule
from tickets.models import Rule, RuleRun

_SHOWN = 50


@admins
def listing(request: SignedInRequest) -> HttpResponse:
    week = timezone.now() - timedelta(days=7)
    rules = Rule.objects.annotate(recent=Count("runs", filter=Q(runs__at__gt=week)))
    context = {"settings_section": "rules", "rows": [(rule, _words(rule)) for rule in rules]}
    return render(request, "settings/rules.html", context)


@admins
def edit(request: SignedInRequest, public_id: str = "") -> HttpResponse:
    """The editor of a new rule, or of one that exists; its own buttons only draw it anew."""
    rule = get_object_or_404(Rule, public_id=public_id) if public_id else None
    redraw = bool({"add", "drop", "redraw"} & request.POST.keys())
    data = rows_input.edited(request.POST, columns_of) if redraw else request.POST
    form = RuleForm(data or None, initial=initial(rule.name, rule.tree) if rule else None)
    if request.method == "POST" and not redraw and form.is_valid():
        _save(form, rule or Rule(), request)
        messages.success(request, _("Saved."))
        return redirect("settings:rules")
    if redraw:
        form.full_clean()
        form.errors.clear()
    context = {"settings_section": "rules", "form": form, "rule": rule, "runs": _runs(rule)}
    part = "#editor" if redraw and request.headers.get("HX-Request") else ""
    status = 422 if form.is_bound and not redraw else 200
    return render(request, f"settings/rule.html{part}", context, status=status)


@admins
@require_POST
def try_out(request: SignedInRequest) -> HttpResponse:
    """What the rule in the form would have done in the last 30 days."""
    form = RuleForm(request.POST)
    trial = dry_run.try_out(form.cleaned_data["tree"]) if form.is_valid() else None
    found = [
        (ticket, [rule_words.condition(item) for item in why if item["holds"]])
        for ticket, why in (trial.shown if trial else [])
    ]
    context = {"trial": trial, "found": found, "form": form}
    return render(request, "settings/_trial.html", context)


@admins
@require_POST
def change(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Move it up or down, switch it on or off, or remove it."""
    rule = get_object_or_404(Rule, public_id=public_id)
    what = request.POST.get("do", "")
    try:
        with transaction.atomic():
            audit.record("rule.changed", by=request.user, on=rule, after={"do": what[:10]})
            _change(rule, what)
    except InvalidRule as e:
        messages.error(request, str(e))
    return redirect("settings:rules")


def _change(rule: Rule, what: str) -> None:
    if what in ("up", "down"):
        keeping.move(rule, up=what == "up")
    elif what == "remove":
        keeping.remove(rule)
    else:
        keeping.switch(rule, active=what == "on")


@transaction.atomic
def _save(form: RuleForm, rule: Rule, request: SignedInRequest) -> None:
    before = {"tree": rule.tree} if rule.pk else {}
    verb = "changed" if rule.pk else "created"
    keeping.save(rule, form.cleaned_data["name"], form.cleaned_data["tree"])
    after = {"tree": rule.tree}
    audit.record(f"rule.{verb}", by=request.user, on=rule, before=before, after=after)


def _words(rule: Rule) -> dict[str, Any]:
    return {
        "when": rule_words.when(rule.tree),
        "match": rule.tree["if"]["match"],
        "conditions": rule_words.conditions(rule.tree),
        "deeds": rule_words.deeds(rule.tree),
        "stop": rule.tree["stop"],
    }


def _runs(rule: Rule | None) -> list[tuple[RuleRun, list[str], list[str]]]:
    if rule is None:
        return []
    runs = rule.runs.select_related("ticket").order_by("-at")[:_SHOWN]
    return [
        (
            run,
            [rule_words.condition(item) for item in run.why if item["holds"]],
            rule_words.outcome(run.done),
        )
        for run in runs
    ]
