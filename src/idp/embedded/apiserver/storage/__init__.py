"""Where objects live: all of them in memory, every change in SQLite before it is acknowledged."""
