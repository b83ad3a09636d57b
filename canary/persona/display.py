"""A name of the census, lower case and without marks, becomes a name as people write it."""

IRISH = (
    "obannon", "oboyle", "obrian", "obriant", "obrien", "obryan", "obryant", "ocallaghan", "oconner",
    "oconnor", "oconnell", "odaniel", "odea", "odonnell", "odonoghue", "odonovan", "odowd", "odwyer",
    "oferrell", "oflaherty", "oflynn", "ogara", "ogrady", "ohagan", "ohalloran", "ohanlon", "ohara",
    "ohare", "ohearn", "okane", "okeefe", "okeeffe", "okelley", "okelly", "olaughlin", "oleary",
    "oloughlin", "omalley", "omara", "omeara", "oneal", "oneil", "oneill", "oquinn", "oreilly", "orielly",
    "oriley", "orourke", "oshaughnessy", "oshea", "oshields", "osullivan", "otoole",
)  # fmt: skip
SPELLED = {
    **{plain: "O'" + plain[1:].capitalize() for plain in IRISH},
    "dangelo": "D'Angelo",
    "damico": "D'Amico",
    "dambrosio": "D'Ambrosio",
    "dagostino": "D'Agostino",
    "dalessandro": "D'Alessandro",
    "delacruz": "De La Cruz",
    "delagarza": "De La Garza",
    "delarosa": "De La Rosa",
    "delatorre": "De La Torre",
    "deleon": "De Leon",
    "deloscruz": "De Los Cruz",
    "delossantos": "De Los Santos",
    "delrio": "Del Rio",
    "delvalle": "Del Valle",
    "stamand": "St. Amand",
    "stclair": "St. Clair",
    "stjames": "St. James",
    "stjohn": "St. John",
    "stpierre": "St. Pierre",
    "vandyke": "Van Dyke",
    "vandyne": "Van Dyne",
    "vanhorn": "Van Horn",
    "vanwinkle": "Van Winkle",
}


def family_name(plain: str) -> str:
    """Return a family name in Title Case, with the marks of Irish and a few Romance and Dutch names."""
    if plain[:2] == "mc":
        return "Mc" + plain[2:].capitalize()
    return SPELLED.get(plain) or plain.capitalize()
