"""A page in bokmål for each indicator, written from its definition record, with a chart of the published figures.

Here belongs the text of the pages in ``docs/indicators``. Not here: the charts (``charts``) and what a record may say
(``catalog/indicators``).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.calculations import Calculation
from k2025_pipeline.catalog.indicators import IndicatorDefinition
from k2025_pipeline.warehouse.declared import calculations

NOTICE = "<!-- Skrevet av schemas/indicators/{id}.yml med `k2025 pages`. Endre der, ikke her. -->"
STATUS = {"proposed": "forslag", "experimental": "under utprøving", "official": "vedtatt", "retired": "avsluttet"}
AVAILABILITY = {
    "computed": "beregnes av åpne tabeller",
    "reference_only": "bare trykte tall",
    "upload": "krever opplastede tall",
}
DIRECTION = {
    "higher_is_better": "Høyere er bedre.",
    "lower_is_better": "Lavere er bedre.",
    "context": "Bakgrunnstall: verken høyt eller lavt er bedre i seg selv.",
}
LEVELS = {"municipality": "kommune", "county": "fylke", "kostra_group": "KOSTRA-gruppe", "country": "landet"}
FREQUENCY = {"annual": "årlig", "quarterly": "hvert kvartal", "irregular": "uregelmessig"}
DIMENSION = {
    "effective": "virkningsfulle tjenester",
    "safe": "trygge og sikre tjenester",
    "user_involving": "tjenester som involverer brukerne",
    "coordinated": "samordnede tjenester preget av kontinuitet",
    "resources": "god utnyttelse av ressursene",
    "accessible": "tilgjengelige og rettferdig fordelte tjenester",
    "none": "ingen (bakgrunn)",
}
TYPE = {
    "structure": "struktur",
    "process": "prosess",
    "outcome": "resultat",
    "context": "bakgrunn",
    "quality_of_data": "datakvalitet",
}
INTERVAL = {
    "wilson": (
        "Usikkerhetsintervallet (95 %, Wilson) sier hvor mye tallet kan variere tilfeldig rundt et underliggende nivå. "
        "Tallene er fulltellinger: intervallet er ikke utvalgsfeil."
    ),
    "wilson_fte": (
        "Usikkerhetsintervallet (95 %, Wilson) er en tilnærming, merket `wilson_fte`: årsverk er ikke personer, og "
        "flere personer deler ett årsverk, så intervallet er gjerne for vidt."
    ),
    "byar": "Usikkerhetsintervallet (95 %, Byar) gjelder antall hendelser, regnet som tilfeldige rundt et nivå.",
    "none": "Indikatoren har ikke usikkerhetsintervall.",
}
METHOD = {
    "published": "Kildens eget tall.",
    "amount": "Telleren selv.",
    "ratio": "Teller delt på nevner, ganget med {multiplier:g}.",
    "growth": "Endring i telleren siden {years} år før, delt på verdien da, ganget med {multiplier:g}.",
    "model": "Regnet av en egen modell; teller og nevner sier hva som inngår.",
}
ROLE = {"numerator": "teller", "denominator": "nevner", "published": "kildens tall"}


def pages(catalog: Catalog, charted: set[str]) -> dict[str, str]:
    """Text of every page by file name, the index first.

    Args:
        catalog: the declarations. charted: ids of indicators that have a chart beside their page.
    """
    written = {"README.md": _index(catalog)}
    for family in catalog.indicators.values():
        written[f"{family.id}.md"] = page(family, catalog, family.id in charted)
    return written


def write(folder: Path, written: dict[str, str], charts: dict[str, str]) -> None:
    """Write pages and charts into a folder; pages that were written for indicators that are no more go out."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = written | {f"{indicator}.svg": chart for indicator, chart in charts.items()}
    for page in (path for path in folder.glob("*.md") if path.name not in wanted and _is_ours(path)):
        page.unlink()
        page.with_suffix(".svg").unlink(missing_ok=True)
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def _is_ours(page: Path) -> bool:
    """Whether this program wrote a page: whatever else lies in the folder is somebody's."""
    return page.read_text(encoding="utf-8", errors="replace").startswith(NOTICE.format(id=page.stem))


def page(family: IndicatorDefinition, catalog: Catalog, has_chart: bool) -> str:
    """One indicator's page."""
    parts = [
        NOTICE.format(id=family.id),
        f"# {family.id} {family.name.nb}",
        _heading(family),
        f"## Hva den viser\n\n{_wrapped(family.purpose.nb)}\n\n{_wrapped(family.rationale.nb)}",
        _definition(family),
        _variants(family),
        _reading(family),
        _chart(family, has_chart),
        f"## Forbehold\n\n{_wrapped(family.caveats.nb)}",
        _breaks(family, catalog),
        _sql(family),
        _measures(family, catalog),
        _english(family),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(family: IndicatorDefinition) -> str:
    until = f" til {family.valid_to}" if family.valid_to else ""
    return _wrapped(
        f"Versjon {family.version}, {STATUS[family.status]}, gjelder fra {family.valid_from}{until}. "
        f"{_upper(AVAILABILITY[family.availability])}. Type: {TYPE[family.type]}. "
        f"Kvalitetsdimensjon: {DIMENSION[family.quality_dimension]}."
        + (f" {family.availability_reason.nb.strip()}" if family.availability_reason else "")
    )


def _definition(family: IndicatorDefinition) -> str:
    calculation = family.calculation
    rows = [(_upper(ROLE[role]), side.words.nb) for role, side in calculation.sides.items()]
    rows += [
        ("Slik regnes den", METHOD[calculation.method].format(**calculation.model_dump())),
        ("Enhet", f"{family.unit}, {_decimals(family.decimals)}, halve rundes bort fra null"),
        ("Populasjon", family.population.nb),
        ("Med", family.inclusions.nb),
        ("Ikke med", family.exclusions.nb),
        ("Telletidspunkt", f"{family.reference_time.nb} ({FREQUENCY[family.frequency]})"),
        ("Nivå", ", ".join(LEVELS[level] for level in family.levels)),
        ("Kilder", "; ".join(f"{source.name.nb} ({source.evidence})" for source in family.sources)),
    ]
    return "## Definisjon\n\n" + _table(("", ""), rows) + _terms(calculation)


def _terms(calculation: Calculation) -> str:
    rows = [
        (
            ROLE[role],
            term.table,
            f"`{term.measure}`",
            ", ".join(f"{column} = {group}" for column, group in term.where.items()),
            "−" if term.sign < 0 else "+",
            _validity(term.valid_from, term.valid_to),
        )
        for role, side in calculation.sides.items()
        for term in side.terms
    ]
    if not rows:
        return ""
    return "\n\nSeriene bak:\n\n" + _table(("del", "kilde", "mål", "kategori", "fortegn", "år"), rows)


def _variants(family: IndicatorDefinition) -> str:
    if not family.variants:
        return ""
    rows = [
        (f"`{family.id}.{v.suffix}`", v.name.nb, AVAILABILITY[v.availability or family.availability])
        for v in family.variants
    ]
    text = (
        "## Varianter\n\nHver variant er en egen definisjon og en egen serie. De hører aldri i samme linje i en figur."
    )
    return f"{text}\n\n{_table(('id', 'navn', 'tilgjengelighet'), rows)}"


def _reading(family: IndicatorDefinition) -> str:
    lines = [
        f"- {DIRECTION[family.direction]}",
        f"- {_upper(family.target.origin.nb.strip())}",
        f"- {INTERVAL[family.interval]}",
        f"- {family.small_numbers.rule.nb.strip()}",
    ]
    return "## Slik leses den\n\n" + "\n".join(_wrapped(line, "  ") for line in lines)


def _chart(family: IndicatorDefinition, has_chart: bool) -> str:
    if has_chart:
        text = f"![{family.name.nb}: landet over tid og spredning mellom kommuner]({family.id}.svg)"
        return f"## Figur\n\n{text}\n\nFiguren sier selv hvor tallene kommer fra: demoens tall er *generert*."
    return "## Figur\n\nIngen figur: indikatoren har ikke tall i den publiserte filen som figurene er laget av."


def _breaks(family: IndicatorDefinition, catalog: Catalog) -> str:
    made_of = catalog.indicators.get(family.calculation.of or family.id, family)
    used = {
        (term.table, term.measure)
        for _, calculation, _ in calculations(made_of)
        for side in calculation.deciding.values()
        for term in side.terms
    }
    found = [broken for broken in catalog.breaks.values() if not used.isdisjoint(broken.series(catalog.sources))]
    if not found:
        return "## Brudd\n\nIngen kjente brudd i seriene bak."
    rows = [
        (
            broken.to_period or (broken.vintage_to.isoformat() if broken.vintage_to else ""),
            broken.name.nb,
            "serien deles" if broken.treatment == "split" else "fortelles, serien deles ikke",
            broken.source,
        )
        for broken in found
    ]
    return "## Brudd\n\n" + _table(("fra", "hva", "behandling", "kilde"), rows)


def _sql(family: IndicatorDefinition) -> str:
    latest = f"""select region_name, period, numerator, denominator, value, unit, obs_status, interval_low
from public.indicator_values
where structure = 'current' and indicator_id = '{family.id}' and region_code in ('EAK', '4601')
order by region_name, period;"""
    if family.domain == "DQ":
        latest = f"""select indicator_id, table_id, measure, region_level, period, reason, numerator, denominator, value
from public.data_quality
where quality_id = '{family.id}'
order by period desc, value desc limit 20;"""
    return f"## SQL\n\n```sql\n{latest}\n```"


def _measures(family: IndicatorDefinition, catalog: Catalog) -> str:
    by_number = {measure.measure_no: measure for measure in catalog.measures.measures}
    rows = [(str(number), by_number[number].summary.nb) for number in family.measures]
    text = "## Tiltak\n\n" + _table(("nr.", "tiltak"), rows)
    programmes = {programme.id: programme.name.nb for programme in catalog.measures.programmes}
    if family.programmes:
        text += "\n\nProgrammer som har dette som mål: " + ", ".join(programmes[p] for p in family.programmes) + "."
    if family.stated_in:
        text += "\n\nNevnt i: " + "; ".join(family.stated_in) + "."
    return text


def _english(family: IndicatorDefinition) -> str:
    words = " ".join(f"{_upper(role)}: {side.words.en}" for role, side in family.calculation.sides.items())
    return f"## In English\n\n{_wrapped(f'{family.name.en}. {family.purpose.en} {words}')}"


def _index(catalog: Catalog) -> str:
    rows = [
        (
            f"[{family.id}]({family.id}.md)",
            family.name.nb,
            AVAILABILITY[family.availability],
            str(len(family.variants)),
            ", ".join(map(str, family.measures)),
        )
        for family in catalog.indicators.values()
    ]
    return (
        "\n\n".join(
            [
                "<!-- Skrevet av schemas/indicators med `k2025 pages`. Endre der, ikke her. -->",
                "# Indikatorkatalogen",
                _wrapped(
                    "Tiltak 17 ber om relevante kvalitetsindikatorer, men nevner ingen. Denne katalogen er et forslag "
                    "til svar: førti indikatorer og fire mål på datakvaliteten, hver med definisjon, forbehold og "
                    "figur. Det som ikke finnes i åpne tall, står her likevel, med grunnen, så hullene er synlige."
                ),
                _table(("id", "navn", "tilgjengelighet", "varianter", "tiltak"), rows),
            ]
        )
        + "\n"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(" ".join(text.split()), 120, subsequent_indent=indent, break_on_hyphens=False)


def _validity(first: str | None, last: str | None) -> str:
    if first and last:
        return f"{first}–{last}"
    return f"fra {first}" if first else f"til og med {last}" if last else "alle"


def _decimals(number: int) -> str:
    return f"{number} desimal" if number == 1 else f"{number} desimaler"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
