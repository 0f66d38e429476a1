"""The theme of all widgets: tokens, fonts and style sheet; as the system, or as the user has chosen."""

from __future__ import annotations

from enum import StrEnum
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QToolTip

from phonefarm.support.resource_files import RESOURCES
from ui.style.tokens import DARK, LIGHT, Tokens, Tone

TEXT_PIXELS = 13
LINUX_FONTS = (
    "Inter",
    "Noto Sans",
    "Cantarell",
    "Ubuntu",
    "Roboto",
    "Open Sans",
    "DejaVu Sans Condensed",
    "DejaVu Sans",
)
MONO_FONTS = ("Cascadia Mono", "SF Mono", "Menlo", "Consolas", "JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono")


class ThemeMode(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The current tokens and fonts."""

    changed = Signal()
    """Between light and dark."""

    def __init__(self, parent: QObject | None = None, tokens: Tokens = LIGHT) -> None:
        super().__init__(parent)
        self.tokens = tokens
        self.mode = ThemeMode.SYSTEM
        self._app: QApplication | None = None
        self._family = _ui_family()
        self._mono_family = (
            _first_family(MONO_FONTS) or QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
        )

    def font(self, pixels: int = TEXT_PIXELS, *, bold: bool = False) -> QFont:
        """The UI font with tabular figures."""
        font = QFont(self._family)
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def mono(self, pixels: int = TEXT_PIXELS - 1) -> QFont:
        font = QFont(self._mono_family)
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(pixels)
        return font

    def colour(self, name: str) -> QColor:
        return QColor(getattr(self.tokens, name))

    def ink(self, tone: Tone) -> QColor:
        return QColor(self.tokens.tone(tone).text)

    def fill(self, tone: Tone) -> QColor:
        return QColor(self.tokens.tone(tone).fill)

    def apply_to(self, app: QApplication) -> None:
        """Style the application, and follow the system's changes."""
        self._app = app
        app.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)
        self.choose(self.mode)

    def detach(self) -> None:
        """Stop following the system."""
        if self._app is not None:
            QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._follow_system)
            self._app = None

    def choose(self, mode: ThemeMode) -> None:
        self.mode = mode
        dark = _system_is_dark() if mode is ThemeMode.SYSTEM else mode is ThemeMode.DARK
        self.tokens = DARK if dark else LIGHT
        if self._app is not None:
            self._app.setFont(self.font())
            self._app.setPalette(palette(self.tokens))
            self._app.setStyleSheet(style_sheet(self.tokens))
            QToolTip.setFont(self.font(12))
            QToolTip.setPalette(palette(self.tokens))
        self.changed.emit()

    def _follow_system(self) -> None:
        if self.mode is ThemeMode.SYSTEM:
            self.choose(ThemeMode.SYSTEM)


def _system_is_dark() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _ui_family() -> str:
    """The platform's font; on a Linux without a good one, the best one installed."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    family = QFontInfo(system).family()
    if family and not family.startswith(("DejaVu", "Sans", "sans")):
        return family
    return _first_family(LINUX_FONTS) or system.family()


def _first_family(wanted: tuple[str, ...]) -> str | None:
    installed = set(QFontDatabase.families())
    return next((family for family in wanted if family in installed), None)


def style_sheet(tokens: Tokens) -> str:
    """The style sheet with this theme's colours; empty if the file is missing."""
    try:
        text = (RESOURCES / "style.qss").read_text(encoding="utf-8")
    except OSError:
        return ""
    colours = {name: value for name, value in vars(tokens).items() if isinstance(value, str)}
    colours["resources"] = RESOURCES.as_posix()
    for tone in Tone:
        colours[f"{tone}_text"] = tokens.tone(tone).text
        colours[f"{tone}_fill"] = tokens.tone(tone).fill
    return Template(text).substitute(colours)


def palette(tokens: Tokens) -> QPalette:
    roles = QPalette.ColorRole
    colours = {
        roles.Window: tokens.background,
        roles.WindowText: tokens.text,
        roles.Base: tokens.panel,
        roles.AlternateBase: tokens.background,
        roles.Text: tokens.text,
        roles.Button: tokens.panel,
        roles.ButtonText: tokens.text,
        roles.ToolTipBase: tokens.panel,
        roles.ToolTipText: tokens.text,
        roles.PlaceholderText: tokens.dim,
        roles.Highlight: tokens.selection,
        roles.HighlightedText: tokens.text,
        roles.Link: tokens.accent,
        roles.Accent: tokens.accent,
        roles.Light: tokens.panel,
        roles.Midlight: tokens.line,
        roles.Mid: tokens.line,
        roles.Dark: tokens.line,
        roles.Shadow: tokens.line,
    }
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.dim))
    return made


def app_icon() -> QIcon:
    """The icon from the resources, or a painted one if SVG cannot be read."""
    icon = QIcon(str(RESOURCES / "phonefarm.svg"))
    if not icon.pixmap(64, 64).isNull():
        return icon
    pixmap = QPixmap(64, 64)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(LIGHT.accent))
    painter.drawRoundedRect(14, 4, 36, 56, 8, 8)
    painter.setBrush(QColor(LIGHT.panel))
    painter.drawRoundedRect(20, 12, 24, 34, 3, 3)
    painter.end()
    return QIcon(pixmap)
