"""`python3 -m hello`."""

from hello.server import main

main()
