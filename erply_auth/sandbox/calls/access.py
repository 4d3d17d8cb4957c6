"""Log-in: the API user's session keys, the web-shop users' credentials, where services are."""

from typing import Any

from ..errors import (
    CREDENTIALS_MISSING,
    CREDENTIALS_WRONG,
    NOT_UNIQUE,
    WRONG_VALUE,
    ErplyError,
)
from ..records import Record, full_name
from ..sessions import DEFAULT_LENGTH, MAX_LENGTH, Session
from .context import Arguments, Context, Found, found


def verify_user(context: Context) -> Found:
    """Opens a session for the API user."""
    account, arguments = context.account, context.arguments
    user_name, password = _credentials(arguments)
    if (user_name, password) != (account.api_username, account.api_password):
        raise ErplyError(CREDENTIALS_WRONG)
    length = arguments.integer("sessionLength")
    if length is None:
        length = DEFAULT_LENGTH
    if not 1 <= length <= MAX_LENGTH:
        raise ErplyError(WRONG_VALUE, "sessionLength")
    session = account.sessions.open(user_name, context.session.peer, length, account.now())
    user = _user(context, session)
    if not arguments.flag("doNotGenerateIdentityToken"):
        user["identityToken"] = f"sandbox-identity-{session.key}"
    return found(user)


def get_session_key_user(context: Context) -> Found:
    """Whose session key this is."""
    return found(_user(context, context.session))


def get_session_key_info(context: Context) -> Found:
    """When the session began and when it ends."""
    session = context.session
    times = {"creationUnixTime": session.created, "expireUnixTime": session.expires}
    return found({name: str(int(time)) for name, time in times.items()})


def verify_customer_user(context: Context) -> Found:
    """Whom these web-shop credentials belong to; opens no session."""
    user_name, password = _credentials(context.arguments)
    account = context.account
    for customer in account.members():
        if (user_name, password) == (customer["webshopUsername"], customer["password"]):
            customer["webshopLastLogin"] = str(int(account.now()))
            return found(_identity(context, customer))
    raise ErplyError(CREDENTIALS_WRONG)


def validate_customer_username(context: Context) -> Found:
    """Whether a web-shop user name is still free."""
    user_name = context.arguments.required("username")
    if any(user_name == one["webshopUsername"] for one in context.account.members()):
        raise ErplyError(NOT_UNIQUE, "username")
    return found()


def get_service_endpoints(context: Context) -> Found:
    """Where the account's other services are."""
    crm_url = context.account.crm_url
    if not crm_url:
        return found({})
    crm = {"url": crm_url, "documentation": f"{crm_url}documentation", "isSandbox": False}
    return found({"crm": crm})


def _credentials(arguments: Arguments) -> tuple[str, str]:
    user_name, password = arguments.get("username", ""), arguments.get("password", "")
    if not user_name or not password:
        raise ErplyError(CREDENTIALS_MISSING)
    return user_name, password


def _user(context: Context, session: Session) -> dict[str, Any]:
    return {
        "userID": "6",
        "userName": session.user_name,
        "employeeID": "4",
        "employeeName": "Web Shop",
        "groupID": "7",
        "groupName": "Integrations",
        "ipAddress": session.peer,
        "sessionKey": session.key,
        "sessionLength": session.length,
        "loginUrl": context.account.url.removesuffix("api/"),
    }


def _identity(context: Context, customer: Record) -> dict[str, str]:
    account = context.account
    employer = account.customers.get(customer["companyID"])
    return {
        "clientID": str(customer["id"]),
        "clientUsername": customer["webshopUsername"],
        "clientName": full_name(customer),
        "clientFirstName": customer["firstName"],
        "clientLastName": customer["lastName"],
        "clientGroupID": str(customer["groupID"]),
        "clientGroupName": account.group_name(customer["groupID"]),
        "companyID": str(customer["companyID"]),
        "companyName": "" if employer is None else employer["companyName"],
    }
