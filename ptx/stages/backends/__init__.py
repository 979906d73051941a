"""Where the stages get pictures, keypoints, bodies and parsing maps from."""
