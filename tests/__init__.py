"""The tests: the app in the sample shop, over real HTTP, on a real database."""
