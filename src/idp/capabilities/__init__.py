"""One vertical slice per area. Slices import each other's `kinds` only."""
