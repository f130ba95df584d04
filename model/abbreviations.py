"""Abbreviations of English news that keep their full stop inside a sentence.

nupunkt's own list was learned from millions of pages, scanned ones among them, and holds thousands of plain words
("month", "trench", "wall", "reports"), after which it then never cuts before a name. This list replaces it. A word
that is also a plain one ("no", "sat", "sun", "ill", "mass", "in") is not in ABBREVIATIONS: it ends sentences more
often than it is abbreviated, and `cuts` knows those that go before a number or after a town.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


#: Titles and ranks: a name follows.
TITLES = words(
    "mr mrs ms messrs mx mme mlle dr drs prof profs rev fr hon st ste sra gen lt col maj capt cpt cmdr cdr comdr sgt"
    " cpl pvt pfc adm brig ens pres gov sen sens rep reps amb atty supt insp det ald del sec mt ft vs"
)
_POSTS = words("jr sr esq asst assoc dep exec ret")
#: Without "sat", "sun" and "wed".
_DATES = words("jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues thu thur thurs fri")
_BODIES = words("inc ltd corp co cos bros llc dept depts govt univ inst assn natl intl")
_PLACES = words(
    "ave blvd rd hwy pkwy bldg apt ala ariz calif colo conn fla kan ky mich minn mont neb nebr nev okla penn tenn tex"
    " vt wis wyo"
)
_MEASURES = words("nos vol vols pp approx est hr hrs mins secs yr yrs lb lbs oz kg sq tel")
_REFERENCES = words("etc cf viz al ibid incl")

#: Lower case, without the full stop. Those with a stop inside ("u.s", "ph.d") are nupunkt's.
ABBREVIATIONS = TITLES | _POSTS | _DATES | _BODIES | _PLACES | _MEASURES | _REFERENCES

#: American states as they stand after a town; plain words among them count only with their capital.
STATES = words(
    "Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Me Mass Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa"
    " Penn Tenn Tex Va Vt Wash Wis Wyo"
)
