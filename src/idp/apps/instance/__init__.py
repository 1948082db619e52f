"""One instance: an API server, the engines of one machine, and the controllers of all areas."""
