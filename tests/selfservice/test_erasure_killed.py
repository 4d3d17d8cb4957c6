"""A process killed in the midst of an erasure, and the next one that finishes it."""

import multiprocessing
import os
import signal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from erply_auth import connection
from erply_auth.models import Erasure, Outcome, ProcessingEntry
from erply_auth.sandbox import Sandbox

from .support import KALLE
from .test_erasure import is_closed, is_empty, resume

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The child makes connections of its own and takes no lock of the sandbox's threads.
    pytest.mark.filterwarnings("ignore:This process .* multi-threaded:DeprecationWarning"),
]

TIMES = 400
"""How often the child is waited for, a twentieth of a second each."""


def child() -> None:
    call_command("erply_resume_erasures", stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115


@pytest.mark.parametrize("performed", [True, False])
@pytest.mark.parametrize(
    "call", ["getCustomers", "deleteCustomer", "saveCustomer", "getAddresses", "deleteAddress"]
)
def test_a_process_killed_at_any_call_leaves_what_the_next_one_finishes(
    enter: Any, erply: Sandbox, mailoutbox: list[Any], call: str, performed: bool
) -> None:
    enter("gold")
    Erasure.objects.create(
        client_code="100100",
        customer_id=KALLE,
        plan="delete",
        started_at=timezone.now(),
        notice_to="kalle.kuld@example.ee",
    )
    fault = erply.fault("timeout", calls=call, performed=performed)
    # Neither side may use what the other has opened.
    connection.disconnect()
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    for _ in range(TIMES):
        process.join(0.05)
        if fault.hits:
            break
    assert fault.hits
    assert process.is_alive()
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert Erasure.objects.get().finished_at is None
    erply.clear_faults()
    assert resume() == "Customer 30: emptied\n"
    is_empty(erply)
    is_closed(KALLE)
    assert [mail.to for mail in mailoutbox] == [["kalle.kuld@example.ee"]]
    killed = ProcessingEntry.objects.filter(outcome=Outcome.UNKNOWN)
    assert [entry.customer_id for entry in killed] == [KALLE]
