"""An answer as JSON or as XML, under the content type the client asked for."""

import json
import re
from typing import Any
from xml.sax.saxutils import escape  # nosec B406

from .wire import Reply

_ITEM_NAMES = {
    "records": "record",
    "requests": "request",
    "addresses": "address",
    "attributes": "attribute",
    "contactPersons": "contactPerson",
}
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def render(answer: dict[str, Any], parameters: dict[str, str]) -> Reply:
    """Without `sendContentType=1` everything is called text/html, JSON too."""
    honest = parameters.get("sendContentType") == "1" or parameters.get("setContentType") == "1"
    if parameters.get("responseType", "").upper() == "XML":
        kind, body = "text/xml", render_xml(answer)
    else:
        # The slashes come escaped, as PHP writes them.
        kind, body = "application/json", json.dumps(answer).replace("/", "\\/")
    return Reply(
        body.encode("utf-8", "replace"), f"{kind if honest else 'text/html'}; charset=utf-8"
    )


def render_xml(answer: dict[str, Any]) -> str:
    """The same answer as XML, one element per field."""
    return '<?xml version="1.0" encoding="utf-8"?>\n' + _element("response", answer)


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        content = "".join(_element(key, inner) for key, inner in value.items())
    elif isinstance(value, list):
        item = _ITEM_NAMES.get(name, "item")
        content = "".join(_element(item, inner) for inner in value)
    elif isinstance(value, bool):
        content = str(int(value))
    else:
        content = "" if value is None else escape(_NOT_IN_XML.sub("", str(value)))
    return f"<{name}>{content}</{name}>"
