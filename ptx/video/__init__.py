"""Moving pictures as files: read, written, cut into shots, put together of segments."""
