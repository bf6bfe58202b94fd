"""Opening the files of messages in child processes with limits of their own.

``pool.py`` keeps the children, ``child.py`` is what runs in one: the driver of ``collect/files`` with native
libraries that identify (magika), unpack (libarchive) and match (YARA).
"""
