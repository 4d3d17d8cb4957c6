"""The same host project and the same sandbox as the app's own tests have."""

from tests.app.conftest import _host, async_run, erply, staff

__all__ = ["_host", "async_run", "erply", "staff"]
