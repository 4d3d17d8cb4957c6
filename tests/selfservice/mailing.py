"""Mail servers that fail, and one that a test can wait for."""

import queue
from smtplib import SMTPServerDisconnected
from typing import Any, ClassVar

from django.core.mail.backends.base import BaseEmailBackend


class Refusing(BaseEmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise SMTPServerDisconnected("mari.maasikas@example.ee refused")


class Breaking(BaseEmailBackend):
    """As the mail services' own clients do, whose errors are no OSError."""

    def send_messages(self, messages: Any) -> int:
        raise LookupError("mari.maasikas@example.ee unknown")


class Delivering(BaseEmailBackend):
    """Hands mails over to a test that waits for them in another thread."""

    arrived: ClassVar[queue.Queue[Any]] = queue.Queue()

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            self.arrived.put(message)
        return len(messages)
