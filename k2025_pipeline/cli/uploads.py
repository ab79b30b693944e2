"""``k2025 upload``: files that only people have.

Here belongs helping with them. Not here: taking them in, which a night does (``ingest``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from k2025_pipeline.cli.base import BLOCKED, console, current_settings, main


@main.group()
def upload() -> None:
    """Figures that only you have: files in K2025_HOME/inputs/, see docs/uploads.md."""


def _upload_contract(name: str) -> Any:
    from k2025_pipeline.catalog.loader import load_uploads

    uploads = {contract.file: contract for contract in load_uploads(current_settings(None).schemas).values()}
    if name.lower() not in uploads:
        raise click.UsageError(f"{name!r}: no such upload. There are: {', '.join(sorted(uploads))}.")
    return uploads[name.lower()]


@upload.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "name", help="Which upload it is, where the file has another name.")
@click.option("--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True)
def upload_check(file: Path, name: str | None, language: str) -> None:
    """Say everything that is wrong with FILE, row by row, without taking it in; status 1 if anything is."""
    from datetime import UTC, datetime

    from k2025_pipeline.ingest import uploads
    from k2025_pipeline.lake.home import Home

    contract = _upload_contract(name or file.stem)
    regions = uploads.known_regions(Home(current_settings(None).home))
    checked = uploads.check(contract, file.name, uploads.read_bytes(file), regions, datetime.now(UTC).year)
    for notice in checked.notices:
        click.echo(notice)
    for found in checked.errors:
        click.echo(f"{file.name}: {found.text(language)}")
    if checked.errors:
        click.echo(f"{len(checked.errors)} feil. Ingenting er tatt inn. / Nothing was taken in.")
        sys.exit(BLOCKED)
    rows = checked.sheet.rows.height
    click.echo(
        f"{file.name}: {rows} rader er riktige. / {rows} rows are right. Put it into inputs/, then k2025 refresh."
    )


@upload.command("template")
@click.argument("name")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), help="From PATH's ending if left out, or csv.")
def upload_template(name: str, path: Path | None, form: str | None) -> None:
    """Write a template for the upload NAME to PATH (here, if left out): headers, an example, explanations."""
    from k2025_pipeline.ingest import upload_templates

    contract = _upload_contract(name)
    ending = form or (path.suffix.lstrip(".").lower() if path and path.suffix else "csv")
    if ending not in ("csv", "xlsx"):
        raise click.UsageError(f"{path}: templates are .csv or .xlsx.")
    target = path or Path(f"{contract.file}.{ending}")
    if target.is_dir():
        target = target / f"{contract.file}.{ending}"
    content = upload_templates.as_csv(contract) if ending == "csv" else upload_templates.as_excel(contract)
    try:
        with target.open("xb") as written:
            written.write(content)
    except FileExistsError as error:
        raise click.ClickException(f"{target} is there already; nothing was written. Choose another PATH.") from error
    click.echo(f"{target}: fill it in, k2025 upload check {target}, and lay it into inputs/.")


@upload.command("list")
def upload_list() -> None:
    """What stands of each upload: file, rows, when, from whom, note, and what was refused."""
    from k2025_pipeline.catalog.loader import load_uploads
    from k2025_pipeline.console import upload_table
    from k2025_pipeline.ingest.reception import standing
    from k2025_pipeline.lake.home import Home

    settings = current_settings(None)
    home = Home(settings.home)
    console.print(upload_table([standing(home, c) for c in load_uploads(settings.schemas).values()]))
    console.print(f"\nFiles are laid into {home.inputs}", highlight=False, soft_wrap=True)
