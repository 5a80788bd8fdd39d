"""Uploaded tables, kept in the store's folder under the hash of their content."""

import hashlib
from pathlib import Path

from streamlit.runtime.uploaded_file_manager import UploadedFile

from backend.datasets.sentence_table import require_size
from backend.errors import InputError
from backend.paths import default_store


def keep_upload(upload: UploadedFile) -> Path:
    """Write an uploaded table where a background run can read it.

    Parameters
    ----------
    upload : UploadedFile

    Returns
    -------
    Path
        Named by content, so that nothing in the uploaded name can lead elsewhere.

    Raises
    ------
    InputError
        If it is too large, or the folder cannot be written.
    """
    require_size(upload.name, upload.size)
    content = upload.getvalue()
    suffix = ".tsv" if upload.name.lower().endswith(".tsv") else ".csv"
    folder = default_store() / "uploads"
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"the upload cannot be kept in {folder}: {error.strerror}. Set CORTEXSCALE_STORE to a "
            "folder that you can write to."
        ) from error
    return path
