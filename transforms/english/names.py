"""Names of persons and days: titles before a name, small words inside one."""

TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir dame lord lady rev reverend president saint st general gen colonel captain capt "
    "senator judge justice doctor madame mme monsieur herr frau".split()
)
RANKS = frozenset("queen king prince princess pope emperor empress chancellor minister".split())
PARTICLES = frozenset("de da di du del della der den van von zu la le el al bin ibn ben of the y e dos".split())
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
ROLES = frozenset(
    "actor actress singer songwriter musician rapper composer author writer novelist poet playwright artist painter sculptor "
    "architect engineer inventor scientist physicist chemist biologist mathematician philosopher astronomer historian explorer "
    "director producer politician businessman businesswoman entrepreneur footballer player quarterback coach swimmer boxer "
    "driver host presenter comedian journalist lawyer activist missionary monk priest cardinal bishop band group duo".split()
)
# What sort of thing a name in front of it is.
KINDS = frozenset(
    "season seasons month months period stage phase side language river party army forces island islands mountain mountains "
    "desert region province county district village town album song movie film novel book series show band team company brand "
    "font programming operating protocol algorithm theorem disease syndrome virus gene protein enzyme hormone acid gas cells "
    "metal method process currency religion dynasty empire tribe people style dance sauce cheese dish alphabet calendar".split()
)
_SHORTENED = """
william bill will billy willie;
robert bob rob bobby robbie; richard rick rich dick ricky; james jim jimmy jamie; john johnny jack;
thomas tom tommy; david dave davey; michael mike mick; joseph joe joey; charles charlie chuck chas; edward ed eddie ted ned;
daniel dan danny; samuel sam sammy; benjamin ben benny; christopher chris kit; matthew matt; anthony tony; andrew andy drew;
stephen steve steven; gregory greg; kenneth ken kenny; ronald ron ronnie; donald don donnie; lawrence larry laurence;
gerald gerry jerry; jeffrey jeff geoffrey geoff; frederick fred freddie freddy; alexander alex alec; nicholas nick; patrick pat;
timothy tim; leonard leo len lenny; raymond ray; walter walt; peter pete; philip phil phillip; douglas doug; eugene gene;
nathaniel nate nathan; zachary zach zack; joshua josh; jonathan jon; theodore theo teddy; vincent vince; albert al bert;
elizabeth liz beth betty lizzie eliza; margaret maggie meg peggy; katherine kate kathy katie kathryn catherine cathy;
jennifer jen jenny; rebecca becky; susan sue susie; deborah debbie deb; patricia patty trish; barbara barb; christine chris
chrissie; victoria vicky; jacqueline jackie; alexandra sandra; abigail abby; thaddeus thad; reginald reg reggie; maxwell max
"""
# A short form of a given name: its long one.
SHORT_NAMES = {short: long for entry in _SHORTENED.split(";") for long, *shorts in [entry.split()] for short in (long, *shorts)}
# Given name and surname of two whom only a middle name tells apart.
NAMESAKES = frozenset({("john", "adams"), ("george", "bush"), ("martin", "king"), ("samuel", "butler"), ("john", "mill")})
# Names that end so are no persons'.
BODIES = frozenset(
    "fund university institute institution association company bank party museum college school church organization organisation "
    "union league society council committee agency ministry department court academy orchestra theatre theater group corporation "
    "foundation service commission federation alliance conference congress parliament act treaty war battle prize award".split()
)
# What has a title.
WORKS = frozenset(
    "song songs movie film films book novel album series show poem play game single track painting article opera musical "
    "episode hit "
    "sitcom anime ballad hymn symphony magazine journal".split()
)
# Whom everybody knows without a given name.
KNOWN_BY_SURNAME = frozenset(
    "einstein newton darwin napoleon shakespeare mozart beethoven bach chopin wagner freud marx lenin stalin hitler "
    "churchill gandhi mandela lincoln washington jefferson roosevelt kennedy nixon reagan obama trump galileo copernicus "
    "kepler faraday maxwell bohr heisenberg planck curie pasteur mendel linnaeus columbus magellan caesar cicero aristotle "
    "plato socrates euclid archimedes michelangelo leonardo raphael rembrandt picasso monet dali dante goethe dickens "
    "austen tolstoy dostoevsky chekhov kafka hemingway nietzsche kant hegel descartes hume locke rousseau voltaire keynes "
    "euler gauss fermat turing tesla edison".split()
)
