"""A stand-in Erply account over real HTTP, for tests, demos and development.

It needs the standard library only and shares no code with the client it is used to try.
"""

from .account import Account, Call, ProcessingRecord
from .faults import DEFAULTS as FAULTS
from .faults import SHAPES, Fault
from .records import Record
from .sandbox import API_PASSWORD, API_USERNAME, CLIENT_CODE, PLENTY, Sandbox

__all__ = [
    "API_PASSWORD",
    "API_USERNAME",
    "CLIENT_CODE",
    "FAULTS",
    "PLENTY",
    "SHAPES",
    "Account",
    "Call",
    "Fault",
    "ProcessingRecord",
    "Record",
    "Sandbox",
]
