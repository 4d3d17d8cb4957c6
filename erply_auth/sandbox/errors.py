"""Why a call failed, in the account's own terms: an error code and the parameter to blame."""

ACCOUNT_NOT_FOUND = 1001
QUOTA_SPENT = 1002
UNKNOWN_CALL = 1005
UNKNOWN_FORMAT = 1007
NO_SESSION_KEY = 1009
MISSING = 1010
NO_SUCH_ITEM = 1011
NOT_UNIQUE = 1012
WRONG_FORMAT = 1014
MALFORMED = 1015
WRONG_VALUE = 1016
TOO_MANY_SUB_REQUESTS = 1020
IN_USE = 1022
CREDENTIALS_MISSING = 1050
CREDENTIALS_WRONG = 1051
SESSION_EXPIRED = 1054
SESSION_UNKNOWN = 1055
SESSION_TOO_OLD = 1056
NO_RIGHT = 1060
PASSWORD_TOO_SHORT = 1100
PASSWORD_WITHOUT_LETTERS = 1101
PASSWORD_WITHOUT_DIGITS = 1102
REGISTRY_ELSEWHERE = 1120
NO_CUSTOMER_DATA_ACCESS = 1148
OUTSIDE_EU = 1149
TOO_LONG = 1156

REFUSES_WHOLE_BULK = frozenset(
    {
        ACCOUNT_NOT_FOUND,
        QUOTA_SPENT,
        NO_SESSION_KEY,
        TOO_MANY_SUB_REQUESTS,
        SESSION_EXPIRED,
        SESSION_UNKNOWN,
        SESSION_TOO_OLD,
    }
)


class ErplyError(Exception):
    """The call is answered with this code and, where one is to blame, this parameter."""

    def __init__(self, code: int, field: str | None = None) -> None:
        super().__init__(code, field)
        self.code = code
        self.field = field
