"""``blockmix`` and ``python -m blockmix``: the commands of the library and of the benchmarks.

It stands above both, which know nothing of each other's command lines.
"""

from blockmix.bench.cli import app as bench
from blockmix.cli import app, main

app.add_typer(bench, name="bench")

if __name__ == "__main__":
    main()
