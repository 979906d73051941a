"""How the mender that comes with ptx is trained: pairs of pictures, the loop, the file."""
