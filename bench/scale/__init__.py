"""How mixing of shards scales: measured on one machine, simulated for many.

``shard_set``  tar shards of images, to be mixed
``timed_pool`` worker processes that also say how long each unit took
``other_load`` how much of the machine other programs used meanwhile
``mixing``     the same shards mixed by one process and by two, in turns
``naps``       units that only sleep, on many slots: what it costs to hand out work
``simulator``  `run_tasks` on a cluster that is not there: cores, a driver, workers that die
``projection`` which sets, clusters and faults are simulated, and under which assumptions
``run``        all of it in order, to a record
``records``    a record as a file, checked against its schema
``tables``     a record in Markdown
``figures``    a record as a picture
``__main__``   the command line, ``python -m blockmix.bench.scale``
"""
