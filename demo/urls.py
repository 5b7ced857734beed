from django.urls import path

from demo import views

app_name = "demo"

urlpatterns = [
    path("demo/", views.home, name="home"),
    path("demo/shop/", views.shop, name="shop"),
    path("demo/mail/", views.mail_write, name="mail-write"),
    path("demo/mail/<slug:key>/", views.mail_answer, name="mail-answer"),
    path("demo/messenger/", views.messenger, name="messenger"),
]
