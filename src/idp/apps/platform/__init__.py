"""The platform on one machine: its data folder, its settings, its processes."""
