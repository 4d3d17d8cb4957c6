"""The Celery task, run by real workers; and the app without Celery."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.conf import settings as django_settings
from redis import Redis

from erply_auth.erply.errors import ErplyUnavailable
from erply_auth.sandbox import Sandbox
from erply_auth.tasks import deliver_log
from tests.project.support import copy_shop

from .delivering import MARI, states, told_of, write
from .processes import ended, process, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "erply_auth.tasks.deliver_log"


@pytest.fixture
def app() -> Iterator[Celery]:
    """A host's Celery app, which finds the task by itself."""
    app = Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.autodiscover_tasks(["erply_auth"])
    with start_worker(app, perform_ping_check=False, pool="solo", shutdown_timeout=20):
        yield app
    app.close()


def test_a_worker_delivers_what_waits(erply: Sandbox, app: Celery) -> None:
    write()
    app.send_task(NAME)
    wait_until(lambda: states() == ["delivered"])
    assert told_of(erply) == {MARI: 1}


def test_a_pass_that_erply_ended_is_a_failed_task(erply: Sandbox) -> None:
    write()
    erply.no_customer_data_access = True
    result = deliver_log.apply()
    assert result.failed()
    assert isinstance(result.result, ErplyUnavailable)
    assert "(1148)" in str(result.result)
    assert states() == ["failed"]
    erply.no_customer_data_access = False
    assert deliver_log.apply().successful()


HOST = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
from celery import Celery
app = Celery("shop", broker=os.environ["BROKER_URL"])
app.conf.task_default_queue = os.environ["QUEUE"]
app.conf.broker_transport_options = {"global_keyprefix": os.environ["QUEUE"]}
app.autodiscover_tasks()
"""


@pytest.mark.redis
def test_a_worker_of_its_own_delivers_what_is_sent_over_redis(
    erply: Sandbox, tmp_path: Path
) -> None:
    shop = copy_shop(tmp_path)
    (shop / "host.py").write_text(HOST)
    broker, queue = django_settings.CACHES["default"]["LOCATION"], f"erply-{uuid.uuid4()}-"
    options = ["-A", "host", "worker", "--pool", "solo", "--without-mingle", "--without-gossip"]
    sender = Celery("shop", broker=broker, set_as_current=False)
    sender.conf.broker_transport_options = {"global_keyprefix": queue}
    write()
    more = {"BROKER_URL": broker, "QUEUE": queue}
    with process(erply, shop, "-m", "celery", *options, **more) as worker:
        sender.send_task(NAME, queue=queue)
        wait_until(lambda: states() == ["delivered"], worker)
        worker.terminate()
        assert ended(worker)[0] == 0
    sender.close()
    with Redis.from_url(broker) as kept:
        kept.delete(*kept.scan_iter(f"{queue}*"))
    assert told_of(erply) == {MARI: 1}


WITHOUT_CELERY = """
import sys, os, importlib, pkgutil, json
sys.modules["celery"] = None
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
import erply_auth
refused = []
for module in pkgutil.walk_packages(erply_auth.__path__, "erply_auth."):
    if module.name != "erply_auth.pytest_plugin":
        try:
            importlib.import_module(module.name)
        except ImportError:
            refused.append(module.name)
from django.core.management import call_command
call_command("erply_deliver_log")
print(json.dumps(refused))
"""


def test_without_celery_all_but_the_task_works(erply: Sandbox, tmp_path: Path) -> None:
    write()
    with process(erply, copy_shop(tmp_path), "-c", WITHOUT_CELERY) as started:
        status, words, complaint = ended(started)
    assert (status, complaint) == (0, "")
    assert json.loads(words.splitlines()[-1]) == ["erply_auth.tasks"]
    assert states() == ["delivered"]
