from django.apps import AppConfig


class KpiConfig(AppConfig):
    name = "kpi"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm import merging
        from history import kinds, readers
        from kpi import reading
        from kpi.models import SurveyResponse

        kinds.register("survey.sent", "survey", "survey_kind")
        kinds.register("survey.answered", "survey", "survey_kind", "score", "commented")
        merging.register_mover("surveys", merging.moving(SurveyResponse))
        readers.register(reading.READER, reading.handle, batch=200)
