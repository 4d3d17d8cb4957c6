"""A missing database, cache or browser is never silent: listed at the end, or a failure."""

from tests.project.support import PROJECT, run

MEANT_FOR_SERVERS = ["tests/project/test_databases.py", "-m", "postgres or mariadb or redis"]
# The inner runs are about skipping: no coverage, no workers, no cache folder to share.
QUIETLY = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]


def outcome(*arguments: str, **variables: str) -> tuple[int, str]:
    command = ["-m", "pytest", *QUIETLY, *arguments]
    done = run(*command, folder=PROJECT, timeout=120, **variables)
    return done.returncode, done.stdout


def test_what_is_skipped_is_listed_at_the_end_with_its_reason() -> None:
    status, words = outcome(*MEANT_FOR_SERVERS)
    assert status == 0
    end = words[words.index("skipped, and why") :]
    assert "needs PostgreSQL as the database: DATABASE_URL=postgres://… (1)" in end
    assert "needs Redis as the cache: CACHE_URL=redis://… (1)" in end
    assert "test_databases.py::test_mariadb_is_the_database_and_strict" in end


def test_workers_report_what_they_skip_too() -> None:
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", *MEANT_FOR_SERVERS]
    done = run(*command, folder=PROJECT, timeout=120)
    assert done.returncode == 0
    assert "needs Redis as the cache: CACHE_URL=redis://… (1)" in done.stdout


def test_when_services_are_required_every_skip_is_a_failure() -> None:
    status, words = outcome(*MEANT_FOR_SERVERS, REQUIRE_SERVICES="1")
    assert status == 1
    assert "5 errors" in words
    assert "passed" not in words


def test_a_browser_that_is_not_there_is_a_failure_when_it_is_required() -> None:
    browser_tests = ["tests/project/test_browser.py"]
    status, words = outcome(*browser_tests, PATH="/nonexistent")
    assert status == 0
    assert "needs an installed Chromium" in words
    status, words = outcome(*browser_tests, PATH="/nonexistent", REQUIRE_SERVICES="1")
    assert status == 1


def test_on_one_server_the_tests_for_another_vendor_are_left_out() -> None:
    url = "postgres://nobody@127.0.0.1:9/never-asked"
    _, chosen = outcome(
        *MEANT_FOR_SERVERS, "--collect-only", REQUIRE_SERVICES="1", DATABASE_URL=url
    )
    assert "test_postgresql_is_the_database" in chosen
    assert "test_a_value_that_is_too_long_is_refused_and_not_cut" in chosen
    assert "test_mariadb_is_the_database_and_strict" not in chosen
