"""logProcessingOfCustomerData: what the shop tells Erply about its use of customer data."""

from ..account import ProcessingRecord
from ..errors import MISSING, NO_SUCH_ITEM, OUTSIDE_EU, WRONG_VALUE, ErplyError
from .context import Context, Found, found

ACTIVITIES = ("create", "read", "update", "delete")
FIELDS = frozenset(
    {
        "name",
        "phone",
        "mobilePhone",
        "fax",
        "email",
        "address",
        "nationalIdentificationNumber",
        "dateOfBirth",
        "gender",
        "bankAccount",
        "employer",
        "skype",
        "payer",
        "website",
        "licencePlate",
        "VIN",
        "all",
    }
)
LONGEST_DESCRIPTION = 255


def log_processing_of_customer_data(context: Context) -> Found:
    """Enters what the shop did to its customers' data."""
    account, arguments = context.account, context.arguments
    if account.outside_eu:
        raise ErplyError(OUTSIDE_EU)
    ids = arguments.integers("customerIDs")
    if ids is None:
        raise ErplyError(MISSING, "customerIDs")
    # A customer's deletion may be told after the fact, so the deleted ones count too.
    if not account.customers.keys() | account.deleted_customers >= set(ids):
        raise ErplyError(NO_SUCH_ITEM, "customerIDs")
    arguments.required("activityType")
    activity_type = arguments.choice("activityType", ACTIVITIES)
    fields = tuple(filter(None, arguments.get("fields", "").split(",")))
    if not FIELDS.issuperset(fields):
        raise ErplyError(WRONG_VALUE, "fields")
    arguments.setdefault("description", "")
    description = arguments.text("description", LONGEST_DESCRIPTION)
    for customer_id in ids:
        account.processing_log.append(
            ProcessingRecord(
                customer_id,
                activity_type,
                fields,
                description,
                by_erply=False,
                user_name=context.user_name,
                at=account.now(),
                employee_id=arguments.get("employeeID", ""),
                partner_key=arguments.get("partnerKey", ""),
            )
        )
    return found()
