"""Boxes and arrows as a picture, without any other program."""
