"""Writes `moons.db`: the larger moons of the solar system. The same script, the same bytes.

Run it with `python3 make_database.py`; the file is kept in the repository.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

PLANETS = [
    (1, "Earth", 6371.0, 1.0),
    (2, "Mars", 3389.5, 1.524),
    (3, "Jupiter", 69911.0, 5.203),
    (4, "Saturn", 58232.0, 9.537),
    (5, "Uranus", 25362.0, 19.19),
    (6, "Neptune", 24622.0, 30.07),
]
MOONS = [
    ("Moon", 1, 1737.4, 384400, 27.32, None),
    ("Phobos", 2, 11.3, 9376, 0.319, 1877),
    ("Deimos", 2, 6.2, 23463, 1.263, 1877),
    ("Io", 3, 1821.6, 421700, 1.769, 1610),
    ("Europa", 3, 1560.8, 671034, 3.551, 1610),
    ("Ganymede", 3, 2634.1, 1070412, 7.155, 1610),
    ("Callisto", 3, 2410.3, 1882709, 16.69, 1610),
    ("Mimas", 4, 198.2, 185539, 0.942, 1789),
    ("Enceladus", 4, 252.1, 237948, 1.370, 1789),
    ("Tethys", 4, 531.1, 294619, 1.888, 1684),
    ("Dione", 4, 561.4, 377396, 2.737, 1684),
    ("Rhea", 4, 763.8, 527108, 4.518, 1672),
    ("Titan", 4, 2574.7, 1221870, 15.95, 1655),
    ("Iapetus", 4, 734.5, 3560820, 79.32, 1671),
    ("Miranda", 5, 235.8, 129390, 1.413, 1948),
    ("Ariel", 5, 578.9, 190900, 2.520, 1851),
    ("Umbriel", 5, 584.7, 266000, 4.144, 1851),
    ("Titania", 5, 788.9, 435910, 8.706, 1787),
    ("Oberon", 5, 761.4, 583520, 13.46, 1787),
    ("Proteus", 6, 210.0, 117647, 1.122, 1989),
    ("Triton", 6, 1353.4, 354759, 5.877, 1846),
    ("Nereid", 6, 170.0, 5513818, 360.1, 1949),
]


def make_database(path: Path) -> None:
    """Write the database anew."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE planets (
                id INTEGER PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                radius_km REAL NOT NULL,
                distance_from_sun_au REAL NOT NULL
            );
            CREATE TABLE moons (
                name TEXT PRIMARY KEY,
                planet_id INTEGER NOT NULL REFERENCES planets(id),
                radius_km REAL NOT NULL,
                distance_km INTEGER NOT NULL,
                period_days REAL NOT NULL,
                discovered INTEGER
            );
            """
        )
        database.executemany("INSERT INTO planets VALUES (?, ?, ?, ?)", PLANETS)
        database.executemany("INSERT INTO moons VALUES (?, ?, ?, ?, ?, ?)", MOONS)
    database.close()


if __name__ == "__main__":
    make_database(Path(__file__).parent / "moons.db")
