"""Settings of all tests."""

from hypothesis import settings

settings.register_profile("ptx", deadline=None)  # the first example of a kernel compiles it
settings.load_profile("ptx")
