"""The decisions of a promotion, without I/O: what may pass, who must agree, what comes next."""
