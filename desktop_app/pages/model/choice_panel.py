"""Where a model can come from: the starter models, a folder, or the model hub."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QLineEdit, QTableView, QWidget

from desktop_app.adapters.starters_model import HEADINGS, SIZE, SORT_ROLE, SOURCE_ROLE, StartersModel
from desktop_app.widgets.kit import GAP, Card, Notice, muted, plain_button
from trainer_core.models.facts import StarterModel

FEWEST_ROWS = 4
SCROLL_BAR = 20


class StartersPanel(Card):
    """A card with the starter models, to search, sort and choose from."""

    starter_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Starter models", parent)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search, e.g. English")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the starter models")
        self.search.setToolTip("Show only the models with this in their name, family, languages, licence or purpose")
        self.search.setMaximumWidth(self.fontMetrics().averageCharWidth() * 32)
        self.add_title_widget(self.search)
        self.notice = Notice()
        self.model = StartersModel(self)
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(self.model)
        self._found.setSortRole(SORT_ROLE)
        self._found.setFilterKeyColumn(-1)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = QTableView()
        self._dress_table()
        self.purpose = muted()
        self.nothing = muted()
        self.nothing.hide()
        self.body.addWidget(self.notice)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.purpose)
        self.search.textChanged.connect(self._on_search_changed)
        self.table.clicked.connect(self._on_row_taken)
        self.table.activated.connect(self._on_row_taken)
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)

    def show_starters(self, models: Sequence[StarterModel]) -> None:
        """Show these models."""
        self.notice.clear()
        self.model.show_models(models)
        rows = max(FEWEST_ROWS, len(models)) * self.table.verticalHeader().defaultSectionSize()
        self.table.setMaximumHeight(rows + self.table.horizontalHeader().sizeHint().height() + SCROLL_BAR)

    def show_source(self, source: str) -> None:
        """Mark the model that the project uses."""
        self.model.mark(source)
        row = self.model.row_of(source)
        place = self._found.mapFromSource(self.model.index(row, 0)) if row >= 0 else QModelIndex()
        if place.isValid():
            self.table.selectRow(place.row())
        else:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())

    def _dress_table(self) -> None:
        table = self.table
        table.setModel(self._found)
        table.setAccessibleName("Starter models")
        table.setToolTip("Click a model to use it, or press Enter")
        table.setSortingEnabled(True)
        table.sortByColumn(SIZE, Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 16)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(self.fontMetrics().averageCharWidth() * 10)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(HEADINGS) - 1, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def _on_search_changed(self, text: str) -> None:
        self._found.setFilterFixedString(text.strip())
        nothing = bool(text.strip()) and self._found.rowCount() == 0
        self.nothing.setText(f"No starter model has “{text.strip()}”. Choose a folder or a model of the hub below.")
        self.nothing.setVisible(nothing)

    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        model = self.model.model_of(str(current.data(SOURCE_ROLE))) if current.isValid() else None
        self.purpose.setText(f"{model.name}: {model.good_for}" if model else "")

    def _on_row_taken(self, index: QModelIndex) -> None:
        self.starter_chosen.emit(index.data(SOURCE_ROLE))


class OthersPanel(Card):
    """A card with the two other ways to a model: a folder, or the hub."""

    folder_wanted = Signal()
    hub_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Another model", parent)
        self.folder = plain_button("Choose a fol&der…", "mdi6.folder-open-outline")
        self.folder.setToolTip("Use a model on this computer: a folder with config.json and model.safetensors")
        self.hub = QLineEdit()
        self.hub.setPlaceholderText("organisation/name")
        self.hub.setAccessibleName("Name of a model on the hub")
        self.hub.setToolTip("A model of the Hugging Face hub. It is downloaded once, which needs a network.")
        self.take = plain_button("&Use")
        self.take.setAccessibleName("Use this model of the hub")
        self.take.setToolTip("Download this model of the hub and use it")
        self.take.setEnabled(False)
        label = QLabel("From the hu&b")
        label.setBuddy(self.hub)
        hub_row = QHBoxLayout()
        hub_row.setSpacing(GAP)
        for widget, stretch in ((label, 0), (self.hub, 1), (self.take, 0), (self.folder, 0)):
            hub_row.addWidget(widget, stretch)
        self.body.addLayout(hub_row)
        self.body.addWidget(
            muted(
                "A model of the hub is downloaded once and needs a network then. A folder and the starters need none."
            )
        )
        self.folder.clicked.connect(self.folder_wanted)
        self.hub.textChanged.connect(self._on_hub_text_changed)
        self.hub.returnPressed.connect(self._on_take_clicked)
        self.take.clicked.connect(self._on_take_clicked)

    def show_source(self, source: str) -> None:
        """Show the name of the hub's model that the project uses, if it uses one."""
        name = source.removeprefix("hub:") if source.startswith("hub:") else ""
        if name or not self.hub.hasFocus():
            self.hub.setText(name)

    def _on_hub_text_changed(self, text: str) -> None:
        self.take.setEnabled(bool(text.strip()))

    def _on_take_clicked(self) -> None:
        if self.hub.text().strip():
            self.hub_chosen.emit(self.hub.text())
