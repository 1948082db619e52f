"""A transparency log: who signed what, in an order that nobody can change unnoticed.

`merkle` is the tree, `checkpoint` the log's signed word about its state, `entry` what is logged of
an attestation, `inclusion` the proof that travels with it. All of it is pure.
"""
