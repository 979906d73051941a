"""Single samples of the stores: read, drawn, exported."""
