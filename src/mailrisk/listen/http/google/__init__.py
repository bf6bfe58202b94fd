"""Google's own dialects: Web Risk v1 and Safe Browsing, so that their unmodified clients can ask us.

``wire``     requests read and answers written the way Google's front end does it
``errors``   our errors in Google's form
``webrisk``  Web Risk v1
``app``      the routes, as one ASGI application

Nothing here logs: a hash prefix, a client's address and the ``key`` in a query stay out of every log.
"""
