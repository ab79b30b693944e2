"""K2025: competence and staffing indicators for Norwegian municipal health and care."""

__version__ = "0.1.0"
