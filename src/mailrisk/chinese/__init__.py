"""What the program says, in Chinese. Programs and the code keep to the English words; these are for readers.

``sentences`` looks them up; the other modules are tables from English to Chinese, in which ``{}`` stands for the
same values. ``tests/chinese`` finds every English sentence that has no line here, and every line whose English is gone.
"""
