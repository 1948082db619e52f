"""Tells people what happens to promotions: channels, rules, and an outbox that loses nothing."""
