"""Pure functions on arrays: body model, camera, kinematics, fitting, rasteriser, flow, visibility. Imports no other part of ptx."""
