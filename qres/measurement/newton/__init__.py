"""Newton training that is recorded step by step and block by block; machines are none of its business."""
