"""Where the wallet's API is served, below /wallet/, and its page, there and below /go/."""

from django.urls import path

from wallets.api.views import (
    AboutView,
    AcknowledgeView,
    NotificationsView,
    PushView,
    RelayView,
    StreamView,
    SubscribeView,
    UnsubscribeView,
)
from wallets.page import page
from wallets.shell import manifest, worker

urlpatterns = [
    path("wallet/", page, name="wallet-page"),
    path("go/<path:locator>", page, name="wallet-go"),
    path("wallet/manifest.webmanifest", manifest, name="wallet-manifest"),
    path("wallet/worker.js", worker, name="wallet-worker"),
    path("wallet/about", AboutView.as_view(), name="wallet-about"),
    path("wallet/notifications", NotificationsView.as_view(), name="wallet-notifications"),
    path("wallet/notifications/acknowledge", AcknowledgeView.as_view(), name="wallet-acknowledge"),
    path("wallet/stream", StreamView.as_view(), name="wallet-stream"),
    path("wallet/push", PushView.as_view(), name="wallet-push"),
    path("wallet/push/subscribe", SubscribeView.as_view(), name="wallet-subscribe"),
    path("wallet/push/unsubscribe", UnsubscribeView.as_view(), name="wallet-unsubscribe"),
    path("wallet/relay", RelayView.as_view(), name="wallet-relay"),
]
