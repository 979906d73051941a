"""What the trainings of the small networks that come with ptx have in common."""
