from django.urls import path

from inbox.settings import (
    audit_log,
    calendars,
    canned,
    channels,
    dead_letters,
    health_page,
    journal_pages,
    keys,
    outbox_pages,
    overview,
    policy_pages,
    profile,
    rule_pages,
    surveys,
    things,
    users,
)

app_name = "settings"

_PROFILE = [
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/profile/sessions/<int:pk>/end/", profile.session_end, name="session-end"),
    path(
        "settings/profile/sessions/end-others/",
        profile.sessions_end_others,
        name="sessions-end-others",
    ),
]

_USERS = [
    path("settings/users/", users.users, name="users"),
    path("settings/users/invite/", users.invite, name="user-invite"),
    path(
        "settings/users/invitations/<uuid:public_id>/withdraw/",
        users.invitation_withdraw,
        name="invitation-withdraw",
    ),
    path("settings/users/<uuid:public_id>/", users.user_edit, name="user-edit"),
    path(
        "settings/users/<uuid:public_id>/deactivate/",
        users.user_deactivate,
        name="user-deactivate",
    ),
    path(
        "settings/users/<uuid:public_id>/reactivate/",
        users.user_reactivate,
        name="user-reactivate",
    ),
    path(
        "settings/users/<uuid:public_id>/end-sessions/",
        users.user_end_sessions,
        name="user-end-sessions",
    ),
    path(
        "settings/users/<uuid:public_id>/drop-second-factor/",
        users.user_drop_second_factor,
        name="user-drop-second-factor",
    ),
]

_CANNED = [
    path("settings/canned/", canned.replies, name="canned"),
    path("settings/canned/new/", canned.edit, name="canned-new"),
    path("settings/canned/preview/", canned.preview, name="canned-preview"),
    path("settings/canned/<uuid:public_id>/", canned.edit, name="canned-edit"),
    path("settings/canned/<uuid:public_id>/remove/", canned.remove, name="canned-remove"),
]

_KEYS = [
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/new/", keys.key_new, name="key-new"),
    path("settings/keys/<uuid:public_id>/revoke/", keys.key_revoke, name="key-revoke"),
]

_CHANNELS = [
    path("settings/channels/", channels.channels, name="channels"),
    path("settings/channels/new/", channels.channel_choose, name="channel-choose"),
    path("settings/channels/new/<slug:kind>/", channels.channel_new, name="channel-new"),
    path("settings/channels/<uuid:public_id>/", channels.channel, name="channel"),
    path("settings/channels/<uuid:public_id>/edit/", channels.channel_edit, name="channel-edit"),
    path("settings/channels/<uuid:public_id>/check/", channels.channel_check, name="channel-check"),
    path(
        "settings/channels/<uuid:public_id>/switch/",
        channels.channel_switch,
        name="channel-switch",
    ),
    path("settings/channels/<uuid:public_id>/preview/", channels.chat_preview, name="chat-preview"),
]

_CALENDARS = [
    path("settings/calendars/", calendars.listing, name="calendars"),
    path("settings/calendars/new/", calendars.edit, name="calendar-new"),
    path("settings/calendars/preview/", calendars.preview, name="calendar-preview"),
    path("settings/calendars/<uuid:public_id>/", calendars.edit, name="calendar-edit"),
    path(
        "settings/calendars/<uuid:public_id>/default/",
        calendars.make_default,
        name="calendar-default",
    ),
    path("settings/calendars/<uuid:public_id>/remove/", calendars.remove, name="calendar-remove"),
]

_SURVEYS = [
    path("settings/surveys/", surveys.listing, name="surveys"),
    path("settings/surveys/<slug:slug>/", surveys.edit, name="survey-edit"),
]

_POLICIES = [
    path("settings/sla/", policy_pages.listing, name="sla"),
    path("settings/sla/new/", policy_pages.edit, name="policy-new"),
    path("settings/sla/<uuid:public_id>/", policy_pages.edit, name="policy-edit"),
    path("settings/sla/<uuid:public_id>/change/", policy_pages.change, name="policy-change"),
]

_RULES = [
    path("settings/rules/", rule_pages.listing, name="rules"),
    path("settings/rules/new/", rule_pages.edit, name="rule-new"),
    path("settings/rules/try/", rule_pages.try_out, name="rule-try"),
    path("settings/rules/<uuid:public_id>/", rule_pages.edit, name="rule-edit"),
    path("settings/rules/<uuid:public_id>/change/", rule_pages.change, name="rule-change"),
]

_OPERATING = [
    path("settings/journal/", journal_pages.events, name="journal"),
    path("settings/journal/<int:pk>/", journal_pages.event, name="event"),
    path("settings/journal/<int:pk>/raw/", journal_pages.event_raw, name="event-raw"),
    path("settings/journal/<int:pk>/replay/", journal_pages.event_replay, name="event-replay"),
    path("settings/journal/<int:pk>/discard/", journal_pages.event_discard, name="event-discard"),
    path("settings/outbox/", outbox_pages.deliveries, name="outbox"),
    path("settings/outbox/<int:pk>/retry/", outbox_pages.delivery_retry, name="delivery-retry"),
    path(
        "settings/outbox/<int:pk>/call-sent/",
        outbox_pages.delivery_call_sent,
        name="delivery-call-sent",
    ),
    path("settings/audit/", audit_log.audit_log, name="audit"),
    path("settings/health/", health_page.health_page, name="health"),
    path("settings/dead-letters/", dead_letters.letters, name="dead-letters"),
    path(
        "settings/dead-letters/<slug:source>/<int:pk>/retry/",
        dead_letters.letter_retry,
        name="letter-retry",
    ),
    path(
        "settings/dead-letters/<slug:source>/<int:pk>/discard/",
        dead_letters.letter_discard,
        name="letter-discard",
    ),
]

urlpatterns = [
    path("settings/", overview.overview, name="overview"),
    *_PROFILE,
    *_USERS,
    *things.urls(things.TEAMS),
    path("settings/teams/<slug:slug>/default/", things.make_default_team, name="team-default"),
    *things.urls(things.SHOPS),
    *things.urls(things.TAGS),
    path("settings/reasons/usual/", things.add_usual_reasons, name="reasons-usual"),
    *things.urls(things.REASONS),
    *things.urls(things.FIELDS),
    *_CANNED,
    *_KEYS,
    *_CHANNELS,
    *_CALENDARS,
    *_POLICIES,
    *_RULES,
    *_SURVEYS,
    *_OPERATING,
]
