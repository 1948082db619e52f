"""Scanners, one file each. `ports.Scanner` is what one must be; `builtin` lists them."""
