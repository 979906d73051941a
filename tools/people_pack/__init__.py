"""Parts of `tools/build_people_pack.py`."""
