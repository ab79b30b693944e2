"""What is said of an effect, a refusal and a comparison, in bokmål and English.

Here belong sentences and the form of numbers in them. Not here: when they are said (``design``, ``results``).
"""

from __future__ import annotations

from k2025_pipeline.effects.estimation import Estimated

PERCENT = "prosent"
UNITS_EN = {
    "prosent": "percentage points",
    "årsverk": "FTEs",
    "personer": "persons",
    "timer": "hours",
    "kroner": "NOK",
}
REFUSALS = {
    "few_treated": (
        "Effekten er ikke beregnet: {have} kommuner kan være med som deltakere, og det trengs minst {need}.",
        "No effect is given: {have} municipalities can be included as participants, and at least {need} are needed.",
    ),
    "few_controls": (
        "Effekten er ikke beregnet: {have} kommuner uten tiltak har tall nok, og det trengs {need}.",
        "No effect is given: {have} municipalities in no programme have figures enough, and {need} are needed.",
    ),
    "no_controls": (
        "Effekten er ikke beregnet: ingen kommune med tall er utenfor tiltakene, så ingen viser utviklingen uten.",
        "No effect is given: no municipality with figures is outside the programmes, so none shows the development "
        "without them.",
    ),
    "few_years": (
        "Effekten er ikke beregnet: serien går fra {first} til {last}, og ingen deltaker har minst {before} år før og "
        "{after} fra og med start i den.",
        "No effect is given: the series runs from {first} to {last}, and no participant has at least {before} years "
        "before and {after} from the start on in it.",
    ),
    "break": (
        "Effekten er ikke beregnet: serien er brutt ({years}), og ingen deltaker har minst {before} år før og {after} "
        "fra og med start i samme del av den.",
        "No effect is given: the series is cut ({years}), and no participant has at least {before} years before and "
        "{after} from the start on in the same part of it.",
    ),
    "missing": (
        "Effekten er ikke beregnet: {lost} av {of} deltakere mangler for mange tall, og mer enn {at_most} av dem er "
        "for mye.",
        "No effect is given: {lost} of {of} participants lack too many figures, and more than {at_most} of them is too "
        "much.",
    ),
    "no_variation": (
        "Effekten er ikke beregnet: tallene varierer ikke nok til at usikkerheten kan regnes ut.",
        "No effect is given: the figures do not vary enough for the uncertainty to be calculated.",
    ),
    "pretrend": (
        "Effekten er ikke beregnet: deltakerne utviklet seg annerledes enn andre alt før start (p {p}), så forskjellen "
        "etterpå kan ikke kalles en effekt.",
        "No effect is given: the participants developed differently from others already before the start (p {p}), so "
        "the difference afterwards cannot be called an effect.",
    ),
}
_SMALLEST_P = 0.001
_NARROW = 5
"""Steps of the last decimal that an interval spans at least, to be told with that many."""
DESCRIPTIVE_NB = "Beskrivende, ikke en effekt: "
DESCRIPTIVE_EN = "Descriptive, not an effect: "


def number(value: float, decimals: int, language: str) -> str:
    """A number with a true minus sign, and a decimal comma in bokmål."""
    text = f"{abs(value):.{decimals}f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + (text.replace(".", ",") if language == "nb" else text)


def unit_of_difference(unit: str, language: str) -> str:
    """What a difference is counted in: per cent differ by percentage points."""
    if language == "nb":
        return "prosentpoeng" if unit == PERCENT else unit
    return UNITS_EN.get(unit, unit)


def refusal(code: str, numbers: dict[str, float | str]) -> tuple[str, str]:
    """The refusal in bokmål and English; shares are told as per cent."""
    nb, en = REFUSALS[code]
    told = dict(numbers)
    if "at_most" in told:
        told["at_most"] = f"{float(told['at_most']):.0%}"
    return (
        nb.format(**{key: _plain(value, "nb") for key, value in told.items()}),
        en.format(**{key: _plain(value, "en") for key, value in told.items()}),
    )


def _plain(value: float | str, language: str) -> str:
    if isinstance(value, float):
        smallest = number(_SMALLEST_P, 3, language)
        return f"< {smallest}" if value < _SMALLEST_P else f"= {number(value, 3, language)}"
    return str(value).replace("%", " %") if language == "nb" else str(value)


def verdict(
    effect: Estimated, unit: str, decimals: int, direction: str, adjusted: tuple[float, int], limit: float
) -> tuple[str, str]:
    """What the mean effect says.

    Args:
        effect: the mean effect.
        unit: unit of the indicator.
        decimals: of the indicator.
        direction: ``higher_is_better`` or ``lower_is_better``.
        adjusted: p-value adjusted for the number of tests, and that number.
        limit: p-value below which an effect is told from chance.
    """
    p_adjusted, tests = adjusted
    bounds = {language: _bounds(effect, unit, decimals, language) for language in ("nb", "en")}
    if p_adjusted < limit:
        better = (effect.estimate < 0) == (direction == "lower_is_better")
        lower = effect.estimate < 0
        return (
            f"Utviklingen ble {bounds['nb'][0]} {'lavere' if lower else 'høyere'} enn hos kommuner som ikke deltok "
            f"({bounds['nb'][1]}). Det er {'ønsket' if better else 'uønsket'} retning.",
            f"The development became {bounds['en'][0]} {'lower' if lower else 'higher'} than in municipalities that "
            f"did not take part ({bounds['en'][1]}). That is the {'desired' if better else 'undesired'} direction.",
        )
    found_nb = f"Anslag {number(effect.estimate, _decimals(effect, decimals), 'nb')} {unit_of_difference(unit, 'nb')}"
    found_en = f"Estimate {number(effect.estimate, _decimals(effect, decimals), 'en')} {unit_of_difference(unit, 'en')}"
    alone = effect.p_value < limit
    return (
        "Ingen effekt kan skilles fra tilfeldig variasjon"
        + (f" når det regnes med at {tests} sammenhenger er prøvd. " if alone else ". ")
        + f"{found_nb} ({bounds['nb'][1]}).",
        "No effect can be told from random variation"
        + (f" considering that {tests} relations were tested. " if alone else ". ")
        + f"{found_en} ({bounds['en'][1]}).",
    )


def _decimals(effect: Estimated, decimals: int) -> int:
    return decimals + (effect.high - effect.low < _NARROW * 10**-decimals)


def _bounds(effect: Estimated, unit: str, decimals: int, language: str) -> tuple[str, str]:
    """Size and interval; a narrow interval with one decimal more, or both ends might look alike."""
    decimals = _decimals(effect, decimals)
    size = f"{number(abs(effect.estimate), decimals, language)} {unit_of_difference(unit, language)}"
    low, high = number(effect.low, decimals, language), number(effect.high, decimals, language)
    if language == "nb":
        return size, f"95 % intervall {low} til {high}"
    return size, f"95% interval {low} to {high}"


def comparison(matched: int, participants: int, difference: float | None, unit: str, decimals: int) -> tuple[str, str]:
    """What a comparison says; with nobody matched, that there is none."""
    if difference is None:
        return (
            f"{DESCRIPTIVE_NB}ingen av {participants} deltakere har både tall i samme del av serien og en lik kommune.",
            f"{DESCRIPTIVE_EN}none of {participants} participants has both figures in the same part of the series "
            "and a like municipality.",
        )
    nb = f"{number(difference, decimals, 'nb')} {unit_of_difference(unit, 'nb')}"
    en = f"{number(difference, decimals, 'en')} {unit_of_difference(unit, 'en')}"
    return (
        f"{DESCRIPTIVE_NB}endringen hos {matched} av {participants} deltakere er {nb} fra endringen hos lignende "
        "kommuner.",
        f"{DESCRIPTIVE_EN}the change among {matched} of {participants} participants is {en} from the change among like "
        "municipalities.",
    )
