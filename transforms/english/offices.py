"""Who holds an office, and what one does who holds it."""

from transforms.english.phrases import Phrases

HELD_OFFICES = Phrases(
    "president, prime minister, premier, chancellor, governor, mayor, senator, congressman, representative, minister",
    "foreign minister, finance minister, secretary, secretary general, secretary of state, ambassador, attorney general",
    "chief justice, speaker, king, queen, monarch, emperor, pope, archbishop, bishop, patriarch, sultan, head of state",
    "head of government, leader, ceo, cfo, cto, chief executive, chief executive officer, chief financial officer",
    "chief technology officer, chairman, chair, chairwoman, chairperson, managing director, director general",
    "executive director, artistic director, dean, rector, provost, head, head teacher, headmaster, principal, owner",
    "publisher, editor in chief, editor, coach, head coach, manager, captain, general manager, commander, commissioner",
    "chief of staff, police chief, sheriff, vice president, deputy, treasurer, chief conductor, music director, lead singer",
    "drummer, bassist, spokesman, spokesperson, goalkeeper, quarterback, head of the department, first lady, poet laureate",
    "majority leader, minority leader",
)
# What an office holder does now: "Who chairs the committee?"
HOLDS_OFFICE = Phrases(
    "leads, heads, chairs, owns, manages, runs, hosts, coaches, captains, sponsors, governs, edits, presides, directs",
    "commands, represents, presents, rules, serves as, is in charge, is head, sits on, operates, anchors, controls",
)
# What belongs to a state, and has one in each of them.
STATE_OFFICES = Phrases(
    "electoral commission, election commission, election held, local election, how often are elections held, elections held",
    "referendum, prime ministership, coalition, cabinet minister, state governor, president, prime minister",
    "head of government, head of state, governor, attorney general, chief justice, king, queen, monarch, vice president",
    "first lady, senate, senator, parliament, lower house, upper house, house of representatives, congress, supreme court",
    "constitutional court, high court, appeal court, court of appeal, district court, constitution, national assembly",
    "legislature, cabinet, central bank, national bank, ruling party, opposition, opposition leader, electoral college",
    "army, navy, finance minister, foreign minister, minister of finance, minister, interior minister, health minister",
    "speaker, civil war, electoral vote, presidential veto, presidential election, general election, prime ministers, veto",
    "ministry, health ministry, city council, town council, county council, school board, city hall, mayor, sheriff",
    "police commissioner, local newspaper, national railway, national broadcaster, national airline, state bank",
    "stock exchange, government department, treasury",
)
