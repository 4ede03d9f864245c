"""Which server of the pair is active, and how to be on it. Pure, but for `manager`, the shell that runs the effects."""
