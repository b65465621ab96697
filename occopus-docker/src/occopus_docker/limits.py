"""How patient we are with an engine. All times are in seconds."""

TIMEOUT = 30.0
"""For which a call may say nothing."""

MAKING = 10.0
"""For which the making of a container may say nothing. Asked again, the engine answers that the name is taken, and nothing is lost."""

SILENCE = 300.0
"""For which an engine that fetches or unpacks an image may say nothing."""

GRACE = 10.0
"""For which a container that is asked to stop may go on before it is killed: as long as `docker stop` gives it."""

APPEARS_WITHIN = 30.0
"""For which an engine may not yet show the container that it was asked to make: much longer than `MAKING`, when we stop listening."""

DELIVERIES = 7
LONGEST_PAUSE = 30.0
"""How often an image is asked for where that fails for reasons that may pass, and for how long there is peace in between at most."""

LAST_LINES = 5
LONGEST_WORDS = 500
"""Of what a container wrote before it ended: the lines, and the characters, that are told."""
