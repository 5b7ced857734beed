"""What each shop asks its customers after a ticket is solved."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts import audit
from accounts.requests import SignedInRequest
from crm.models import Shop
from inbox.settings.access import admins
from kpi.models import SurveyPlan


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = SurveyPlan
        fields = [
            "after_solved",
            "delay_minutes",
            "customer_days",
            "alert_below",
            "asks_nps",
            "skipped_reasons",
            "skipped_tags",
        ]


@admins
def listing(request: SignedInRequest) -> HttpResponse:
    rows = Shop.objects.select_related("survey_plan").order_by("name", "pk")
    context = {"settings_section": "surveys", "rows": rows}
    return render(request, "settings/surveys.html", context)


@admins
def edit(request: SignedInRequest, slug: str) -> HttpResponse:
    shop = get_object_or_404(Shop, slug=slug)
    plan = SurveyPlan.objects.filter(shop=shop).first()
    before = _said(plan)
    form = PlanForm(request.POST or None, instance=plan or SurveyPlan(shop=shop))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            plan = form.save()
            audit.record(
                "survey_plan.changed", by=request.user, on=shop, before=before, after=_said(plan)
            )
        messages.success(request, _("Saved."))
        return redirect("settings:surveys")
    context = {"settings_section": "surveys", "form": form, "shop": shop}
    return render(request, "settings/survey.html", context, status=422 if form.is_bound else 200)


def _said(plan: SurveyPlan | None) -> dict[str, object]:
    """What the plan says, for the audit log."""
    if plan is None:
        return {}
    return {
        "after_solved": plan.after_solved,
        "delay_minutes": plan.delay_minutes,
        "customer_days": plan.customer_days,
        "alert_below": plan.alert_below,
        "asks_nps": plan.asks_nps,
        "skipped_reasons": [reason.slug for reason in plan.skipped_reasons.all()],
        "skipped_tags": [tag.slug for tag in plan.skipped_tags.all()],
    }
