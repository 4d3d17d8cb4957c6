"""The Erply client: stdlib and requests, no Django. `registry.CustomerRegistry` is its door."""
