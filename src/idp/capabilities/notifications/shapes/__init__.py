"""What each kind of receiver takes: one file each, pure, with a golden test."""
