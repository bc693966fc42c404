"""Newton training: one damped linear system a block and step, sent to whichever machine is faster."""
