"""The page on security answers every number that was asked of it, and nothing else."""

from tests.docs.pages import DOCS
from tests.docs.tables import rows

ASKED = {
    "V2": ["4.1"],
    "V3": ["3.1", "3.2", "3.3", "3.4", "4.3", "4.6", "5.1", "5.3", "7.2"],
    "V6": [
        *("1.1", "2.2", "2.3", "2.5", "2.7", "2.8", "2.9", "3.1", "3.5", "3.7", "3.8", "4.1"),
        *("8.1", "8.4"),
    ],
    "V7": ["1.1", "1.2", "2.4", "3.1", "3.2", "4.1", "4.2", "4.3", "4.4", "4.5", "5.1", "5.2"],
    "V8": ["2.2", "2.3"],
    "V12": ["3.2"],
    "V13": ["1.2", "1.3", "2.2", "2.6", "3.4"],
    "V14": ["2.1", "2.2", "2.6", "2.7", "3.1", "3.2"],
    "V16": ["2.5", "3.1", "4.1", "5.2", "5.3"],
}


def test_every_number_is_answered_once_and_in_order() -> None:
    table = rows((DOCS / "security.md").read_text(), "asvs")
    asked = [f"{chapter}.{number}" for chapter, numbers in ASKED.items() for number in numbers]
    assert [row[0] for row in table] == asked
    assert [row[0] for row in table if not (row[1].strip() and row[2].strip())] == []
