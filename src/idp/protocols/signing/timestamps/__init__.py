"""RFC 3161 time stamps: a third party's word that a signature existed at a time."""
