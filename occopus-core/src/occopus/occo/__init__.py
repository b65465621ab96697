"""The names of Occopus 1.x for programs written for it: `import occo.api...` becomes `import occopus.occo.api...`.

New programs use `occopus.InfrastructureManager`.
"""
