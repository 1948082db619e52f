"""What the platform can prove of the controls of frameworks, and what it cannot."""
