"""The loop: desired, observed, plan, apply."""
