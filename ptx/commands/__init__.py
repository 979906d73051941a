"""The commands of `ptx`: one file a group; they parse, call and print."""
