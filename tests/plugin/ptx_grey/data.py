"""The reader of the data set."""

from ptx.datasets.synthetic import PeopleSet


class GreySet(PeopleSet):
    """Synthetic people, their pictures without colour."""

    def read(self, index, find_box):
        """Render an image and take its colour away."""
        image, *rest = super().read(index, find_box)
        grey = image.mean(-1, keepdims=True).astype("u1").repeat(3, axis=-1)
        return (grey, *rest)
