"""A local Statbank for demonstrations and tests.

Belongs here: the server that answers as PxWebApi v2 and Klass do, and the generator of demo tables.
Does not belong here: anything the pipeline needs when it talks to Statistics Norway itself.
"""
