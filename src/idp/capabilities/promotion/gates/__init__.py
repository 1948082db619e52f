"""Gates: what must hold before a commit, one file each. `gate.py` says what a gate is."""
