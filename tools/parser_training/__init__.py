"""How the parser that comes with ptx is trained: pictures, what is done to them, the loop."""
