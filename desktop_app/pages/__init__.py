"""One folder a step of the road: ``view.py`` holds widgets and no logic, ``presenter.py`` logic and no widgets."""
