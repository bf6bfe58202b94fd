"""Optical character recognition of pictures, Chinese and English, by RapidOCR (PP-OCR) in a child process.

``reader.py`` keeps the child, ``child.py`` is what runs in it. The models lie in the library's wheel; nothing is ever
downloaded. A picture costs about a second of CPU: ``service/deepen.py`` asks only where that may change a verdict.
"""
