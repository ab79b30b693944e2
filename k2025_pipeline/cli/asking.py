"""``k2025 query``, ``indicators``, ``pages``: the published figures and their definitions.

Here belongs reading what is published. Not here: how it stands (``standing``).
"""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from k2025_pipeline.cli.base import Explained, console, current_settings, main


@main.command()
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def query(sql: str, form: str) -> None:
    """Ask the published file in SQL (DuckDB).

    \b
    k2025 query "select * from public.indicator_values
                 where structure = 'current' and indicator_id = 'KOMP-01' and region_code = '0301'
                 order by period"

    In CSV, text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    import duckdb
    import polars as pl

    from k2025_pipeline import harmless
    from k2025_pipeline.console import print_frame
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import publish

    try:
        frame = publish.query(Home(current_settings(None).home), sql)
        text = harmless.as_csv(frame) if form == "csv" else harmless.as_json(frame) if form == "json" else ""
    except (duckdb.Error, publish.QueryError) as error:
        raise Explained(harmless.for_terminal(str(error)), publish.QueryError.runbook) from error
    except pl.exceptions.ComputeError as error:
        advice = "Take the parts, cast it to text, or use --format json."
        raise Explained(f"A column has no form in CSV: {error}. {advice}", publish.QueryError.runbook) from error
    if text:
        click.echo(text, nl=form == "json")
    else:
        print_frame(console, frame)


@main.command()
@click.argument("indicator_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Every definition, not only the first of each indicator.")
def indicators(indicator_id: str | None, everything: bool) -> None:
    """The catalogue, or one definition with its latest national value."""
    from k2025_pipeline.console import as_table, cell_text
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import publish

    home = Home(current_settings(None).home)
    if indicator_id is None:
        chosen = "true" if everything else "i.indicator_id = i.family_id"
        console.print(as_table(publish.query(home, _CATALOGUE.format(chosen=chosen))))
        return
    chosen = indicator_id.upper().replace("'", "")
    found = publish.query(home, f"select * from public.indicators where upper(indicator_id) = '{chosen}'")
    if found.is_empty():
        raise click.ClickException(f"{indicator_id}: no such indicator. `k2025 indicators` lists them.")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found.row(0, named=True).items():
        table.add_row(f"[bold]{name}[/]", cell_text(value))
    latest = publish.query(home, _LATEST.format(indicator_id=chosen))
    if latest.height:
        value = latest.row(0, named=True)
        table.add_row("[bold]latest, country[/]", f"{value['value']} {value['unit']} ({value['period']})")
        table.add_row("[bold]status, source[/]", f"{value['obs_status']}, {value['source']}, {value['vintage']}")
    else:
        table.add_row("[bold]latest, country[/]", "no national figure published")
    console.print(table)


_LATEST = """
select period, value, unit, obs_status, source, vintage from public.indicator_values
where structure = 'as_published' and upper(indicator_id) = '{indicator_id}'
    and region_level = 'country' and value is not null
order by period desc limit 1
"""
_CATALOGUE = """
with latest as (
    select indicator_id, period, value from public.indicator_values
    where structure = 'as_published' and region_level = 'country' and value is not null
    qualify row_number() over (partition by indicator_id order by period desc) = 1
),
families as (select family_id, count(*) as definitions from public.indicators group by family_id)
select i.indicator_id as id, i.name_nb, i.unit, l.value as country, l.period, f.definitions
from public.indicators i join families f using (family_id) left join latest l using (indicator_id)
where {chosen} order by i.indicator_id
"""


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def pages(folder: Path) -> None:
    """Write a page in bokmål for each indicator, with a chart of the published figures.

    The text follows from schemas/indicators alone; the charts show what is published in K2025_HOME, and say whether
    that is generated.
    """
    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import charts
    from k2025_pipeline.warehouse import pages as writing
    from k2025_pipeline.warehouse.publish import NothingPublished

    settings = current_settings(None)
    warehouse, catalog = Home(settings.home).warehouse, load_catalog(settings.schemas)
    if not warehouse.exists():
        raise NothingPublished(f"{warehouse} is not there yet: nothing is published. Run `k2025 refresh` first.")
    drawn = charts.draw(warehouse, {family.id: family.name.nb for family in catalog.indicators.values()})
    written = writing.pages(catalog, set(drawn))
    writing.write(folder, written, drawn)
    console.print(f"{len(written)} pages and {len(drawn)} charts in {folder}")
