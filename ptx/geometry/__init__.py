"""Pure functions on arrays: body model, camera, kinematics, fitting, rasteriser, flow, visibility."""
