"""The card that offers to go on with a run that stands."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from desktop_app.pages.train.offer import Offer, OfferKind
from desktop_app.widgets.kit import GAP, Card, inset_spin_box, muted, plain_button, primary_button

MOST_EPOCHS = 1_000


class OfferCard(Card):
    """What can be done with a run that stands."""

    wished = Signal(object, int)
    """The button was pressed: the OfferKind, and how many epochs more where it is about those, else 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Continue", parent)
        self._kind = OfferKind.CONTINUE
        self._text = muted()
        self.epochs = QSpinBox()
        inset_spin_box(self.epochs)
        self.epochs.setRange(1, MOST_EPOCHS)
        self.epochs.setAccessibleName("Epochs more")
        self.epochs.setToolTip("How many more times the rows are gone through")
        label = QLabel("&Epochs more")
        label.setBuddy(self.epochs)
        self._epochs_row = QWidget()
        row = QHBoxLayout(self._epochs_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self.epochs, 1)
        self.button = primary_button("Continue", "mdi6.play")
        self.longer_button = plain_button("Train longer", "mdi6.play")
        self.button.clicked.connect(self._on_clicked)
        self.longer_button.clicked.connect(self._on_clicked)
        self.body.addWidget(self._text)
        self.body.addWidget(self._epochs_row)
        self.body.addSpacing(GAP - 4)
        self.body.addWidget(self.button)
        self.body.addWidget(self.longer_button)
        self.hide()

    @property
    def text(self) -> str:
        """What is said above the button."""
        return self._text.text()

    def show_offer(self, offer: Offer | None, *, enabled: bool) -> None:
        """Show what can be done, or nothing."""
        self.setVisible(offer is not None)
        if offer is None:
            return
        self._kind = offer.kind
        self.set_title(offer.title)
        self._text.setText(offer.text)
        longer = offer.kind is OfferKind.LONGER  # beside the result, whose button is the one for what comes next
        self._epochs_row.setVisible(longer)
        self.longer_button.setVisible(longer)
        self.button.setVisible(not longer)
        for button in (self.button, self.longer_button):
            button.setText(offer.button)
            button.setEnabled(enabled)
            button.setToolTip("" if enabled else "Another run is under way")

    def _on_clicked(self) -> None:
        self.wished.emit(self._kind, self.epochs.value() if self._kind is OfferKind.LONGER else 0)
