"""The control surface under /sandbox/: calls, state, faults and reset as JSON.

GET calls, GET state, POST faults, DELETE faults, POST reset. It serves whoever drives the
sandbox from outside; Python code has the `Sandbox` object.
"""

import dataclasses
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from .account import Account
from .records import full_name
from .wire import Reply, Request

PREFIX = "/sandbox/"


def respond(account: Account, request: Request) -> Reply:
    """Answers one request to the control surface."""
    what = request.path.removeprefix(PREFIX).strip("/")
    methods = _ACTIONS.get(what)
    if methods is None:
        return _json({"error": f"There are {', '.join(sorted(_ACTIONS))}."}, HTTPStatus.NOT_FOUND)
    action = methods.get(request.method)
    if action is None:
        allowed = ", ".join(sorted(methods))
        return _json({"error": f"Use {allowed}."}, HTTPStatus.METHOD_NOT_ALLOWED)
    return action(account, request)


def _calls(account: Account, request: Request) -> Reply:
    return _json([dataclasses.asdict(call) for call in list(account.calls)])


def _state(account: Account, request: Request) -> Reply:
    return _json(
        {
            "clientCode": account.client_code,
            "apiUrl": account.url,
            "crmUrl": account.crm_url,
            "quota": account.quota,
            "spentThisHour": account.meter.spent(account.now()),
            "calls": len(account.calls),
            "roundTrips": account.round_trips,
            "connections": account.connections,
            "latency": account.latency,
            "faults": _in_force(account),
            "members": [
                {
                    "customerID": member["id"],
                    "name": full_name(member),
                    "username": member["webshopUsername"],
                    "password": member["password"],
                }
                for member in account.members()
            ],
        }
    )


def _in_force(account: Account) -> list[dict[str, Any]]:
    return [fault.as_dict() for fault in account.fault_book.in_force()]


def _list_faults(account: Account, request: Request) -> Reply:
    return _json(_in_force(account))


def _order_fault(account: Account, request: Request) -> Reply:
    try:
        wish = json.loads(request.body)
        fault = account.fault_book.order(
            wish.pop("kind"), wish.pop("calls", None), wish.pop("times", None), **wish
        )
    except KeyError:
        return _json({"error": "A fault has a kind."}, HTTPStatus.BAD_REQUEST)
    except (ValueError, TypeError, AttributeError) as error:
        return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
    return _json(fault.as_dict(), HTTPStatus.CREATED)


def _clear_faults(account: Account, request: Request) -> Reply:
    account.fault_book.clear()
    return _json([])


def _reset(account: Account, request: Request) -> Reply:
    account.reset()
    return _json({})


def _json(content: Any, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(json.dumps(content).encode(), "application/json; charset=utf-8", status)


_ACTIONS: dict[str, dict[str, Callable[[Account, Request], Reply]]] = {
    "calls": {"GET": _calls},
    "state": {"GET": _state},
    "faults": {"GET": _list_faults, "POST": _order_fault, "DELETE": _clear_faults},
    "reset": {"POST": _reset},
}
