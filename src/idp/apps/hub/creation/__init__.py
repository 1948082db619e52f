"""New applications from templates: what can be made, what it will be, and how far it is."""
