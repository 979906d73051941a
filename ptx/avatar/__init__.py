"""Avatars: a person's filled surface as a rigged, textured glTF file, written, animated and read back."""
