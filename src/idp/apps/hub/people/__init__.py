"""Users, what they may do, and what proves who they are: the settings of the portal."""
