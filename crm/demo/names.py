"""Invented names of people and practices."""

FIRST_NAMES = (
    "Aaron", "Abigail", "Adaeze", "Adrian", "Aisha", "Alana", "Alec", "Alma", "Amara", "Amit", "Anders", "Angela",
    "Anika", "Anton", "Ariel", "Astrid", "Beatriz", "Benita", "Bernard", "Bianca", "Brandon", "Brigid", "Caleb",
    "Camila", "Carmen", "Cecilia", "Chidi", "Clara", "Colin", "Cora", "Dalia", "Damian", "Daphne", "Darius",
    "Delia", "Derek", "Devika", "Dominic", "Edith", "Elena", "Elias", "Eliza", "Emeka", "Emil", "Esther", "Fabian",
    "Farah", "Felix", "Fiona", "Gareth", "Gemma", "Gideon", "Grace", "Gwen", "Hanna", "Harold", "Hassan", "Heidi",
    "Helen", "Hiro", "Hugo", "Imani", "Ingrid", "Iris", "Ivan", "Jamal", "Janelle", "Jasper", "Joanne", "Joel",
    "Jonas", "Judith", "Julian", "Kamal", "Karin", "Keiko", "Kenji", "Kiran", "Lars", "Layla", "Leah", "Leon",
    "Lena", "Liam", "Lidia", "Lorenzo", "Lucia", "Luther", "Mabel", "Magnus", "Malik", "Mara", "Marcus", "Marisol",
    "Marta", "Mateo", "Maya", "Mei", "Milan", "Mina", "Miriam", "Nadia", "Naomi", "Nia", "Nico", "Nils", "Nora",
    "Odette", "Olga", "Omar", "Oscar", "Paloma", "Petra", "Quentin", "Rafael", "Rania", "Raul", "Renata", "Rhea",
    "Rosa", "Ruben", "Ruth", "Sabine", "Salma", "Samir", "Selma", "Serena", "Simone", "Soren", "Stella", "Sunil",
    "Sylvia", "Tamsin", "Tara", "Tessa", "Theo", "Tobias", "Uma", "Valerie", "Vera", "Victor", "Vikram", "Viola",
    "Walter", "Wendell", "Yara", "Yasmin", "Yusuf", "Zelda", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Abara", "Adeyemi", "Alvarez", "Ambrose", "Anand", "Ashworth", "Atwell", "Avery", "Bakshi", "Banerjee",
    "Barlow", "Becker", "Bellamy", "Benning", "Bexton", "Blackwood", "Boyle", "Braddock", "Brandt", "Brennan",
    "Callahan", "Calloway", "Carver", "Castellano", "Chandra", "Chaudhry", "Coleman", "Corbin", "Costa", "Crane",
    "Dalton", "Darrow", "Delacroix", "Delgado", "Desai", "Devlin", "Donovan", "Draper", "Dufresne", "Eberhart",
    "Ekwueme", "Ellery", "Engstrom", "Escobar", "Fairbanks", "Farouk", "Feldman", "Ferris", "Fontaine", "Forsythe",
    "Galloway", "Garner", "Gentry", "Ghosh", "Gilchrist", "Granger", "Grigsby", "Gupta", "Haddad", "Hallam",
    "Hargrove", "Hartwell", "Hashimoto", "Hayward", "Hendricks", "Holloway", "Huang", "Huxley", "Ibarra", "Imanov",
    "Ishikawa", "Jansen", "Jaramillo", "Jessup", "Kaminski", "Kapoor", "Karlsen", "Keating", "Kendrick", "Khoury",
    "Kincaid", "Kowalski", "Kurosawa", "Lachance", "Langley", "Larkin", "Leclair", "Lindqvist", "Lockhart",
    "Lombardi", "Maddox", "Malone", "Marchetti", "Marlowe", "Mbeki", "McAllister", "Mehta", "Mendoza", "Mercer",
    "Moreau", "Nakamura", "Navarro", "Nguyen", "Norwood", "Novak", "Oakley", "Obi", "Okafor", "Okonjo", "Olmstead",
    "Ortega", "Ortiz", "Osei", "Palmer", "Pappas", "Patil", "Pemberton", "Petrik", "Pham", "Pickering", "Prescott",
    "Quimby", "Raman", "Ramsey", "Redmond", "Reyes", "Rhodes", "Rinaldi", "Rosario", "Rowland", "Sadler", "Salazar",
    "Santoro", "Sato", "Sawyer", "Schaefer", "Serrano", "Shah", "Sharma", "Sheffield", "Silva", "Sinclair",
    "Sokolov", "Soto", "Stafford", "Sterling", "Strand", "Sutter", "Takahashi", "Tanaka", "Thackeray", "Thornton",
    "Trent", "Tsukada", "Underhill", "Valdez", "Vance", "Varga", "Vaughn", "Velasco", "Voss", "Wakefield",
    "Warwick", "Weatherby", "Whitlock", "Winslow", "Wozniak", "Yamada", "Yates", "Yilmaz", "Zamora", "Ziegler",
    "Zhou",
)  # fmt: skip

# Words that stand at the front of a practice's name: streams, woods and hamlets around Columbus, and invented ones.
LANDMARKS = (
    "Alum Creek", "Antrim", "Arbor Lake", "Ashgrove", "Bellmeadow", "Big Darby", "Big Walnut", "Blacklick",
    "Blendon", "Bluffview", "Brackenridge", "Briar Hill", "Buckeye Ridge", "Canal Bend", "Cedar Run", "Clearfork",
    "Clinton Heights", "Coppergate", "Cranmere", "Darby Plains", "Deer Creek", "Dunhollow", "Eastmoor",
    "Elm Hollow", "Fallowfield", "Fernbrook", "Five Oaks", "Forest Park", "Fox Hollow", "Franklinton",
    "Garnet Hill", "Glenarbor", "Glen Echo", "Grandview Ridge", "Greenlawn", "Griggs", "Harrison Mill",
    "Hartsfield", "Hayden Run", "Heather Ridge", "Highbanks", "Hilltop", "Hocking Bend", "Hollow Oak",
    "Hoover Ridge", "Indian Run", "Iron Bridge", "Juniper", "Kilbourne", "Kingsmill", "Larkmoor", "Lazelle",
    "Leatherlips", "Licking Valley", "Linden Park", "Linworth", "Little Turtle", "Maple Ridge", "Mill Run",
    "Minerva Lake", "Mound Street", "Northbank", "Oak Hollow", "Old Canal", "Olde Towne", "Olentangy",
    "Orchard Hill", "Pickaway", "Pine Hollow", "Polaris", "Powell Road", "Prairie Grove", "Quarry Ridge",
    "Raccoon Creek", "Redfern", "Rickenbacker", "River Ridge", "Riverbend", "Rocky Fork", "Rosemont", "Saltbox",
    "Sawmill", "Schrock", "Scioto Crossing", "Scioto Valley", "Seven Pines", "Sharon Woods", "Slate Ridge",
    "South Fork", "Stonehaven", "Sugar Run", "Summit Park", "Sycamore", "Tamarack", "Three Creeks", "Tuttle",
    "Twin Rivers", "Union Furnace", "Upland", "Walnut Grove", "West Bank", "Wexmoor", "Whetstone", "Whitaker Mill",
    "Willow Bend", "Windrose", "Wolfe Park", "Woodward",
)  # fmt: skip

GROUP_NAMES = (
    "Northbank Physicians", "Meridian Primary Care Partners", "Buckeye Lake Medical Group",
    "Three Rivers Health Network",
    "Summit Ridge Physicians", "Capitol City Clinics", "Heartland Family Health", "Riverstone Medical Partners",
    "Ashbury Senior Living", "Evergreen Home Care", "Pioneer Pediatrics Network", "Lakeshore Women's Health Partners",
)  # fmt: skip

TAGS = (
    "Imaging champion", "Lunch-friendly", "Sends by portal", "Faxes orders", "New physicians", "Residency site",
    "Spanish spoken",
    "Side door", "Prefers e-mail", "Saturday clinic",
)  # fmt: skip


def unique_practice_name(landmark: str, noun: str, city: str, taken: set[str]) -> str:
    """A name that no other practice has: with the town, then with a number, when the plain one is taken."""
    candidates = (
        f"{landmark} {noun}",
        f"{landmark} {noun} of {city}",
        *(f"{landmark} {noun} {n}" for n in range(2, 99)),
    )
    name = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(name)
    return name
