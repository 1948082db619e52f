"""What a cluster would provide, for one machine. Engines act on standard objects only."""
