"""``k2025 alert``: see and try what is told to whom.

Here belongs looking and trying. Not here: when something is told (``alerts``).
"""

from __future__ import annotations

import sys

import click

from k2025_pipeline.cli.base import BLOCKED, current_settings, main


@main.group()
def alert() -> None:
    """Who is told when a night goes wrong: e-mail, Slack-compatible and generic webhook, see docs/alerts.md."""


@alert.command("test")
def alert_test() -> None:
    """Send a test message on every configured channel and say how it went; status 1 if one did not arrive."""
    from k2025_pipeline.alerts.telling import send_test

    went = send_test()
    if not went:
        raise click.UsageError("no channel is configured. Set K2025_ALERT_SMTP_HOST or another, see docs/alerts.md.")
    for channel, delivery in went:
        click.echo(f"{'✔' if delivery.arrived else '✘'} {channel.name} → {channel.target}")
        if delivery.problem:
            click.echo(f"  {delivery.problem}")
    if not all(delivery.arrived for _, delivery in went):
        sys.exit(BLOCKED)


@alert.command("show")
def alert_show() -> None:
    """Print what the last recorded night has to tell, and to whom; nothing is sent."""
    from k2025_pipeline.alerts.telling import preview
    from k2025_pipeline.lake.home import Home

    settings = current_settings(None)
    shown = preview(Home(settings.home), settings)
    if not shown:
        click.echo("Ingenting å melde fra siste natt. / The last recorded night has nothing to tell.")
    for one in shown:
        click.echo(f"\nTil / to: {'; '.join(one.to) or 'ingen / nobody'}")
        if one.told:
            click.echo(f"Ikke nytt for / not news to: {'; '.join(one.told)}")
        click.echo(f"Emne / subject: {one.message.subject}\n\n{one.message.text}", nl=False)
