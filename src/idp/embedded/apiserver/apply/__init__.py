"""Server-side apply: who owns which field, and merging what owners want. Pure.

The rules are those of structured-merge-diff, the library behind the real server:
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""
