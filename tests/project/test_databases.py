"""What the shop demands of its database and of its cache, asked of them directly."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import DataError, connection
from django.db.utils import ConnectionHandler

from shop import environment


@pytest.fixture
def no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")


@pytest.mark.django_db
@pytest.mark.usefixtures("no_url")
def test_sqlite_keeps_a_write_ahead_log_syncs_fully_and_writes_in_turns(tmp_path: Path) -> None:
    database = ConnectionHandler({"default": environment.database(tmp_path)})["default"]
    try:
        with database.cursor() as cursor:
            modes = {
                name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "busy_timeout")
            }
        assert modes == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 20_000}
        assert database.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    finally:
        database.close()
    assert (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize(
    ("url", "file"),
    [("sqlite:///kept/a.db", "/project/kept/a.db"), ("sqlite:////var/a.db", "/var/a.db")],
)
def test_a_relative_sqlite_file_lies_in_the_project_wherever_a_command_starts(
    monkeypatch: pytest.MonkeyPatch, url: str, file: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    config = environment.database(Path("/project"))
    assert str(config["NAME"]) == file
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
def test_connections_to_a_database_server_are_kept_and_checked(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://me:p%24ss%23@db.example.com:99/shop?b=2")
    config = environment.database(Path("/project"))
    assert (config["USER"], config["PASSWORD"], config["PORT"]) == ("me", "p$ss#", 99)
    assert config["CONN_MAX_AGE"] > 0
    assert config["CONN_HEALTH_CHECKS"]
    assert config["OPTIONS"]["b"] == 2


def test_a_redis_that_hangs_does_not_hang_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_URL", "redis://cache.example.com:6379/3")
    config = environment.cache()
    assert config["BACKEND"] == "django.core.cache.backends.redis.RedisCache"
    assert config["LOCATION"] == "redis://cache.example.com:6379/3"
    assert config["OPTIONS"] == {"socket_timeout": 2, "socket_connect_timeout": 2}


@pytest.mark.postgres
@pytest.mark.mariadb
@pytest.mark.django_db
def test_a_value_that_is_too_long_is_refused_and_not_cut() -> None:
    with pytest.raises(DataError):
        get_user_model().objects.create(username="x" * 151)


@pytest.mark.postgres
@pytest.mark.mariadb
@pytest.mark.django_db
def test_every_letter_there_is_survives_the_database() -> None:
    user = get_user_model().objects.create(username="õ", first_name="Õnne 𝄞 🍓")
    user.refresh_from_db()
    assert user.first_name == "Õnne 𝄞 🍓"


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_is_the_database() -> None:
    assert connection.vendor == "postgresql"


@pytest.mark.mariadb
@pytest.mark.django_db
def test_mariadb_is_the_database_and_strict() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@sql_mode, @@character_set_connection")
        mode, charset = cursor.fetchone()
    assert "STRICT_TRANS_TABLES" in mode
    assert charset == "utf8mb4"


@pytest.mark.redis
def test_redis_keeps_what_the_cache_is_given() -> None:
    cache.set("name", {"a": 1}, 60)
    assert cache.get("name") == {"a": 1}


@pytest.mark.parametrize("order", [1, 2])
def test_the_cache_is_empty_when_a_test_begins(order: int) -> None:
    assert cache.add("the-same-name", order)
