"""The settings of `ptx demo`: small enough for minutes on two cores."""

DEMO = """\
# Written by `ptx demo`: synthetic people, small models, minutes on a laptop.
workspace: {workspace}
size: [128, 128]
data: {{kind: people, persons: 60, images_per_person: 6}}
train_flow: {{preset: demo, steps: 600, save_every: 300}}
train_generator: {{preset: demo, steps: 260, save_every: 130}}
train_pixel_warp: {{preset: demo, steps: 60, save_every: 60}}
"""
