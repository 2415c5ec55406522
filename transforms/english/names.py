"""Names of persons and days: titles before a name, small words inside one."""

TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir dame lord lady rev reverend president saint st general gen colonel captain capt "
    "senator judge justice doctor madame mme monsieur herr frau".split()
)
RANKS = frozenset("queen king prince princess pope emperor empress chancellor minister".split())
PARTICLES = frozenset("de da di du del della der den van von zu la le el al bin ibn ben of the y e dos".split())
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
