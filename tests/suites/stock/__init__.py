"""A stock of goods in sqlite: module-scoped databases, parameters, logs, patches."""
