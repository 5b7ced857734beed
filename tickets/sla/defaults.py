"""The policy and the calendar that hold now; one of each, made by a migration."""

from datetime import timedelta

from tickets.sla.models import CalendarVersion, PolicyVersion, Target


def current() -> tuple[PolicyVersion, CalendarVersion]:
    """The newest version of the default policy, and of the calendar that it names."""
    policy = (
        PolicyVersion.objects.filter(policy__is_default=True).order_by("-pk").select_related().get()
    )
    return policy, calendar_of(policy)


def calendar_of(policy: PolicyVersion) -> CalendarVersion:
    return CalendarVersion.objects.filter(calendar=policy.calendar_id).latest("pk")


def promised(policy: PolicyVersion, metric: Target.Metric) -> timedelta | None:
    """The business time promised for this metric; None where nothing is promised."""
    value: int | None = getattr(policy, f"{metric}_minutes")
    return None if value is None else timedelta(minutes=value)
