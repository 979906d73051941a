"""Files of glTF 2.0: the container, compressed buffers, arrays and pictures in it, and the scene that they make."""
