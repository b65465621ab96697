"""What users wrote, made into what backends get: templates, their variables, and the rehearsal of both."""
