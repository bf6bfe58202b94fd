"""SPF, DKIM, DMARC and ARC over facts: pure, every DNS answer comes from ``Facts``.

Start at ``authenticate.py``. Each protocol is one file that opens with what the protocol is.
"""
