"""People in photographs: boxes, landmarks, masks, faces and hands by BlazePose's networks, which come with ptx."""
