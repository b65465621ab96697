"""What EC2 allows and how it behaves, as its user guide and API reference say."""

USER_DATA = 16_384
"""Bytes of user data, before they are encoded for the request."""

APPEARS_WITHIN = 60.0
"""Seconds for which reads may not show an instance that was just made: EC2 is eventually consistent. Usually it is a second or two."""

FILTER_VALUES = 200
"""Values that one request may filter by."""

PAGE = 1000
"""Instances that one reply holds at most."""

TAGS = 50
TAG_KEY = 128
TAG_VALUE = 256
"""Tags of an instance; characters of a key and of a value."""
