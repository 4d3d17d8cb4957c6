"""What happens when Erply or the log cannot serve: one line for the operator, one signal."""

from __future__ import annotations

import logging
from typing import Final

from django.db import Error as DatabaseFailure
from django.http import HttpRequest

from .conf import ErplyConfigurationError
from .erply.errors import ErplyError, ErplyUnavailable, Reason
from .processing import LogUnavailable
from .signals import erply_unavailable

logger = logging.getLogger(__name__)

Outage = ErplyUnavailable | LogUnavailable | ErplyConfigurationError | DatabaseFailure
OUTAGES: Final = (ErplyUnavailable, LogUnavailable, ErplyConfigurationError, DatabaseFailure)

_API_USER = "check ERPLY_AUTH['USERNAME'] and ERPLY_AUTH['PASSWORD'], and the API user in Erply"
_REMEDIES: Final = {
    Reason.SILENT: "see whether Erply can be reached from here; ERPLY_AUTH['API_URL'] names it",
    Reason.GARBLED: "see what answers at ERPLY_AUTH['API_URL']",
    Reason.MAINTENANCE: "wait",
    Reason.QUOTA: "it begins anew at the full hour; see what else uses the account",
    Reason.THROTTLED: "wait ten seconds; see what else calls Erply from this address",
    Reason.ACCOUNT: "check ERPLY_AUTH['CLIENT_CODE']",
    Reason.API_USER: _API_USER,
    Reason.RIGHTS: "give the API user's group in Erply the right to this call",
    Reason.CONSENT: "grant the API user access to customer data in Erply's GDPR settings",
    Reason.OUTSIDE_EU: "nothing: the local log is the only one",
    Reason.NO_CRM: "set ERPLY_AUTH['CRM_URL'], or ask Erply for the account's CRM API",
    Reason.MOVED: "set ERPLY_AUTH['CUSTOMER_API'] and ERPLY_AUTH['ADDRESS_API'] to 'auto'",
    Reason.BUSY: "try again",
    Reason.STORE: "see whether the cache that ERPLY_AUTH['CACHE_ALIAS'] names is up",
    Reason.REQUEST: "report it with the code; the account may lack the module",
}


def remedy(error: ErplyError) -> str:
    """What an operator can do about it."""
    return _REMEDIES[error.reason] if isinstance(error, ErplyUnavailable) else "report it"


def announce(error: Outage, sender: object, request: HttpRequest | None) -> None:
    """Writes the operator's line and sends `erply_unavailable`."""
    if isinstance(error, ErplyUnavailable):
        logger.error("Erply unavailable: %s: %s", error, remedy(error))
    elif isinstance(error, ErplyConfigurationError):
        logger.error("%s", error)
    else:
        cause = error.__cause__ if isinstance(error, LogUnavailable) else error
        logger.error("The database refused (%s): nothing was shown", type(cause).__name__)
    erply_unavailable.send(sender=sender, request=request, error=error)
