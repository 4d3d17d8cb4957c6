"""A plain HTTP client for the sandbox's CRM API."""

import json
import urllib.parse
from typing import Any, NamedTuple

from .support import Caller


class Answer(NamedTuple):
    status: int
    content: Any
    total: str | None


class Crm:
    """Speaks to the CRM API with the session key of a caller."""

    def __init__(self, call: Caller) -> None:
        self.call = call
        call.log_in()
        self.headers = {"clientCode": call.sandbox.client_code, "sessionKey": call.key}

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        target = f"/crm/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body)
        answer, text = self.call.send(method, target, content, self.headers)
        return Answer(
            answer.status, json.loads(text) if text else None, answer.getheader("X-Total-Count")
        )

    def ids(self, path: str, **query: Any) -> list[int]:
        answer = self("GET", path, **query)
        assert answer.status == 200, answer
        return [record["id"] for record in answer.content]

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The status, and the code and field of the error."""
        answer = self(method, path, body, **query)
        error = answer.content["error"]
        assert error["message"]
        return answer.status, error["code"], error["field"]
