from kpi.models.facts import DailyRollup, TicketFact
from kpi.models.goals import Goal, Report
from kpi.models.surveys import SurveyPlan, SurveyResponse

__all__ = ["DailyRollup", "Goal", "Report", "SurveyPlan", "SurveyResponse", "TicketFact"]
