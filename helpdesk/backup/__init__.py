"""One file that holds an installation: the database, the files, and what is needed to trust it.

It is made while the helpdesk runs. Keys are not in it, only their fingerprints.
"""
