"""Where Occopus keeps what it knows: one small interface, several backends, and typed records above them."""
