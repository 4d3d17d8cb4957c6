"""The parameters of a request, wherever it carries them: query, form or multipart body."""

import json
import re
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from .errors import MALFORMED, ErplyError
from .wire import Request

MAX_SUB_REQUESTS = 100

_NAME = re.compile(r'(?i)content-disposition:.*?[;\s]name="?([^";\r\n]*)"?')


def read_parameters(request: Request) -> dict[str, str]:
    """Every parameter by name; the body's word counts over the query's."""
    content_type = Message()
    content_type["Content-Type"] = request.headers.get("content-type", "")
    parameters = _pairs(request.query)
    kind = content_type.get_content_type()
    if kind == "application/x-www-form-urlencoded":
        parameters |= _pairs(request.body.decode("utf-8", "replace"))
    elif kind == "multipart/form-data":
        parameters |= _parts(request.body, content_type.get_boundary(""))
    return parameters


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))


def _parts(body: bytes, boundary: str) -> dict[str, str]:
    parts = {}
    # The first boundary stands at the very beginning, without the line end of the others.
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"))[1:-1]:
        head, _blank, value = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head.decode("utf-8", "replace")):
            parts[name[1]] = value.decode("utf-8", "replace")
    return parts


def read_sub_requests(text: str) -> list[dict[str, Any]]:
    """The sub-requests of a bulk request, `requestID` as it was sent."""
    try:
        requests = json.loads(text)
    except (ValueError, RecursionError):
        raise ErplyError(MALFORMED, "requests") from None
    if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
        raise ErplyError(MALFORMED, "requests")
    return requests


def sub_parameters(sub_request: dict[str, Any]) -> dict[str, str]:
    """The parameters of one sub-request, as they would have come in a form."""
    return {name: _text(value) for name, value in sub_request.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    text = value if isinstance(value, str) else json.dumps(value)
    # Half of a surrogate pair can be written in JSON, but is no character.
    return text.encode("utf-8", "replace").decode()
