"""How long the checks wait, in seconds."""

ECHO = 1.0
"""For the answer to a ping, once it is sent."""

PING = 3.0
"""For all of a ping: looking up the name, and the echo."""

PORTS = 5.0
"""For all ports of a node together: they are tried side by side. The same goes for its URLs and its databases."""

URLS = 9.0

DATABASES = 9.0

MARGIN = 1.0
"""What a check may need beyond its limit to end its threads and to word its reason."""
