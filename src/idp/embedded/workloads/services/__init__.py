"""Service -> Endpoints: where the ready pods of a service answer."""
