"""Networks, matrices and what is measured on them; torch lives here and nowhere else."""
