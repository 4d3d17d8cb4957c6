"""A plain HTTP client for the sandbox, apart from the app's own."""

import http.client
import json
import socket
import urllib.parse
from typing import Any

from erply_auth.sandbox import Sandbox

FORM = "application/x-www-form-urlencoded"


class Caller:
    """One keep-alive connection that speaks to the classic API."""

    def __init__(self, sandbox: Sandbox, timeout: float = 10) -> None:
        self.sandbox = sandbox
        host, port = urllib.parse.urlsplit(sandbox.url).netloc.split(":")
        self.address = (host, int(port))
        self.connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        self.key = ""

    def close(self) -> None:
        self.connection.close()

    def send(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(method, target, body, headers or {})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def post(self, **parameters: Any) -> dict[str, Any]:
        """Posts the parameters as they are, under the account's client code."""
        form = {"clientCode": self.sandbox.client_code, **parameters}
        body = urllib.parse.urlencode(form)
        answer, content = self.send("POST", "/api/", body, {"Content-Type": FORM})
        assert answer.status == 200
        return json.loads(content)

    def log_in(self, **parameters: Any) -> dict[str, Any]:
        answer = self.post(
            request="verifyUser",
            username=self.sandbox.api_username,
            password=self.sandbox.api_password,
            **parameters,
        )
        self.key = answer["records"][0]["sessionKey"]
        return answer["records"][0]

    def __call__(self, name: str, /, **parameters: Any) -> dict[str, Any]:
        """Calls with a session key, made when there is none yet."""
        if not self.key:
            self.log_in()
        return self.post(request=name, sessionKey=self.key, **parameters)

    def records(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        answer = self(name, **parameters)
        assert answer["status"]["errorCode"] == 0, answer["status"]
        return answer["records"]

    def error(self, name: str, /, **parameters: Any) -> tuple[int, str | None]:
        answer = self(name, **parameters)
        assert answer["status"]["responseStatus"] == "error"
        assert answer["records"] is None
        return answer["status"]["errorCode"], answer["status"]["errorField"]

    def bulk(self, *sub_requests: Any, **parameters: Any) -> dict[str, Any]:
        if not self.key:
            self.log_in()
        return self.post(sessionKey=self.key, requests=json.dumps(sub_requests), **parameters)

    def control(self, method: str, what: str, body: Any = None) -> tuple[int, Any]:
        content = None if body is None else json.dumps(body)
        answer, text = self.send(method, f"/sandbox/{what}", content)
        return answer.status, json.loads(text)

    def raw(self, data: bytes) -> bytes:
        """What comes back on a connection of its own until it closes."""
        with socket.create_connection(self.address, timeout=10) as connection:
            connection.sendall(data)
            received = b""
            while more := connection.recv(65536):
                received += more
        return received
