"""Words that many questions hold, so that to share them says little: function words, and those of the classroom."""

from transforms.english.function_words import GRAMMAR, MODALS, OBJECT_PRONOUNS, OTHER_PERSONS

FUNCTION = GRAMMAR.union(
    OTHER_PERSONS,
    OBJECT_PRONOUNS,
    MODALS,
    "as after before against without within and or but nor so if then than itself being am done having not no yes many much "
    "there here all any both each few more most other some such only own same too very also just up down out off again further "
    "once because while until every another although though however 1 2 3 4 der die das den dem des ein eine einen einem einer "
    "und oder im auf zu zum zur von vom mit fur ist sind war wird welche welcher welches wie wer wo wann nach bei aus als bevor "
    "sich nicht le la les un une du de et ou est sont dans sur pour par avec que qui quel quelle quels quelles au aux ce cette "
    "en ne pas el los las y es son con para cual como del se por una".split(),
)
COMMON_WORDS = frozenset(
    """
following best describes described describe called name named term known type kind form example examples true false correct
incorrect statement statements likely least primarily primary main mainly function functions result results cause caused
causes process used use uses using given give gives find found write program python return returns number numbers list
string value values total make made makes part parts first second third last new old time times year years day days week
month hour per percent people person man woman city country state states world large larger largest small smaller smallest
high higher highest low lower long short greater answer question questions choose option options select pick problem solve
compute calculate determine evaluate express show explain define work works worked take takes taken took get gets got go
goes put set let suppose assume consider according based whether different important effect effects affect increase
increases decrease change changes amount rate level company firm student students teacher patient doctor book books story
house room car water light air food money price cost costs dollars cents capital wrote author written born died king queen
president century period event happens happen occur occurs mean means meaning refer refers word words letter letters digit
digits character characters language sentence passage text left right side top bottom point points line lines area volume
length width height size metres meters centimetres kilometres hours minutes seconds feet inches miles check contains contain
element elements array integer integers sorted sort order index input output print ignoring spaces case sum two positive
negative real equal ratio average
""".split()
)
