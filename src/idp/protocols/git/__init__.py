"""Git repositories as controllers use them."""
