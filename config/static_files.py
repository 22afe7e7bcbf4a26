"""Static files under names that hold their hash, so that a browser may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Renames modules and what they import alike, so that a page's modules fit each other.

    Before `collectstatic`, as in tests, names are as they are.
    """

    support_js_module_import_aggregation = True
    # One pass for each module in a chain of imports, until no name changes any more.
    max_post_process_passes = 20

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
