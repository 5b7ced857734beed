from django.urls import path

from kpi import views

app_name = "kpi"

urlpatterns = [
    path("kpi/", views.page, name="page"),
    path("kpi/tickets/", views.tickets, name="tickets"),
    path("kpi/responses/", views.responses, name="responses"),
    path("kpi/wall/", views.wall, name="wall"),
    path("kpi/export.csv", views.export, {"form": "csv"}, name="csv"),
    path("kpi/export.xlsx", views.export, {"form": "xlsx"}, name="xlsx"),
    path("kpi/goals/", views.goals, name="goals"),
    path("kpi/reports/", views.reports, name="reports"),
    path("kpi/reports/<int:pk>/remove/", views.report_remove, name="report-remove"),
]
