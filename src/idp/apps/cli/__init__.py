"""`idp-cli`: the command line."""
