"""`price`: a job on quantum machines and on a classical device, in one pure call."""
