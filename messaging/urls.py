"""Where peers post: `https://pw.{domain}/inbox` (protocol 2.1)."""

from django.urls import path

from messaging.api.views import InboxView

urlpatterns = [path("inbox", InboxView.as_view(), name="inbox")]
