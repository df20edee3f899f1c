"""``blockmix`` and ``python -m blockmix``: all commands, those of the benchmarks too.

It stands above both, which know nothing of each other's command lines.
"""

from blockmix.bench.cli import app as bench
from blockmix.cli import app, main
from blockmix.privacy_cli import app as privacy

app.add_typer(privacy)
app.add_typer(bench, name="bench")

if __name__ == "__main__":
    main()
