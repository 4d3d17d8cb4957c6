"""Customer groups: a tree by parentID."""

import re

from ..errors import MISSING, WRONG_VALUE, ErplyError
from ..records import GROUP_FIELDS, localized
from .context import Context, Found, found

LONGEST_NAME = 255

_NAME = re.compile("name(?:[A-Z]{3})?")


def get_customer_groups(context: Context) -> Found:
    """The groups; their tree is in `parentID`."""
    language = context.arguments.get("lang", "")
    return found(
        *(
            {
                "customerGroupID": group["id"],
                **{name: group[name] for name in GROUP_FIELDS},
                "name": localized(group, language),
            }
            for group in list(context.account.groups.values())
            if context.changed_since(group)
        )
    )


def save_customer_group(context: Context) -> Found:
    """Adds or changes a group."""
    account, arguments = context.account, context.arguments
    changes: dict[str, str | int] = {**_names(context), **_numbers(context)}
    if arguments.get("customerGroupID"):
        group = arguments.existing("customerGroupID", account.groups)
        if changes.get("parentID") == group["id"]:
            raise ErplyError(WRONG_VALUE, "parentID")
    elif not (names := _names(context)):
        raise ErplyError(MISSING, "name")
    else:
        first_name = next(iter(names.values()))
        group = account.insert(account.groups, GROUP_FIELDS, {"name": first_name})
    group.update(changes)
    group["lastModified"] = int(account.now())
    return found({"customerGroupID": group["id"]})


def _names(context: Context) -> dict[str, str]:
    return {
        parameter: context.arguments.text(parameter, LONGEST_NAME)
        for parameter in context.arguments
        if _NAME.fullmatch(parameter) and context.arguments[parameter]
    }


def _numbers(context: Context) -> dict[str, int]:
    numbers = {}
    for parameter in GROUP_FIELDS:
        if parameter == "parentID" or parameter.startswith("pricelistID"):
            number = context.arguments.integer(parameter)
            if number is not None:
                numbers[parameter] = number
    if numbers.get("parentID"):
        context.arguments.existing("parentID", context.account.groups)
    return numbers
