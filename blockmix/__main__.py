"""``blockmix`` and ``python -m blockmix``: the command line with all its commands."""

from blockmix.commands.app import app, main
from blockmix.commands.bench import app as bench
from blockmix.commands.demo import demo
from blockmix.commands.info import info
from blockmix.commands.mix import keygen, mix
from blockmix.commands.plan import plan, status
from blockmix.commands.privacy import advise, forecast, report
from blockmix.commands.utility import utility

COMMANDS = (mix, plan, status, keygen, demo, info, forecast, advise, report)

for command in COMMANDS:
    app.command()(command)
bench.command()(utility)
app.add_typer(bench, name="bench")

if __name__ == "__main__":
    main()
