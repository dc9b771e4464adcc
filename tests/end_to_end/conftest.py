"""What end-to-end tests share with those of the core: tiny models."""

from __future__ import annotations

from tests.core.conftest import bert, tiny_model

__all__ = ["bert", "tiny_model"]
