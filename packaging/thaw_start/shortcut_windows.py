"""Windows: shortcuts made by PowerShell and the type of .thaw files in the user's part of the registry.

Untried on a real Windows: the texts that are handed to it are made by pure functions, which tests read.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from .command import Run
from .failure import SetupFailure
from .layout import Layout

CLASSES = "Software\\Classes"
PROGRAM_ID = "Thaw.Project"
FOLDERS = ("Desktop", "Programs")


@dataclass(frozen=True)
class RegistryValue:
    """One value below HKEY_CURRENT_USER; an empty ``name`` is the key's default value."""

    key: str
    name: str
    text: str


def quote_powershell(text: str) -> str:
    """Quote a string for PowerShell; typographic quotation marks end a string there too."""
    for mark in "'\u2018\u2019\u201a\u201b":
        text = text.replace(mark, mark * 2)
    return f"'{text}'"


def format_shortcut_script(layout: Layout) -> str:
    """Write the PowerShell script that puts Thaw.lnk on the desktop and into the start menu."""
    quoted = {
        "TargetPath": quote_powershell(str(layout.window_python)),
        "Arguments": quote_powershell("-P -m desktop_app"),
        "WorkingDirectory": quote_powershell(str(layout.checkout)),
        "IconLocation": quote_powershell(f"{layout.icons / 'thaw.ico'},0"),
        "Description": quote_powershell("Fine-tune language models on your own machine"),
    }
    lines = ["$ErrorActionPreference = 'Stop'", "$shell = New-Object -ComObject WScript.Shell"]
    for folder in FOLDERS:
        lines.append(f"$place = Join-Path ([Environment]::GetFolderPath('{folder}')) 'Thaw.lnk'")
        lines.append("$link = $shell.CreateShortcut($place)")
        lines += [f"$link.{name} = {value}" for name, value in quoted.items()]
        lines += ["$link.Save()", "Write-Output $place"]
    return "\n".join(lines) + "\n"


def format_removal_script() -> str:
    """Write the PowerShell script that deletes both shortcuts and names those that were there."""
    lines = ["$ErrorActionPreference = 'Stop'"]
    for folder in FOLDERS:
        lines.append(f"$place = Join-Path ([Environment]::GetFolderPath('{folder}')) 'Thaw.lnk'")
        lines.append("if (Test-Path -LiteralPath $place) { Remove-Item -LiteralPath $place; Write-Output $place }")
    return "\n".join(lines) + "\n"


def list_registry_values(layout: Layout) -> list[RegistryValue]:
    """List what makes .thaw files open with Thaw, for this user only."""
    command = f'"{layout.window_python}" -P -m desktop_app "%1"'
    return [
        RegistryValue(f"{CLASSES}\\.thaw", "", PROGRAM_ID),
        RegistryValue(f"{CLASSES}\\.thaw", "Content Type", "application/x-thaw-project"),
        RegistryValue(f"{CLASSES}\\{PROGRAM_ID}", "", "Thaw project"),
        RegistryValue(f"{CLASSES}\\{PROGRAM_ID}\\DefaultIcon", "", f'"{layout.icons / "thaw.ico"}",0'),
        RegistryValue(f"{CLASSES}\\{PROGRAM_ID}\\shell\\open\\command", "", command),
    ]


def list_registry_keys() -> list[str]:
    """List the keys to delete, inner ones first: the registry deletes only keys without keys in them."""
    inner = ["\\shell\\open\\command", "\\shell\\open", "\\shell", "\\DefaultIcon", ""]
    return [*(f"{CLASSES}\\{PROGRAM_ID}{rest}" for rest in inner), f"{CLASSES}\\.thaw"]


def install(layout: Layout, run: Run) -> list[Path]:
    """Make the shortcuts and the registry entries. Returns the shortcuts."""
    made = _run_script(format_shortcut_script(layout), run)
    if sys.platform == "win32":
        import winreg

        for value in list_registry_values(layout):
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, value.key) as key:
                winreg.SetValueEx(key, value.name, 0, winreg.REG_SZ, value.text)
        _tell_explorer()
    return made


def remove(run: Run) -> list[Path]:
    """Delete the shortcuts and the registry entries. Returns the shortcuts that were there."""
    gone = _run_script(format_removal_script(), run)
    if sys.platform == "win32":
        import winreg

        for key in list_registry_keys():
            try:
                winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
            except FileNotFoundError:
                continue
        _tell_explorer()
    return gone


def _run_script(script: str, run: Run) -> list[Path]:
    outcome = run(["powershell", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-Command", script])
    if not outcome.ok:
        raise SetupFailure("PowerShell could not change the shortcuts.", "The log has what it said.")
    return [Path(line.strip()) for line in outcome.text.splitlines() if line.strip()]


def _tell_explorer() -> None:
    """Have the Explorer read file types and icons again (SHCNE_ASSOCCHANGED)."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shell32.SHChangeNotify(0x08000000, 0, None, None)
