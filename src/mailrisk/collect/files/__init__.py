"""Files that a message carries -> ``OpenedFile``: type by content, archives, links, traits.

``open.py`` drives: it tells the kind of each file (``kinds.py``), hands it to the reader of that kind
(``registry.py``), and goes on with the members that the reader found. Everything counts on one budget
(``limits.py``). It runs in a child process with limits of its own (``edge/openers``), so that what a
reader's library does with hostile bytes costs a message and never the service.
"""
