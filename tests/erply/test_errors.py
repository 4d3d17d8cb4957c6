import pickle
from typing import Any

import pytest

from erply_auth.erply import errors
from erply_auth.erply.errors import (
    CredentialsRejected,
    ErplyError,
    ErplyRejected,
    ErplyUnavailable,
    FieldRejected,
    PasswordRefused,
    Reason,
    RecordInUse,
    RecordNotFound,
)
from erply_auth.sandbox import Sandbox

from .support import Client

EVERYWHERE = {
    1000: Reason.MAINTENANCE,
    1001: Reason.ACCOUNT,
    1002: Reason.QUOTA,
    1003: Reason.MAINTENANCE,
    1005: Reason.REQUEST,
    1006: Reason.REQUEST,
    1007: Reason.REQUEST,
    1008: Reason.MAINTENANCE,
    1009: Reason.REQUEST,
    1020: Reason.REQUEST,
    1054: Reason.API_USER,
    1055: Reason.API_USER,
    1056: Reason.API_USER,
    1058: Reason.API_USER,
    1059: Reason.API_USER,
    1060: Reason.RIGHTS,
    1061: Reason.RIGHTS,
    1062: Reason.RIGHTS,
    1063: Reason.RIGHTS,
    1064: Reason.RIGHTS,
    1065: Reason.API_USER,
    1068: Reason.API_USER,
    1120: Reason.MOVED,
    1126: Reason.MOVED,
    1127: Reason.MOVED,
    1148: Reason.CONSENT,
    1149: Reason.OUTSIDE_EU,
    1201: Reason.API_USER,
    1204: Reason.BUSY,
    1205: Reason.BUSY,
    1212: Reason.API_USER,
    4711: Reason.REQUEST,
    -1: Reason.REQUEST,
}
API_USER_REFUSED = dict.fromkeys((1050, 1051, 1052, 1053), Reason.API_USER)
REJECTIONS: dict[int, type[ErplyRejected]] = {
    1010: FieldRejected,
    1011: RecordNotFound,
    1012: FieldRejected,
    1014: FieldRejected,
    1015: FieldRejected,
    1016: FieldRejected,
    1022: RecordInUse,
    1100: PasswordRefused,
    1101: PasswordRefused,
    1102: PasswordRefused,
    1103: PasswordRefused,
    1156: FieldRejected,
    1196: PasswordRefused,
}
NOT_ABOUT_THE_PAIR = dict.fromkeys(REJECTIONS, Reason.REQUEST)


def refusal(erply: Sandbox, shop: Client, name: str, code: int) -> ErplyError:
    erply.fault("error", calls=name, code=code, field="someField")
    with pytest.raises(ErplyError) as caught:
        shop.classic.verify_user() if name == errors.VERIFY_USER else shop.classic.call(
            name, {"username": "mari"}
        )
    assert (caught.value.call, caught.value.code) == (name, code)
    return caught.value


@pytest.mark.parametrize(
    ("code", "reason"), (EVERYWHERE | API_USER_REFUSED | NOT_ABOUT_THE_PAIR).items()
)
def test_every_refusal_of_the_api_user_means_unavailable(
    erply: Sandbox, shop: Client, code: int, reason: Reason
) -> None:
    error = refusal(erply, shop, errors.VERIFY_USER, code)
    assert type(error) is ErplyUnavailable
    assert error.reason is reason


@pytest.mark.parametrize("code", [1050, 1051, 1052, 1053])
def test_a_member_s_wrong_pair_is_the_only_thing_that_rejects_credentials(
    erply: Sandbox, shop: Client, code: int
) -> None:
    error = refusal(erply, shop, errors.VERIFY_CUSTOMER_USER, code)
    assert type(error) is CredentialsRejected
    assert error.field == ""


@pytest.mark.parametrize(("code", "reason"), (EVERYWHERE | NOT_ABOUT_THE_PAIR).items())
def test_whatever_else_a_log_in_answers_is_no_word_about_the_credentials(
    erply: Sandbox, shop: Client, code: int, reason: Reason
) -> None:
    error = refusal(erply, shop, errors.VERIFY_CUSTOMER_USER, code)
    assert type(error) is ErplyUnavailable
    assert error.reason is reason


@pytest.mark.parametrize(("code", "reason"), (EVERYWHERE | API_USER_REFUSED).items())
def test_other_calls_are_unavailable_for_what_is_not_the_member_s_doing(
    erply: Sandbox, shop: Client, code: int, reason: Reason
) -> None:
    error = refusal(erply, shop, "getCustomers", code)
    assert type(error) is ErplyUnavailable
    assert (error.reason, error.field) == (reason, "someField")


@pytest.mark.parametrize(("code", "kind"), REJECTIONS.items())
def test_other_calls_say_what_they_reject_and_in_which_field(
    erply: Sandbox, shop: Client, code: int, kind: type[ErplyRejected]
) -> None:
    error = refusal(erply, shop, "saveCustomer", code)
    assert type(error) is kind
    assert error.field == "someField"


def test_the_two_roots_are_apart() -> None:
    assert not issubclass(ErplyUnavailable, ErplyRejected)
    assert not issubclass(ErplyRejected, ErplyUnavailable)
    assert issubclass(PasswordRefused, FieldRejected)


@pytest.mark.parametrize(
    "field",
    ["Mari Maasikas <mari@example.ee>", "1", "", "x" * 65, "a\nb", "a\ud800", "username\n", "Õ"],
)
def test_what_cannot_be_a_parameter_s_name_is_not_repeated(field: str) -> None:
    for error in (
        errors.error_for("saveCustomer", 1016, field),
        errors.error_for("saveCustomer", 1002, field),
    ):
        assert error.field == error.args[2] == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ErplyUnavailable("getCustomers"), "getCustomers: no answer"),
        (
            ErplyUnavailable("verifyUser", 1051, reason=Reason.API_USER),
            "verifyUser: the API user is refused (1051)",
        ),
        (
            FieldRejected("saveCustomer", 1012, "username"),
            "saveCustomer: erply blames a field (1012) [username]",
        ),
        (CredentialsRejected("verifyCustomerUser"), "verifyCustomerUser: not these credentials"),
    ],
)
def test_an_error_says_call_what_happened_code_and_field(error: ErplyError, words: str) -> None:
    assert str(error) == words


def attributes(error: ErplyError) -> dict[str, Any]:
    return {**vars(error), "args": error.args, "text": str(error)}


@pytest.mark.parametrize(
    "kind", [CredentialsRejected, RecordNotFound, RecordInUse, FieldRejected, PasswordRefused]
)
def test_rejections_travel_between_processes(kind: type[ErplyError]) -> None:
    error = kind("saveCustomer", 1012, "username")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(copy) is kind
    assert attributes(copy) == attributes(error)


def test_unavailability_travels_between_processes() -> None:
    error = ErplyUnavailable("verifyUser", 1051, "username", Reason.API_USER)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert attributes(copy) == attributes(error)
    assert copy.reason is Reason.API_USER
