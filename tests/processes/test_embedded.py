"""The workers of the embedded shape, each at its own queues."""

from __future__ import annotations

from config.embedded import worker_of
from config.settings import CELERY_TASK_ROUTES


def test_two_workers_of_one_process_take_each_others_queues_away_from_nobody() -> None:
    ours = worker_of("worker", 1, ["advance", "outbox", "sweep"])
    posts = worker_of("post", 1, ["post"])
    heard = [set(each.app.amqp.queues.consume_from) for each in (ours, posts)]
    assert heard == [{"advance", "outbox", "sweep"}, {"post"}]
    assert {route["queue"] for route in CELERY_TASK_ROUTES.values()} == set.union(*heard)
    for each in (ours, posts):
        assert {"messaging.post", "messaging.deliver", "scripts.sweep"} <= set(each.app.tasks)
