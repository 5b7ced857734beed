from django.urls import path

from selfservice import surveys

app_name = "selfservice"

urlpatterns = [path("survey/<str:token>/", surveys.survey, name="survey")]
