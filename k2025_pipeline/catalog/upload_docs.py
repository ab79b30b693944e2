"""The page about uploads, from their contracts: ``docs/uploads.md``.

Here belongs the text of a generated page, and of what a template tells. Not here: writing templates
(``ingest.upload_templates``).
"""

from __future__ import annotations

from collections.abc import Iterable

from k2025_pipeline.catalog.uploads import Choice, UploadColumn, UploadContract

HEAD = """\
<!-- Generated from schemas/uploads/ by `make generate`: edit there, not here. -->
# Opplastinger / uploads

Noen tall finnes bare hos dem som bruker K2025. De legges som en fil i `inputs/` i hjemmet (`K2025_HOME/inputs/`),
én fil per opplasting, og er med fra neste `k2025 refresh`, med `source = 'upload'`, merknaden og historikk.

```
k2025 upload template turnover      # en mal med overskrifter, eksempel og forklaring
k2025 upload check turnover.csv     # hver feil: rad, kolonne, hva som er galt, hva som må gjøres
k2025 upload list                   # det som står: fil, rader, når, merknad
```

**Filen.** `.csv` eller `.xlsx`, med navnet som står under. CSV: semikolon, desimalkomma, UTF-8; tabulator, komma og
Windows-1252 blir kjent igjen. Excel: arket `data`, ellers det første; verdier, ikke formler; de første 100 kolonnene.
Overskriftene kan være bokmål eller engelsk, i den rekkefølgen man vil. Over overskriftsraden, eller i et ark `merknad`:

```
# merknad: Hvor tallene kommer fra, og det leseren må vite
# fra: Navn eller kontor
# dato: 31.01.2026
```

**Cellene.** Tusenskille er mellomrom eller ingenting. Et tall som mangler, er en tom celle eller `..`; `:` er skjult
hos kilden, `.` finnes ikke. Det er aldri 0. Kommunekoden har fire siffer, også den første nullen, og er den som gjaldt
1. januar det året raden handler om. Tall for små grupper skal ikke lastes opp.

**Når noe er galt.** Ingenting av filen blir tatt inn, og det som sto før, står, merket `is_stale`. Feilene er i
`k2025 upload check` og i Dagster på kontrollen `contract`; `k2025 refresh` slutter med 3.

**Ny, rettet og slettet.** En ny fil erstatter hele den forrige; den forrige kan spørres om i `source_history.upload_…`.
En fil som fjernes, endrer ingenting. En fil med overskrifter, en merknad og ingen rader trekker tallene tilbake.

*In English.* Lay one file per upload into `K2025_HOME/inputs/`; the next `k2025 refresh` takes it in whole or not at
all, with `source = 'upload'`, your note and history. A missing figure is an empty cell or `..`, a hidden one `:`, never
0. Region codes are those of 1 January of the row's year. A file with headers, a note and no rows withdraws the figures.
"""
TYPES = {
    "region": "kode / code",
    "year": "år / year",
    "number": "tall / figure",
    "flag": "ja eller nei / yes or no",
    "text": "tekst / text",
    "date": "dato / date",
    "choice": "valg / choice",
}
SHORT_LIST = 5


def uploads_page(contracts: Iterable[UploadContract]) -> str:
    """The whole page, a section per upload."""
    return "\n".join([HEAD, *(_section(contract) for contract in contracts)])


def example_row(contract: UploadContract) -> list[str]:
    """One row as it may look, in the order of the template."""
    return [column.example for column in contract.columns]


def header_row(contract: UploadContract) -> list[str]:
    """The headers of the template, in bokmål."""
    return [column.headers[0] for column in contract.columns]


def kind(column: UploadColumn) -> str:
    """What a cell of a column is, with its unit."""
    return TYPES[column.type] + (f", {column.unit}" if column.unit else "")


def must(contract: UploadContract, column: UploadColumn) -> str:
    """Whether the file must have the column."""
    in_key = column.name in contract.row_key and column.default_group is None
    return "ja / yes" if column.required or in_key else "nei / no"


def choices(column: UploadColumn) -> str:
    """What a cell of a choice may say, in bokmål."""
    return ", ".join(_choice(choice) for choice in column.categories)


def _choice(choice: Choice) -> str:
    return choice.name.nb


def _section(contract: UploadContract) -> str:
    lines = [
        f"## {contract.title.nb} / {contract.title.en}",
        "",
        f"`inputs/{contract.file}.csv` eller `.xlsx` → `source.{contract.name}`, `core.observations_uploaded` "
        f"(`{contract.id}`)",
        "",
        contract.description.nb,
        "",
        f"| overskrift | navn / name | hva | må være med | eksempel | forklaring |\n|{'---|' * 6}",
    ]
    lines[-1] += "".join(f"\n{_row(contract, column)}" for column in contract.columns)
    lines += [""]
    for column in contract.category_columns:
        lines += [f"`{column.headers[0]}`: {choices(column)}.", ""]
    lines += [
        "```",
        ";".join(header_row(contract)),
        ";".join(example_row(contract)),
        "```",
        "",
        f"- **Definisjon.** {contract.definition.nb}",
        f"- **Hvor tallene er.** {contract.where_from.nb}",
        f"- **Små tall.** {contract.small_numbers.nb}",
        f"- **In English.** {contract.description.en} {contract.definition.en} {contract.where_from.en} "
        f"{contract.small_numbers.en}",
        "",
    ]
    return "\n".join(lines)


def _row(contract: UploadContract, column: UploadColumn) -> str:
    cells = [
        column.headers[0],
        f"`{column.name}`",
        kind(column),
        must(contract, column),
        column.example,
        f"{column.description.nb} / {column.description.en}",
    ]
    return f"| {' | '.join(cells)} |"


def column_docs(contract: UploadContract) -> dict[str, str]:
    """Description of each column of an upload as published in schema ``source``."""
    named = [*contract.category_columns, *contract.attributes]
    return {
        "region_code": "Region, samme koder i alle tabeller / Region, the same codes in all tables",
        "region_label": "Regionens navn i filen, ellers i Klass / The region's name in the file, else in Klass",
        **{column.name: f"{column.description.nb} / {column.description.en}" for column in named},
        "measure": "Mål / Measure",
        "unit": "Måleenhet / Unit",
        "period": "År / Year",
        "value": "Verdi; tom når tall mangler / Value; empty when there is no figure",
        "symbol": "Tegn i stedet for tall: .. mangler, . finnes ikke, : skjult / Sign instead of a figure",
        "file_row": "Rad i filen / Row of the file",
        "note": "Opplasterens merknad / The uploader's note",
        "uploaded_by": "Hvem filen er fra, etter det den sier / Whom the file is from, as it says",
        "dated": "Datoen filen sier / The date that the file gives",
        "uploaded_at": "Når filen ble tatt inn, UTC / When the file was taken in, UTC",
        "file": "Filens navn / Name of the file",
        "source": "upload, eller demo for genererte tall / upload, or demo for generated figures",
        "vintage": "Utgavens tid, UTC / Time of the vintage, UTC",
        "is_stale": "Sann når en nyere fil ble avvist / True when a newer file was refused",
    }


def history_docs(contract: UploadContract) -> dict[str, str]:
    """Description of each column of an upload's history as published in schema ``source_history``."""
    named = column_docs(contract)
    return {name: named[name] for name in [*contract.key, "unit", "value", "symbol"]} | {
        "valid_from": "Gjaldt fra da filen ble tatt inn, UTC / Held from when the file was taken in, UTC",
        "valid_to": "Avløst av en nyere fil; tom mens tallet gjelder / Replaced by a newer file; empty while it holds",
    }
