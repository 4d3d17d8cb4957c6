"""Pages: thin views over the services, one module a family."""
