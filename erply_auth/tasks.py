"""Work for shops that run Celery: schedule `deliver_log` with celery beat, say each minute."""

from __future__ import annotations

from celery import shared_task

from . import delivery


@shared_task(ignore_result=True)
def deliver_log() -> None:
    """One pass, as `erply_deliver_log` makes it; ErplyUnavailable where that exits with 1."""
    report = delivery.deliver()
    if problem := report.stopped_by or report.trouble:
        raise problem
