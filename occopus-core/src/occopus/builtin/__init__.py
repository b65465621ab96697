"""What the core itself offers, through the same hooks as any other package."""
