"""Lists the packages of the wheel; everything else about the distribution stands in pyproject.toml.

A file of its own because pyproject.toml can either search for packages or name them, and Thaw needs both:
the packages found in the tree, and the folder ``resources`` that travels as ``thaw_resources``.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["trainer_core*", "desktop_app*"]), "thaw_resources"])
