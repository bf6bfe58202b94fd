"""Lists for firewalls, proxies and resolvers: one type of entry each, in the form that the device reads.

``selection`` chooses and orders, the format modules write, ``registry`` names what there is. A format that
cannot say exactly what a listing says leaves the listing out and counts it: an exact host is never told as a
domain with all its subdomains, and one page never as its host.
"""
