"""What the server does on its own: namespaces, garbage collection, definitions, expiry."""
