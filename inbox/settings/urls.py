from django.urls import path

from inbox.settings import profile

app_name = "settings"

urlpatterns = [
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/profile/sessions/<int:pk>/end/", profile.session_end, name="session-end"),
    path(
        "settings/profile/sessions/end-others/",
        profile.sessions_end_others,
        name="sessions-end-others",
    ),
]
