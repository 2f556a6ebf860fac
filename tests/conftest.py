"""What all tests share."""

from hypothesis import settings

# A shared machine may be slow: a property is right or wrong, never late.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
