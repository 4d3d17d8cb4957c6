"""The reference says what the code says."""

import pkgutil
import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.management import BaseCommand, load_command_class

from erply_auth import checks, urls
from erply_auth.conf import APIS, get_settings
from erply_auth.erply import account, crm, errors
from erply_auth.forms.address import AddressForm
from erply_auth.forms.login import LoginForm
from erply_auth.forms.password import PasswordChangeForm
from erply_auth.forms.privacy import EraseForm, PasswordForm
from erply_auth.forms.profile import ProfileForm
from erply_auth.forms.registration import FirstPasswordForm, RegistrationForm
from erply_auth.forms.reset import NewPasswordForm, ResetForm
from erply_auth.management import commands
from shop import checks as shop_checks
from tests.docs.pages import DOCS, PROJECT, section
from tests.docs.tables import code, marked, rows, settings_table

REFERENCE = DOCS / "reference"
APP = PROJECT / "erply_auth"
ENVIRONMENT_READERS = ("settings", "environment")
PRESENT = {"CLIENT_CODE": "100100", "USERNAME": "webshop", "PASSWORD": "secret"}
DUMMY = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

Check = Callable[..., Iterable[CheckMessage]]
# How each check is provoked: which of them, and the settings that it does not like.
PROVOKED: dict[str, tuple[Check, dict[str, Any]]] = {
    "erply_auth.E001": (checks.check_settings, {"ERPLY_AUTH": {}}),
    "erply_auth.E002": (checks.check_backend, {"AUTHENTICATION_BACKENDS": []}),
    "erply_auth.E003": (checks.check_middleware, {"MIDDLEWARE": []}),
    "erply_auth.E004": (checks.check_urls, {"ROOT_URLCONF": "django.conf.urls.i18n"}),
    "erply_auth.E005": (checks.check_cache, {"ERPLY_AUTH": PRESENT | {"CACHE_ALIAS": "gone"}}),
    "erply_auth.E006": (checks.check_cache, {"CACHES": DUMMY}),
    "erply_auth.E007": (checks.check_log_key, {"ERPLY_AUTH": PRESENT}),
    "erply_auth.E008": (checks.check_deployment, {"ERPLY_AUTH": PRESENT}),
    "erply_auth.W001": (checks.check_deployment, {"CACHES": LOCAL}),
    "erply_auth.W002": (
        checks.check_deployment,
        {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"},
    ),
    "erply_auth.W003": (checks.check_deployment, {"AXES_USERNAME_CALLABLE": None}),
    "erply_auth.W004": (checks.check_log_key_strength, {"ERPLY_AUTH": PRESENT | {"LOG_KEY": "x"}}),
    "shop.E001": (shop_checks.secret_key_is_set, {"SECRET_KEY": ""}),
    "shop.W001": (shop_checks.account_is_named, {"ERPLY_AUTH": {}}),
}


def reference(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text()


def test_the_table_of_settings_is_the_dataclass() -> None:
    assert marked(reference("settings"), "settings") == settings_table()


def test_the_table_of_the_environment_is_what_the_shop_reads() -> None:
    documented = [code(row[0])[0] for row in rows(reference("settings"), "environment")]
    source = "".join((PROJECT / "shop" / f"{name}.py").read_text() for name in ENVIRONMENT_READERS)
    read = re.findall(r'\b(?:text|flag|names|number|_parsed)\("([A-Z_]+)"', source)
    for keys, prefix in re.findall(
        r'^for key in \((.+)\):\n.*\btext\(f"([A-Z_]+){key}"\)', source, re.MULTILINE
    ):
        read += [prefix + key for key in re.findall(r'"([A-Z_]+)"', keys)]
    assert "ERPLY_CRM_URL" in read
    example = re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(set(read)) == sorted(example)


def test_every_check_in_the_code_is_documented() -> None:
    page = reference("checks")
    documented = [code(row[0])[0] for part in ("checks", "shop checks") for row in rows(page, part)]
    source = (APP / "checks.py").read_text() + (PROJECT / "shop" / "checks.py").read_text()
    assert sorted(documented) == sorted(set(re.findall(r'id="([^"]+)"', source)))
    assert sorted(documented) == sorted(PROVOKED)


@pytest.mark.parametrize("check_id", PROVOKED)
def test_a_checks_advice_is_documented_word_for_word(check_id: str, settings: Any) -> None:
    check, unloved = PROVOKED[check_id]
    for name, value in unloved.items():
        setattr(settings, name, value)
    found = {message.id: message for message in check(app_configs=None)}
    page = reference("checks")
    advice = {
        code(row[0])[0]: row[2] for part in ("checks", "shop checks") for row in rows(page, part)
    }
    assert found[check_id].hint == advice[check_id]
    assert found[check_id].is_serious() is ("E" in check_id.rpartition(".")[2])


def own_commands() -> dict[str, BaseCommand]:
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    return {name: load_command_class("erply_auth", name) for name in names}


def options(command: BaseCommand) -> dict[str, str]:
    """The options that every command does not have, each with its default."""
    common = set(BaseCommand().create_parser("manage.py", "any")._option_string_actions)
    actions = command.create_parser("manage.py", "any")._option_string_actions
    return {name: str(actions[name].default) for name in set(actions) - common}


def test_every_command_is_documented_with_its_options_and_exit_codes() -> None:
    page = REFERENCE / "commands.md"
    headings = re.findall(r"^## (\w+)$", page.read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(own_commands())
    for name, command in own_commands().items():
        text = section(page, name)
        documented = re.findall(r"^\| `(--[\w-]+)` \| `([^`]*)` \|", text, re.MULTILINE)
        assert dict(documented) == options(command), name
        codes = ["0", "1", "2"] if name == "erply_sync_members" else ["0", "1"]
        assert re.findall(r"^\| (\d) \|", text, re.MULTILINE) == codes, name


def test_the_table_of_addresses_is_the_urlconf() -> None:
    table = rows(reference("urls"), "urls")
    documented = [("".join(code(row[0])), code(row[1])[0]) for row in table]
    assert documented == [(str(one.pattern), one.name) for one in urls.urlpatterns]


def test_the_table_of_addresses_names_the_forms_fields() -> None:
    documented = {
        code(row[1])[0]: set(code("".join(row[2:]))) for row in rows(reference("urls"), "urls")
    }
    forms = {
        "login": {*LoginForm.base_fields, "next"},
        "logout": {"next"},
        "profile": set(ProfileForm.base_fields),
        "sessions": {"session", "others"},
        "password_change": set(PasswordChangeForm(user=None).fields),
        "password_reset": set(ResetForm.base_fields),
        "password_reset_confirm": set(NewPasswordForm.base_fields),
        "register": set(RegistrationForm.base_fields),
        "register_confirm": set(FirstPasswordForm.base_fields),
        "address_add": set(AddressForm.base_fields),
        "address_edit": set(AddressForm.base_fields),
        "export": set(PasswordForm.base_fields),
        "delete_account": set(EraseForm.base_fields),
    }
    assert {name: fields for name, fields in documented.items() if fields} == forms


def test_the_table_of_templates_lists_files_and_their_own_blocks() -> None:
    folder = APP / "templates" / "erply_auth"
    table = rows((DOCS / "install.md").read_text(), "templates")
    documented = {code(row[0])[0]: set(code(row[1])) for row in table}
    files = [file for file in folder.rglob("*") if file.is_file()]
    sources = {file.relative_to(folder).as_posix(): file.read_text() for file in files}
    assert documented == {name: own_blocks(name, sources) for name in sources}


def own_blocks(name: str, sources: dict[str, str]) -> set[str]:
    """The template's blocks that it does not have from the one it extends."""
    mine = set(re.findall(r"{% block (\w+) %}", sources[name]))
    parent = re.search(r'{% extends "erply_auth/([^"]+)" %}', sources[name])
    while parent:
        mine -= set(re.findall(r"{% block (\w+) %}", sources[parent[1]]))
        parent = re.search(r'{% extends "erply_auth/([^"]+)" %}', sources[parent[1]])
    return mine


def test_the_architecture_names_every_module() -> None:
    table = rows((DOCS / "architecture.md").read_text(), "modules")
    documented = {code(row[0])[0].rstrip("/") for row in table}
    parts = [part for part in APP.iterdir() if not part.name.startswith("_")]
    ours = {part.relative_to(PROJECT).as_posix() for part in parts if part.name != "py.typed"}
    assert documented == ours | {"shop", "templates"}


def test_the_architecture_names_every_module_of_the_client() -> None:
    table = rows((DOCS / "architecture.md").read_text(), "client")
    modules = {path.stem for path in (APP / "erply").glob("*.py")} - {"__init__"}
    assert {code(row[0])[0] for row in table} == modules


def test_what_the_settings_of_the_apis_can_be_is_documented() -> None:
    text = section(DOCS / "crm.md", "The two settings")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == APIS


def test_the_times_of_the_two_apis_are_those_of_the_code() -> None:
    moved, client = (DOCS / "crm.md").read_text(), (DOCS / "reliability.md").read_text()
    assert "for six hours" in moved
    assert "left the classic API | shared cache | six hours |" in client
    assert account._MOVED_SECONDS == 6 * 3600
    assert "calls it for ten seconds" in client
    assert crm._PAUSE_SECONDS == 10
    assert "no CRM API | shared cache | a minute |" in client
    assert crm._NO_ENDPOINT_SECONDS == 60
    assert "asked with, a day at most |" in client
    assert crm._ENDPOINT_SECONDS == 86400


def test_every_error_code_is_documented_as_the_client_takes_it() -> None:
    rejected = {
        "an error at the form field": errors.FieldRejected,
        "not found": errors.RecordNotFound,
        "others refer to the record": errors.RecordInUse,
        "an error at the password": errors.PasswordRefused,
    }
    documented = set()
    for codes, meaning in rows((DOCS / "erply.md").read_text(), "codes"):
        kind, _, words = meaning.partition(": ")
        for number in map(int, codes.split(", ")):
            documented.add(number)
            error = errors.error_for("getCustomers", number)
            if kind == "rejected":
                assert type(error) is rejected[words], number
            else:
                assert isinstance(error, errors.ErplyUnavailable)
                assert error.reason.value == words, number
    assert documented == {*errors._REASONS, *errors._REJECTIONS}


def test_the_table_of_deadlines_has_the_defaults(settings: Any) -> None:
    settings.ERPLY_AUTH = PRESENT
    text = (DOCS / "reliability.md").read_text()
    table = re.findall(r"^\| `([A-Z_]+)` \| (\d+) (s|MiB) \|", text, re.MULTILINE)
    units = {"s": 1, "MiB": 1 << 20}
    documented = {name: int(number) * units[unit] for name, number, unit in table}
    assert documented
    assert documented == {name: getattr(get_settings(), name.lower()) for name in documented}


def test_every_direct_dependency_is_explained_and_nothing_else() -> None:
    page = (DOCS / "dependencies.md").read_text()
    explained = set(re.findall(r"^\| ([\w-]+) \|", page, re.MULTILINE)) - {"package"}
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    direct = set(re.findall(r"^([\w-]+)", "\n".join(project["dependencies"]), re.MULTILINE))
    for name in ("requirements.txt", "requirements-mariadb.txt"):
        direct |= chosen((PROJECT / name).read_text())
    assert {name.lower() for name in direct} == {name.lower() for name in explained}


def chosen(requirements: str) -> set[str]:
    """What we chose, without what it pulls in: the first list under each comment."""
    lists = re.findall(r"^#[^\n]*\n((?:^(?!#|$)[^\n]+\n)+)", requirements, re.MULTILINE)
    return {re.split(r"[=\[]", line)[0] for part in lists for line in part.split() if "==" in line}


def test_each_right_of_a_member_has_a_paragraph_a_page_and_a_test() -> None:
    page = DOCS / "gdpr.md"
    names = {one.name for one in urls.urlpatterns}
    rights = {row[0]: row for row in rows(page.read_text(), "rights")}
    assert [re.sub(r"\[(\w+)\].*", r"\1", right) for right in rights] == [
        *("access", "portability", "rectification", "erasure", "objection"),
    ]
    for right, (_name, _article, pages, test) in rights.items():
        title = re.sub(r"\[(\w+)\].*", r"\1", right).capitalize()
        text = section(page, title, level=3)
        assert "What the app does:" in text
        assert "What stays yours:" in text
        assert code(pages)
        assert set(code(pages)) <= names
        (path,) = code(test)
        assert "\ndef test_" in (PROJECT / path).read_text()
