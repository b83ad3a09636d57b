"""A company, its insiders and the noise around it become what canary makes of them, counted."""
