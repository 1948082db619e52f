"""ResourceQuota: what a namespace may hold, counted exactly.

`usage` tells what one object counts, `scopes` whether a quota is about it, `ledger` keeps the
totals and refuses what goes beyond them.
"""
