"""The app's signals, sent by `linking`, `outages` and `services.erasure`."""

from django.dispatch import Signal

member_linked = Signal()
"""A customer has logged in for the first time and has a Django user now: `sender` is Member,
`member` the new link. Sent after the transaction is committed."""

member_erased = Signal()
"""A customer's data is erased in Erply and their member is closed: `sender` is Member,
`client_code` and `customer_id` say whose, `member` is the closed link or None where it was deleted.
Sent after the transaction is committed, twice where a process died over it: the host erases what it
keeps of them, too."""

member_closed = Signal()
"""A member may not log in any more, and their sessions end: their customer is gone from Erply or
has become a till's walk-in customer. `sender` is Member, `member` the closed link. Sent after the
transaction is committed."""

erply_unavailable = Signal()
"""Erply could not serve: `sender` names the asker, `request` may be None, `error` is one
of `outages.OUTAGES`. Nobody's credentials were judged."""
