"""`./keiko chaos`: the long form of the chaos tests, on a Keiko of its own."""

import asyncio
import sys

import click

from tests.chaos.nemesis import PROCESSES, SERVERS
from tests.chaos.outbox import run_chaos
from tests.product import Product


@click.command()
@click.option("--seconds", type=click.IntRange(5, 3600), default=60, show_default=True)
@click.option(
    "--pause",
    type=click.FloatRange(0.2, 60),
    default=1.5,
    show_default=True,
    help="Seconds between two blows, on average.",
)
@click.option(
    "--only",
    type=click.Choice(PROCESSES + SERVERS),
    multiple=True,
    help="What to strike (all if not given).",
)
@click.option("--seed", type=int, help="Strike in the same order again.")
def main(seconds: int, pause: float, only: tuple[str, ...], seed: int | None) -> None:
    """Kill processes and servers while work is made; say what was lost and what doubled."""
    product = Product()
    try:
        product.start()
        verdict = asyncio.run(
            run_chaos(product, only or PROCESSES + SERVERS, seconds=seconds, pause=pause, seed=seed)
        )
        click.echo(str(verdict))
        if not verdict.is_clean:
            click.echo(product.everything_said(), err=True)
    finally:
        product.remove()
    sys.exit(0 if verdict.is_clean else 1)


if __name__ == "__main__":
    main(prog_name="keiko chaos")
