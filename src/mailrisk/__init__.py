"""mailrisk: a self-hosted e-mail web-risk service.

What is collected becomes evidence, evidence becomes a verdict, a verdict becomes a
change with a number, and every surface is a fold of the numbered changes.
"""

__version__ = "0.1.0"
