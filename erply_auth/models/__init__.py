"""What the app keeps: members, their sessions, the log, erasures under way, mailed links."""

from .delivery import ProcessingDelivery
from .erasure import Erasure, ErasureOutcome, ErasurePlan
from .links import PendingRegistration, PolicyAcceptance, ResetLink
from .log import (
    Activity,
    ErplyState,
    Immutable,
    Outcome,
    ProcessingEntry,
    ProcessingLog,
    ProcessingOutcome,
    WriteOnceQuerySet,
    to_be_delivered,
)
from .member import Member, MirroredGroup
from .seals import ProcessingSeal
from .session import MemberSession, MemberSessionQuerySet, session_limits

__all__ = [
    "Activity",
    "Erasure",
    "ErasureOutcome",
    "ErasurePlan",
    "ErplyState",
    "Immutable",
    "Member",
    "MemberSession",
    "MemberSessionQuerySet",
    "MirroredGroup",
    "Outcome",
    "PendingRegistration",
    "PolicyAcceptance",
    "ProcessingDelivery",
    "ProcessingEntry",
    "ProcessingLog",
    "ProcessingOutcome",
    "ProcessingSeal",
    "ResetLink",
    "WriteOnceQuerySet",
    "session_limits",
    "to_be_delivered",
]
