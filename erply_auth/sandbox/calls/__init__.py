"""The classic API's calls: one function each, listed with what they need."""

from collections.abc import Callable
from typing import NamedTuple

from .access import (
    get_service_endpoints,
    get_session_key_info,
    get_session_key_user,
    validate_customer_username,
    verify_customer_user,
    verify_user,
)
from .addresses import delete_address, get_address_types, get_addresses, save_address
from .context import Context, Found
from .customers import get_customers, get_default_customer
from .groups import get_customer_groups, save_customer_group
from .processing import log_processing_of_customer_data
from .saving import delete_customer, save_customer


class Spec(NamedTuple):
    """A call and its fences.

    `registry` calls answer 1120 where the registry has left the classic API; `personal` calls
    answer 1148 where the API user has no access to customer data.
    """

    perform: Callable[[Context], Found]
    needs_session: bool = True
    registry: bool = False
    personal: bool = False


CALLS = {
    "verifyUser": Spec(verify_user, needs_session=False),
    "getServiceEndpoints": Spec(get_service_endpoints, needs_session=False),
    "getSessionKeyUser": Spec(get_session_key_user),
    "getSessionKeyInfo": Spec(get_session_key_info),
    "verifyCustomerUser": Spec(verify_customer_user),
    "validateCustomerUsername": Spec(validate_customer_username),
    "getCustomers": Spec(get_customers, registry=True, personal=True),
    "getDefaultCustomer": Spec(get_default_customer),
    "saveCustomer": Spec(save_customer, registry=True, personal=True),
    "deleteCustomer": Spec(delete_customer, registry=True, personal=True),
    "getAddresses": Spec(get_addresses, registry=True, personal=True),
    "getAddressTypes": Spec(get_address_types, registry=True),
    "saveAddress": Spec(save_address, registry=True, personal=True),
    "deleteAddress": Spec(delete_address, registry=True, personal=True),
    "getCustomerGroups": Spec(get_customer_groups, registry=True),
    "saveCustomerGroup": Spec(save_customer_group, registry=True),
    "logProcessingOfCustomerData": Spec(log_processing_of_customer_data, personal=True),
}

__all__ = ["CALLS", "Context", "Found", "Spec"]
