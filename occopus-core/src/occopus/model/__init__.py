"""What Occopus talks about: frozen values without any input or output."""
