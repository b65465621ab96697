"""Writes the package that a new plugin begins as: `occopus plugin new`.

`templates` has a folder for each kind of plugin and one, `common`, for what all have; in paths, MODULE stands for the package's module.
"""
