from kpi.models.facts import DailyRollup, TicketFact
from kpi.models.surveys import SurveyPlan, SurveyResponse

__all__ = ["DailyRollup", "SurveyPlan", "SurveyResponse", "TicketFact"]
