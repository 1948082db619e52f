"""Field numbers and types of the messages that are decoded; `fields` explains the notation."""
