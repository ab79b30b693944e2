"""Charts of the published figures: the country over time, and the spread of municipalities by KOSTRA group.

Here belongs what a chart of an indicator shows. Not here: the page around it (``pages``). Altair is imported only where
a chart is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

WIDTH, HEIGHT = 380, 240
BOKMAL = {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", " kr"]}
BLUE, GREY = "#1a5276", "#aab7b8"
GENERATED = "Genererte demotall, ikke statistikk / generated figures, not statistics"
SOURCES = {"demo": GENERATED, "document": "Trykte tall / printed figures", "ssb": "Kilde: Statistisk sentralbyrå"}
OVER_TIME = """
select period, value, interval_low, interval_high, series_segment, unit, source
from public.indicator_values
where structure = 'current' and region_code = 'EAK' and indicator_id = $id and value is not null
order by period
"""
VARIANTS = """
with told as (
    select i.indicator_id, i.name_nb, v.period, v.value, v.unit, v.source
    from public.indicator_values as v
    inner join public.indicators as i on v.indicator_id = i.indicator_id
    where v.structure = 'current' and v.region_code = 'EAK' and i.family_id = $id and v.value is not null
        and v.source = 'document' and v.unit = (select unit from public.indicators where indicator_id = $id)
)
select name_nb, period, value, unit, source
from told
where period = coalesce(
    (select max(period) from told where indicator_id = $id), (select max(period) from told)
)
order by value desc
"""
SPREAD = """
with latest as (
    select max(period) as period from public.indicator_values
    where structure = 'as_published' and indicator_id = $id and region_level = 'municipality' and value is not null
)
select regions.kostra_group, v.period, v.unit, any_value(v.source) as source, count(*) as municipalities,
    quantile_cont(v.value, 0.1) as p10, quantile_cont(v.value, 0.25) as p25, median(v.value) as p50,
    quantile_cont(v.value, 0.75) as p75, quantile_cont(v.value, 0.9) as p90
from public.indicator_values as v
inner join latest on v.period = latest.period
inner join public.regions as regions on v.region_code = regions.region_code and left(v.period, 4) = regions.year
where v.structure = 'as_published' and v.indicator_id = $id and v.region_level = 'municipality' and v.value is not null
    and regions.kostra_group is not null
group by regions.kostra_group, v.period, v.unit
having count(*) >= 4
order by regions.kostra_group
"""


def draw(warehouse: Path, indicators: dict[str, str]) -> dict[str, str]:
    """Charts as SVG by indicator id, for those that have figures.

    Args:
        warehouse: the published file. indicators: title in bokmål by indicator id.
    """
    drawn = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for indicator, title in indicators.items():
            over_time, spread, variants = (
                connection.sql(query, params={"id": indicator}).pl() for query in (OVER_TIME, SPREAD, VARIANTS)
            )
            if over_time.height + spread.height + variants.height > 0:
                drawn[indicator] = _svg(title, over_time, spread, variants)
    return drawn


def _svg(title: str, over_time: pl.DataFrame, spread: pl.DataFrame, variants: pl.DataFrame) -> str:
    """The country over time beside the spread; of one printed year, the definitions beside each other."""
    import altair as alt
    import vl_convert

    has_series = over_time.height > 1
    parts = [_over_time(alt, over_time)] if has_series else []
    parts += [_spread(alt, spread)] if spread.height else []
    parts += [_beside_each_other(alt, variants)] if variants.height and not has_series else []
    source = next(frame["source"][0] for frame in (over_time, variants, spread) if frame.height)
    heading = alt.TitleParams(title, subtitle=SOURCES.get(source, source), anchor="start", fontSize=14)
    chart = alt.hconcat(*parts, spacing=40).properties(title=heading).configure_view(stroke=None)
    return str(vl_convert.vegalite_to_svg(chart.to_json(), format_locale=BOKMAL, allowed_base_urls=[]))


def _beside_each_other(alt: Any, variants: pl.DataFrame) -> Any:
    names = alt.Y("name_nb:N", title=None, sort=None, axis=alt.Axis(labelLimit=420))
    bars = alt.Chart(alt.Data(values=variants.to_dicts())).encode(
        y=names, x=alt.X("value:Q", title=variants["unit"][0])
    )
    figures = bars.mark_text(align="left", dx=3).encode(text="value:Q")
    return alt.layer(bars.mark_bar(color=BLUE), figures).properties(
        width=WIDTH, title=f"Landet, {variants['period'][0]}"
    )


def _over_time(alt: Any, figures: pl.DataFrame) -> Any:
    base = alt.Chart(alt.Data(values=figures.to_dicts())).encode(x=alt.X("period:O", title=None))
    scale = alt.Scale(zero=False)
    value = alt.Y("value:Q", title=figures["unit"][0], scale=scale)
    # One line for each segment: figures on both sides of a break are not joined.
    line = base.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE)).encode(y=value, detail="series_segment:N")
    layers = [line]
    if figures["interval_low"].null_count() < figures.height:
        band = base.mark_area(color=BLUE, opacity=0.15)
        bounds = alt.Y("interval_low:Q", scale=scale, title=figures["unit"][0])
        layers.insert(0, band.encode(y=bounds, y2="interval_high:Q", detail="series_segment:N"))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title="Landet")


def _spread(alt: Any, groups: pl.DataFrame) -> Any:
    base = alt.Chart(alt.Data(values=groups.to_dicts())).encode(y=alt.Y("kostra_group:N", title=None))
    scale = alt.Scale(zero=False)
    whisker = base.mark_rule(color=GREY).encode(x=alt.X("p10:Q", title=None, scale=scale), x2="p90:Q")
    box = base.mark_bar(color=GREY, size=9).encode(x=alt.X("p25:Q", scale=scale), x2="p75:Q")
    median = base.mark_tick(color=BLUE, thickness=2, size=13).encode(x=alt.X("p50:Q", scale=scale))
    title = f"Kommunene i hver KOSTRA-gruppe, {groups['period'][0]} (median, kvartiler, 10–90 %)"
    return alt.layer(whisker, box, median).properties(width=WIDTH, height=HEIGHT, title=title)
