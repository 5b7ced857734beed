"""Promises (SLA): policies in their order, and the form of one."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.requests import SignedInRequest
from crm.models import Shop
from inbox.settings import rows_input
from inbox.settings.access import admins
from inbox.settings.policy_form import PolicyForm, columns_of, duration
from tickets import kinds
from tickets.errors import BrokenRule
from tickets.models import Channel, Policy, PolicyVersion, Reason, Target, Ticket
from tickets.sla import policies
from tickets.sla.models import Step, default_pauses


@admins
def listing(request: SignedInRequest) -> HttpResponse:
    newest = PolicyVersion.objects.order_by("policy_id", "-pk").distinct("policy_id")
    versions = {row.policy_id: row for row in newest.select_related("calendar")}
    names = _Names()
    rows = [
        (policy, names.of(versions[policy.pk]), _promised(versions[policy.pk]))
        for policy in Policy.objects.all()
    ]
    context = {"settings_section": "sla", "rows": rows}
    return render(request, "settings/policies.html", context)


@admins
def edit(request: SignedInRequest, public_id: str = "") -> HttpResponse:
    """The form of a new policy, or of one that exists; its own buttons only draw it anew."""
    policy = get_object_or_404(Policy, public_id=public_id) if public_id else None
    redraw = bool({"add", "drop"} & request.POST.keys())
    data = rows_input.edited(request.POST, columns_of) if redraw else request.POST
    form = PolicyForm(data or None, initial=_initial(policy), policy=policy)
    if request.method == "POST" and not redraw and form.is_valid():
        _save(form, policy, request)
        messages.success(request, _("Saved. Running clocks follow within a minute."))
        return redirect("settings:sla")
    if redraw:
        form.full_clean()
        form.errors.clear()
    context = {"settings_section": "sla", "form": form, "policy": policy}
    part = "#editor" if redraw and request.headers.get("HX-Request") else ""
    status = 422 if form.is_bound and not redraw else 200
    return render(request, f"settings/policy.html{part}", context, status=status)


@admins
@require_POST
def change(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Move it up or down, or switch it on or off."""
    policy = get_object_or_404(Policy, public_id=public_id)
    what = request.POST.get("do", "")
    try:
        with transaction.atomic():
            if what in ("up", "down"):
                policies.move(policy, up=what == "up")
            else:
                policies.switch(policy, active=what == "on")
            audit.record("policy.changed", by=request.user, on=policy, after={"do": what[:10]})
    except BrokenRule as e:
        messages.error(request, str(e))
    return redirect("settings:sla")


def _initial(policy: Policy | None) -> dict[str, Any]:
    if policy is None:
        return {"pauses": default_pauses(), "steps": (Step(75, Step.Do.NOTIFY),)}
    said = policies.Promise.of(policies.newest(policy))
    return {"name": policy.name, **vars(said), **said.conditions}


@transaction.atomic
def _save(form: PolicyForm, policy: Policy | None, request: SignedInRequest) -> None:
    name, said = form.cleaned_data["name"], form.said()
    if policy is None:
        policy = policies.create(name, said)
        audit.record("policy.created", by=request.user, on=policy, after=_as_facts(said))
        return
    before = policies.Promise.of(policies.newest(policy))
    policies.change(policy, name, said)
    audit.record(
        "policy.changed",
        by=request.user,
        on=policy,
        before=_as_facts(before),
        after=_as_facts(said),
    )


def _as_facts(said: policies.Promise) -> dict[str, Any]:
    return {**vars(said), "calendar": str(said.calendar), "steps": [s.key for s in said.steps]}


def _promised(version: PolicyVersion) -> list[tuple[str, str]]:
    """Each promise by name, with its time in words."""
    return [
        (str(metric.label), duration(minutes))
        for metric in Target.Metric
        if (minutes := getattr(version, f"{metric}_minutes"))
    ]


class _Names:
    """Conditions in words."""

    def __init__(self) -> None:
        self._of: dict[str, dict[Any, str]] = {
            "channel_kinds": {kind.name: str(kind.label) for kind in kinds.registered()},
            "channels": {row.pk: row.name for row in Channel.objects.all()},
            "shops": {row.pk: row.name for row in Shop.objects.all()},
            "priorities": {str(value): str(label) for value, label in Ticket.Priority.choices},
            "reasons": {row.pk: row.name for row in Reason.objects.all()},
        }

    def of(self, version: PolicyVersion) -> list[str]:
        """One line a condition; none where the policy is for everything."""
        lines = [
            " / ".join(self._of[name].get(item, "?") for item in wanted)
            for name, wanted in version.conditions.items()
            if name != "vip"
        ]
        return lines + ["VIP"] * bool(version.conditions.get("vip"))
