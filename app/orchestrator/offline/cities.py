"""The places whose time the offline model knows, by their English and German names."""

import re

_PLACES = (
    ("Europe/Berlin", "Berlin", "Berlin"),
    ("Europe/Berlin", "Munich", "München"),
    ("Europe/Berlin", "Hamburg", "Hamburg"),
    ("Europe/Berlin", "Cologne", "Köln"),
    ("Europe/Berlin", "Frankfurt", "Frankfurt"),
    ("Europe/Berlin", "Stuttgart", "Stuttgart"),
    ("Europe/Berlin", "Leipzig", "Leipzig"),
    ("Europe/Berlin", "Germany", "Deutschland"),
    ("Europe/Vienna", "Vienna", "Wien"),
    ("Europe/Vienna", "Austria", "Österreich"),
    ("Europe/Zurich", "Zurich", "Zürich"),
    ("Europe/Zurich", "Geneva", "Genf"),
    ("Europe/Zurich", "Bern", "Bern"),
    ("Europe/London", "London", "London"),
    ("Europe/London", "Edinburgh", "Edinburgh"),
    ("Europe/London", "England", "England"),
    ("Europe/Dublin", "Dublin", "Dublin"),
    ("Europe/Paris", "Paris", "Paris"),
    ("Europe/Paris", "France", "Frankreich"),
    ("Europe/Brussels", "Brussels", "Brüssel"),
    ("Europe/Amsterdam", "Amsterdam", "Amsterdam"),
    ("Europe/Madrid", "Madrid", "Madrid"),
    ("Europe/Madrid", "Barcelona", "Barcelona"),
    ("Europe/Lisbon", "Lisbon", "Lissabon"),
    ("Europe/Rome", "Rome", "Rom"),
    ("Europe/Rome", "Milan", "Mailand"),
    ("Europe/Rome", "Italy", "Italien"),
    ("Europe/Athens", "Athens", "Athen"),
    ("Europe/Istanbul", "Istanbul", "Istanbul"),
    ("Europe/Moscow", "Moscow", "Moskau"),
    ("Europe/Kyiv", "Kyiv", "Kiew"),
    ("Europe/Warsaw", "Warsaw", "Warschau"),
    ("Europe/Prague", "Prague", "Prag"),
    ("Europe/Budapest", "Budapest", "Budapest"),
    ("Europe/Bucharest", "Bucharest", "Bukarest"),
    ("Europe/Copenhagen", "Copenhagen", "Kopenhagen"),
    ("Europe/Stockholm", "Stockholm", "Stockholm"),
    ("Europe/Oslo", "Oslo", "Oslo"),
    ("Europe/Helsinki", "Helsinki", "Helsinki"),
    ("Atlantic/Reykjavik", "Reykjavik", "Reykjavík"),
    ("Africa/Cairo", "Cairo", "Kairo"),
    ("Africa/Lagos", "Lagos", "Lagos"),
    ("Africa/Nairobi", "Nairobi", "Nairobi"),
    ("Africa/Johannesburg", "Johannesburg", "Johannesburg"),
    ("Africa/Johannesburg", "Cape Town", "Kapstadt"),
    ("Africa/Casablanca", "Casablanca", "Casablanca"),
    ("Asia/Jerusalem", "Jerusalem", "Jerusalem"),
    ("Asia/Dubai", "Dubai", "Dubai"),
    ("Asia/Riyadh", "Riyadh", "Riad"),
    ("Asia/Tehran", "Tehran", "Teheran"),
    ("Asia/Karachi", "Karachi", "Karatschi"),
    ("Asia/Kolkata", "Mumbai", "Mumbai"),
    ("Asia/Kolkata", "Delhi", "Delhi"),
    ("Asia/Kolkata", "Bangalore", "Bangalore"),
    ("Asia/Kolkata", "India", "Indien"),
    ("Asia/Kathmandu", "Kathmandu", "Kathmandu"),
    ("Asia/Dhaka", "Dhaka", "Dhaka"),
    ("Asia/Bangkok", "Bangkok", "Bangkok"),
    ("Asia/Jakarta", "Jakarta", "Jakarta"),
    ("Asia/Singapore", "Singapore", "Singapur"),
    ("Asia/Kuala_Lumpur", "Kuala Lumpur", "Kuala Lumpur"),
    ("Asia/Manila", "Manila", "Manila"),
    ("Asia/Hong_Kong", "Hong Kong", "Hongkong"),
    ("Asia/Shanghai", "Shanghai", "Schanghai"),
    ("Asia/Shanghai", "Beijing", "Peking"),
    ("Asia/Taipei", "Taipei", "Taipeh"),
    ("Asia/Seoul", "Seoul", "Seoul"),
    ("Asia/Tokyo", "Tokyo", "Tokio"),
    ("Asia/Tokyo", "Osaka", "Osaka"),
    ("Asia/Tokyo", "Japan", "Japan"),
    ("Australia/Sydney", "Sydney", "Sydney"),
    ("Australia/Melbourne", "Melbourne", "Melbourne"),
    ("Australia/Brisbane", "Brisbane", "Brisbane"),
    ("Australia/Perth", "Perth", "Perth"),
    ("Pacific/Auckland", "Auckland", "Auckland"),
    ("Pacific/Honolulu", "Honolulu", "Honolulu"),
    ("America/Anchorage", "Anchorage", "Anchorage"),
    ("America/Vancouver", "Vancouver", "Vancouver"),
    ("America/Los_Angeles", "Los Angeles", "Los Angeles"),
    ("America/Los_Angeles", "San Francisco", "San Francisco"),
    ("America/Los_Angeles", "Seattle", "Seattle"),
    ("America/Denver", "Denver", "Denver"),
    ("America/Chicago", "Chicago", "Chicago"),
    ("America/Chicago", "Houston", "Houston"),
    ("America/Mexico_City", "Mexico City", "Mexiko-Stadt"),
    ("America/New_York", "New York", "New York"),
    ("America/New_York", "Boston", "Boston"),
    ("America/New_York", "Miami", "Miami"),
    ("America/New_York", "Washington", "Washington"),
    ("America/Toronto", "Toronto", "Toronto"),
    ("America/Montreal", "Montreal", "Montreal"),
    ("America/Bogota", "Bogota", "Bogotá"),
    ("America/Lima", "Lima", "Lima"),
    ("America/Santiago", "Santiago", "Santiago"),
    ("America/Sao_Paulo", "São Paulo", "São Paulo"),
    ("America/Sao_Paulo", "Rio de Janeiro", "Rio de Janeiro"),
    ("America/Argentina/Buenos_Aires", "Buenos Aires", "Buenos Aires"),
    ("UTC", "UTC", "UTC"),
    ("UTC", "GMT", "GMT"),
)
_ALSO = {"sao paulo": "são paulo", "bogotá": "bogota", "muenchen": "münchen", "koeln": "köln",
         "zuerich": "zürich", "kiev": "kyiv", "bombay": "mumbai", "shanghai": "shanghai",
         "new delhi": "delhi", "nyc": "new york"}  # fmt: skip

_BY_NAME = {name.lower(): place for place in _PLACES for name in place[1:]}
_BY_NAME |= {also: _BY_NAME[name] for also, name in _ALSO.items()}
_NAMES = "|".join(re.escape(name) for name in sorted(_BY_NAME, key=len, reverse=True))
_PLACE = re.compile(
    rf"\b(?P<zone>(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)"
    rf"/[A-Za-z_/+-]+\w)\b|\b(?P<name>{_NAMES})\b",
    re.IGNORECASE,
)

ONLY_GERMAN = {place[2].lower() for place in _PLACES if place[2] != place[1]}
"""Names that give away that a request is in German."""


def find_places(text: str) -> list[tuple[int, int, str]]:
    """Where in a text which time zone is meant: start, end, IANA name; each zone once."""
    found: dict[str, tuple[int, int, str]] = {}
    for match in _PLACE.finditer(text):
        name = match["name"]
        zone = _BY_NAME[name.lower()][0] if name else match["zone"]
        found.setdefault(zone, (*match.span(), zone))
    return list(found.values())


def place_name(zone: str, language: str, text: str = "") -> str:
    """What people call a zone: the place that `text` speaks of, else its best known one."""
    column = 2 if language == "de" else 1
    spoken = [_BY_NAME[m["name"].lower()] for m in _PLACE.finditer(text) if m["name"]]
    for place in (*spoken, *_PLACES):
        if place[0] == zone:
            return place[column]
    return zone.rpartition("/")[2].replace("_", " ")
