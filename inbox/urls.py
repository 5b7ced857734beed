from django.urls import path

from inbox.views import (
    actions,
    canned,
    claims,
    composing,
    content,
    customers,
    orders,
    pages,
    preferences,
)

app_name = "inbox"

urlpatterns = [
    path("inbox/", pages.inbox, name="list"),
    path("inbox/rows/", pages.rows, name="rows"),
    path("inbox/counts/", pages.counts, name="counts"),
    path("inbox/uploads/", composing.upload, name="upload"),
    path("inbox/preferences/", preferences.look, name="preferences"),
    path("inbox/<int:number>/", pages.ticket, name="ticket"),
    path("inbox/<int:number>/older/", pages.older, name="older"),
    path("inbox/<int:number>/live/", pages.live, name="live"),
    path("inbox/<int:number>/change/", actions.change, name="change"),
    path("inbox/<int:number>/review/", actions.review, name="review"),
    path("inbox/<int:number>/participants/", actions.participant, name="participant"),
    path("inbox/<int:number>/claims/<slug:name>/", claims.decide, name="claim"),
    path("inbox/<int:number>/seen/", actions.see, name="see"),
    path("inbox/<int:number>/choices/channel/", composing.channel_choices, name="channel-choices"),
    path("inbox/<int:number>/choices/<slug:name>/", actions.choices, name="choices"),
    path("inbox/<int:number>/around/", orders.beside, name="around"),
    path("inbox/<int:number>/orders/link/", orders.link, name="order-link"),
    path("inbox/<int:number>/orders/<uuid:order_id>/unlink/", orders.unlink, name="order-unlink"),
    path("inbox/messages/<uuid:message_id>/numbers/", content.numbers, name="message-numbers"),
    path("inbox/<int:number>/reply/", composing.reply, name="reply"),
    path("inbox/<int:number>/note/", composing.note, name="note"),
    path("inbox/<int:number>/draft/", composing.draft, name="draft"),
    path("inbox/<int:number>/canned/", canned.found, name="canned"),
    path("inbox/<int:number>/canned/<uuid:public_id>/", canned.use, name="canned-use"),
    path("inbox/messages/<uuid:message_id>/undo/", composing.take_back, name="message-undo"),
    path("inbox/messages/<uuid:message_id>/settle/", composing.settle, name="message-settle"),
    path("inbox/messages/<uuid:message_id>/body/", content.body, name="message-body"),
    path("inbox/messages/<uuid:message_id>/image/", content.image, name="message-image"),
    path("inbox/attachments/<uuid:attachment_id>/", content.attachment, name="attachment"),
    path("customers/", customers.customers, name="customers"),
    path("customers/<uuid:customer_id>/", customers.customer, name="customer"),
]
