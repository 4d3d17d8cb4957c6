"""What a call works on: the account, the parameters as typed values, who is asking."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from ..account import Account
from ..errors import MISSING, NO_SUCH_ITEM, TOO_LONG, WRONG_FORMAT, WRONG_VALUE, ErplyError
from ..records import Record
from ..sessions import Session

DEFAULT_PAGE = 20
LARGEST_PAGE = 100
LONGEST_SHORT_TEXT = 255

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class Found(NamedTuple):
    """The records of an answer, and how many there are on all pages."""

    records: list[dict[str, Any]]
    total: int


def found(*records: dict[str, Any]) -> Found:
    """An answer of these records and no more."""
    return Found(list(records), len(records))


class Arguments(dict[str, str]):
    """The parameters of a call; what does not fit is refused with its name."""

    def required(self, name: str) -> str:
        value = self.get(name, "")
        if not value:
            raise ErplyError(MISSING, name)
        return value

    def integer(self, name: str) -> int | None:
        """The number, or None when the parameter is empty or was left out."""
        value = self.get(name, "").strip()
        if not value:
            return None
        if not _INTEGER.fullmatch(value):
            raise ErplyError(WRONG_FORMAT, name)
        return int(value)

    def integers(self, name: str) -> list[int] | None:
        """The numbers of a comma-separated list."""
        text = self.get(name, "")
        if not text:
            return None
        parts = text.split(",")
        if not all(_INTEGER.fullmatch(part) for part in parts):
            raise ErplyError(WRONG_FORMAT, name)
        return [int(part) for part in parts]

    def flag(self, name: str) -> bool:
        return self.get(name, "") == "1"

    def text(self, name: str, longest: int) -> str:
        value = self[name]
        # Short columns hold so many characters, the text columns so many bytes.
        length = len(value) if longest <= LONGEST_SHORT_TEXT else len(value.encode())
        if length > longest:
            raise ErplyError(TOO_LONG, name)
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self[name]
        if value not in choices:
            raise ErplyError(WRONG_VALUE, name)
        return value

    def day(self, name: str) -> str:
        """A date as yyyy-mm-dd, or nothing."""
        value = self[name]
        try:
            well_formed = not value or date.fromisoformat(value).isoformat() == value
        except ValueError:
            well_formed = False
        if not well_formed:
            raise ErplyError(WRONG_FORMAT, name)
        return value

    def existing(self, name: str, table: dict[int, Record]) -> Record:
        """The record whose id this required parameter gives."""
        self.required(name)
        record = table.get(self.integer(name) or 0)
        if record is None:
            raise ErplyError(NO_SUCH_ITEM, name)
        return record

    def page(self, records: list[Record]) -> tuple[list[Record], int]:
        """The page asked for, and how many records there are on all pages."""
        size = self.integer("recordsOnPage") or DEFAULT_PAGE
        size = max(1, min(size, LARGEST_PAGE))
        number = max(1, self.integer("pageNo") or 1)
        return records[(number - 1) * size : number * size], len(records)


@dataclass(frozen=True)
class Context:
    """One call being carried out; the session of calls that need no key is an empty one."""

    account: Account
    arguments: Arguments
    session: Session

    @property
    def user_name(self) -> str:
        return self.session.user_name

    def changed_since(self, record: Record) -> bool:
        since = self.arguments.integer("changedSince")
        return since is None or bool(record["lastModified"] >= since)

    def touch(self, record: Record) -> None:
        """Notes when the record was last changed, and by whom."""
        record["lastModified"] = int(self.account.now())
        record["lastModifierUsername"] = self.user_name
