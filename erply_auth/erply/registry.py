"""The customer registry: what the rest of the app can ask of Erply, whichever API answers it.

Methods take and return our own words. All raise ErplyUnavailable when Erply cannot tell; what else
they raise is said at each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from . import classic_records
from .account import CRM, Account, Customers
from .classic import MAX_BULK, Parameters
from .errors import (
    TAKEN,
    VERIFY_CUSTOMER_USER,
    CredentialsRejected,
    ErplyError,
    ErplyRejected,
    ErplyUnavailable,
    FieldRejected,
    Reason,
    RecordNotFound,
    our_fault,
)
from .records import (
    Address,
    AddressType,
    Attribute,
    Card,
    Changes,
    Customer,
    CustomerGroup,
    CustomerIdentity,
    Raw,
    parsed,
)


class CustomerRegistry(Account):
    """The account's customers."""

    # Log-in, the classic API's alone.

    def verify_credentials(self, username: str, password: str) -> CustomerIdentity:
        """Whose web-shop user name and password these are; CredentialsRejected if nobody's."""
        parameters = {"username": username, "password": password}
        records = self._classic.call(VERIFY_CUSTOMER_USER, parameters)
        if not records:
            raise CredentialsRejected(VERIFY_CUSTOMER_USER)
        return parsed(VERIFY_CUSTOMER_USER, classic_records.identity, records[0])

    def username_is_free(self, username: str) -> bool:
        """Whether no customer has this user name yet. FieldRejected if it cannot be one."""
        try:
            self._classic.call("validateCustomerUsername", {"username": username})
        except FieldRejected as error:
            if error.code == TAKEN:
                return False
            raise
        return True

    def walk_in_ids(self) -> frozenset[int]:
        """The customers that tills sell to when nobody says who they are. Kept."""
        return self._reference.value("walk-in", self._fetch_walk_in_ids)

    # Customers.

    def card(self, customer_id: int, *, whole: bool = False) -> Card:
        """The customer's record, balance, addresses and contact persons; `whole`, all there is.

        One call on the classic API; two on the CRM API, a third for a contact person's employer.
        The CRM API tells neither balance nor contact persons. RecordNotFound if there is no such
        customer.
        """
        api, card = self._by(
            self._customer_api, lambda api: (api, api.customer(customer_id, whole))
        )
        if card.customer.customer_id != customer_id:
            # Never somebody else's record, whatever Erply or a cache before it answers.
            raise ErplyUnavailable("getCustomers", reason=Reason.GARBLED)
        if api is self._apis[CRM]:
            return self._completed(card)
        if self._address_api == CRM:
            return dataclasses.replace(card, addresses=self.addresses(customer_id))
        return card

    def customers(self, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
        """Those of these customers that there are, contact persons too.

        A tenth of a call for each hundred on the classic API, a call on the CRM API. Raises
        ErplyUnavailable for an answer with anybody else's record, with one twice, or with one
        that leaves out names or groups.
        """
        return self._read_many(lambda api: api.customers(customer_ids))

    def customers_one_by_one(self, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
        """The same with a read of their own for each, for whom the first one has not found."""
        return self._read_many(lambda api: api.customers_one_by_one(customer_ids))

    def ids_with_email(self, email: str, most: int) -> tuple[int, ...]:
        """Whom Erply's search for an e-mail address finds, at most so many.

        What it finds is a hint and no more: read the customers and compare.
        """
        return self._by(self._customer_api, lambda api: api.ids_with_email(email, most))

    def add_customer(self, values: Changes, *, is_company: bool, group_id: int = 0) -> int:
        """Adds a customer, to a group unless it is 0; their id. FieldRejected as in an update."""
        return self._write(
            self._customer_api, lambda api: api.add_customer(values, is_company, group_id)
        )

    def add_customers(self, many: Sequence[Changes], *, is_company: bool) -> tuple[int, ...]:
        """Adds up to 100 customers in one request; their ids, in order.

        Raises the first error there is. What came before it has been added all the same.
        """
        return self._write(self._customer_api, lambda api: api.add_customers(many, is_company))

    def update_customer(
        self, customer: Customer, changes: Changes, without: Sequence[Attribute] = ()
    ) -> None:
        """Changes just these fields, and empties these attributes where the API knows any.

        FieldRejected with our name of the field, RecordNotFound.
        """
        self._write(self._customer_api, lambda api: api.update_customer(customer, changes, without))

    def delete_customer(self, customer: Customer) -> None:
        """Removes the customer. RecordInUse when documents refer to them, RecordNotFound."""
        self._write(self._customer_api, lambda api: api.delete_customer(customer))

    def groups(self) -> tuple[CustomerGroup, ...]:
        """All customer groups, each parent before its children. Kept."""
        return self._reference.value("groups", self.groups_now)

    def groups_now(self) -> tuple[CustomerGroup, ...]:
        """All customer groups as Erply has them now."""
        return self._by(self._customer_api, lambda api: api.groups())

    def group_path(self, group_id: int) -> tuple[CustomerGroup, ...]:
        """The group and those above it, nearest first; empty if there is no such group."""
        groups = {group.group_id: group for group in self.groups()}
        path: dict[int, CustomerGroup] = {}
        while group_id in groups and group_id not in path:  # A tree, unless somebody tied a knot.
            path[group_id] = groups[group_id]
            group_id = groups[group_id].parent_id
        return tuple(path.values())

    def add_group(self, name: str) -> int:
        """Adds a customer group at the top of the tree; its id."""
        group_id = self._by(self._customer_api, lambda api: api.add_group(name))
        self._reference.forget("groups")
        return group_id

    def rename_group(self, group_id: int, name: str) -> None:
        """Gives a customer group another name. RecordNotFound."""
        self._by(self._customer_api, lambda api: api.rename_group(group_id, name))
        self._reference.forget("groups")

    # Addresses.

    def addresses(self, owner_id: int) -> tuple[Address, ...]:
        """All addresses of a customer, in Erply's order."""
        api, found = self._by(self._address_api, lambda api: (api, api.addresses(owner_id)))
        return self._named(found) if api is self._apis[CRM] else found

    def add_address(self, owner_id: int, values: Changes) -> int:
        """Adds an address to a customer; its id. FieldRejected with our name of the field."""
        return self._write(self._address_api, lambda api: api.add_address(owner_id, values))

    def update_address(self, address_id: int, changes: Changes) -> None:
        """Changes just these fields. FieldRejected with our name of the field, RecordNotFound."""
        self._write(self._address_api, lambda api: api.update_address(address_id, changes))

    def delete_address(self, address_id: int) -> None:
        """Removes an address. RecordNotFound if it is not there."""
        self._write(self._address_api, lambda api: api.delete_address(address_id))

    def address_types(self, language: str) -> tuple[AddressType, ...]:
        """What addresses can be for, those out of use included, in a language. Kept.

        `language` is a code such as `et` or `pt-br`; in one that Erply does not know, and in "",
        the names are the account's own.
        """

        def fetch() -> tuple[AddressType, ...]:
            return self._by(self._address_api, lambda api: api.address_types(language))

        return self._reference.value(f"address-types.{language}", fetch)

    def _completed(self, card: Card) -> Card:
        """What the CRM API leaves out of a record and we know."""
        group = next(iter(self.group_path(card.customer.group_id)), None)
        customer = dataclasses.replace(
            card.customer,
            group_name=group.name if group else "",
            is_default=card.customer.customer_id in self.walk_in_ids(),
        )
        if customer.company_id:
            customer = dataclasses.replace(customer, employer_name=self._name(customer.company_id))
        addresses = self.addresses(customer.customer_id)
        return dataclasses.replace(card, customer=customer, addresses=addresses)

    def _read_many(
        self, operation: Callable[[Customers], tuple[Customer, ...]]
    ) -> tuple[Customer, ...]:
        api, found = self._by(self._customer_api, lambda api: (api, operation(api)))
        if api is not self._apis[CRM] or not found:
            return found
        if {one.group_id for one in found} - {0} - {group.group_id for group in self.groups()}:
            self._reference.forget("groups")  # Somebody is in a group that is newer than they are.
        names = {group.group_id: group.name for group in self.groups()}
        walk_in_ids = self.walk_in_ids()
        return tuple(
            dataclasses.replace(
                customer,
                group_name=names.get(customer.group_id, ""),
                is_default=customer.customer_id in walk_in_ids,
            )
            for customer in found
        )

    def _name(self, customer_id: int) -> str:
        """A customer's name from the CRM API, "" if there is no such customer."""
        try:
            employer = self._apis[CRM].customer(customer_id).customer
        except RecordNotFound:
            return ""
        # Never somebody else's name, whatever the API or a cache before it answers.
        return employer.name if employer.customer_id == customer_id else ""

    def _named(self, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        names = {kind.type_id: kind.name for kind in self.address_types("")} if addresses else {}
        return tuple(
            dataclasses.replace(address, type_name=names.get(address.type_id, ""))
            for address in addresses
        )

    def _fetch_walk_in_ids(self) -> frozenset[int]:
        name = "getDefaultCustomer"
        calls: list[tuple[str, Parameters]] = [(name, {})]
        calls += [(name, {"pointOfSaleID": till}) for till in self._points_of_sale]
        records: list[Raw] = []
        for start in range(0, len(calls), MAX_BULK):
            for outcome in self._answers(calls[start : start + MAX_BULK]):
                if isinstance(outcome, ErplyError):
                    raise our_fault(outcome) if isinstance(outcome, ErplyRejected) else outcome
                records += outcome
        return frozenset(parsed(name, classic_records.customer_id, record) for record in records)

    def _answers(self, calls: list[tuple[str, Parameters]]) -> list[list[Raw] | ErplyError]:
        if len(calls) > 1:
            return self._classic.bulk(calls)
        try:
            return [self._classic.call(*calls[0])]
        except ErplyRejected as error:
            return [error]
