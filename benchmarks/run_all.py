"""Every benchmark, one table: what ``make bench`` prints. What each measures stands in its own script."""

import warnings

import decode
import extraction
import requests_per_night
from common import show

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    show([*decode.measure(), *extraction.measure(), *requests_per_night.measure()])
