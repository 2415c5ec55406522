"""What changes with time: figures, counts, standings and events of which there is always a newer one."""

from transforms.english.phrases import Phrases

# What is measured anew every month or year.
FIGURES = Phrases(
    "population, population density, number of inhabitants, gdp, gross domestic product, life expectancy, net worth",
    "market value, market capitalization, market capitalisation, market share, share price, stock price, price, cost, fee",
    "fare, base fare, tuition, tuition fee, rent, salary, average salary, wage, minimum wage, budget, revenue, turnover",
    "national debt, debt, interest rate, exchange rate, inflation rate, unemployment rate, tax rate, vat rate",
    "corporate tax rate, birth rate, literacy rate, crime rate, poverty rate, employment rate, mortgage rate, base rate",
    "admission fee, membership fee, subscription, ticket price, enrolment, enrollment, approval rating, credit rating",
    "retirement age, maximum contribution, contribution limit, income limit, deadline, closing date",
    "application deadline, standard deduction, rank, world ranking, acceptance rate, minimum deposit",
    "population growth rate, fertility rate, median age, trading partner, vat, sales tax, sales tax rate",
)
# What is counted anew: members come and go, and seasons are added.
COUNTED = Phrases(
    "people, inhabitant, resident, citizen, speaker, native speaker, employee, staff, worker, member, member state, student",
    "pupil, follower, subscriber, user, customer, viewer, reader, season, episode, title, trophy, win, award, medal, grammy",
    "oscar, hit, nobel prize, super bowl, championship, goal, yard, branch, store, shop, restaurant, office, outlet",
    "location, satellite, plant, power plant, reactor, site, world heritage site, station, aircraft, plane, ship, vehicle",
    "volume, article, page, film, movie, album, patent, campus, hospital, school, language, church, library, bed, stadium",
    "club, team, company, startup, billionaire, millionaire, refugee, immigrant, vegetarian, household, car, subsidiary",
    "franchise",
)
# How many of these a country or the world has, hardly anybody changes.
LASTING_COUNTS = Phrases(
    "state, province, county, district, continent, ocean, sea, lake, river, island, mountain, volcano, time zone, territory",
    "letter, amendment, chamber, branch of government, season, element, planet, type, kind, sort, way, level, layer, part",
    "court, house",
)
# What people make and measure: the first among these is another one in ten years.
MADE = Phrases(
    "building, skyscraper, tower, pier, bridge, dam, tunnel, stadium, airport, port, company, bank, brand, employer",
    "retailer, person, man, woman, people, billionaire, athlete, player, footballer, actor, actress, singer, artist, band",
    "youtuber, politician, supercomputer, computer, ship, cruise ship, aircraft, airline, airliner, car, train, phone, chip",
    "telescope, film, movie, song, album, video, painting, book, game, app, website, programming language, baby name",
    "surname, economy, producer, exporter, importer, manufacturer, supplier, trading partner, export, market, mall, hotel",
    "restaurant, university, club, team, wind farm, solar farm, power plant, power station, cause of death, sport",
    "tourist destination, attraction, nation by population, newspaper, magazine, network, social network, search engine",
    "browser, smartphone maker, party, religion, state by population, roller coaster, ferris wheel, private employer",
    "landowner, donor, museum, smartphone, source of electricity",
)
# Superlatives that stay: what was first built is so for ever.
LASTING_SUPERLATIVES = frozenset("oldest earliest first original best highest-ranking".split())
# In front of whatever thing, they tell of a standing.
STANDINGS = Phrases(
    "highest grossing, best selling, most viewed, most watched, most followed, most popular, most visited, most populous",
    "most expensive, most downloaded, most streamed, most subscribed, most liked, most successful, most decorated",
    "most valuable, most capped, most cited, most spoken, most used, most widely used, most widely spoken, richest",
    "wealthiest, busiest, top ranked, number one, world number one, highest paid, highest ranked, highest rated, top rated",
    "fastest growing, longest serving, longest running, longest reigning, oldest living, top scoring, all time leading",
    "all time top, leading producer, top producer, leading cause, world record, record holder, world champion",
    "olympic record, national record, most densely populated",
)
# Of which there is always a newer one.
RECURRING = Phrases(
    "super bowl, world cup, world series, olympics, olympic game, olympic, election, presidential election",
    "general election, season, episode, series, championship, champion, tournament, final, match, game, race, grand prix",
    "eclipse, solar eclipse, lunar eclipse, total solar eclipse, census, budget, version, release, edition, update, model",
    "album, book, novel, film, movie, single, song, tour, concert, product, phone, iphone, report, survey, meeting",
    "conference, summit, earthquake, launch, mission, term, referendum, strike, recession, leap year, full moon, comet",
    "festival, award, ceremony, member, member state, generation, console, vaccine, guideline, recommendation, standard",
    "figure, statistic, season finale, james bond, sequel, prime minister, president, pope, king, governor, coach",
    "head coach, manager, ceo, mayor, director, government, star war, home game, bond",
)
NEWEST = Phrases("latest, newest, most recent, reigning, defending, current, upcoming, present day, incumbent, sitting")
# Won or held each year or so.
YEARLY = Phrases(
    "super bowl, world cup, world series, olympics, championship, election, grand prix, tournament, stanley cup, league",
    "nba final, gold medal, the gold, marathon, eurovision song contest, eurovision, oscar, grammy, golden globe",
    "academy award, award, title, premier league, fa cup, kentucky derby, tour de france, masters, open, us open, wimbledon",
    "final, match, all star game, american idol, season, cup, emmy, booker prize, pulitzer prize, nobel prize",
    "nobel peace prize, bowl, playoff, state of the union, march madness, nfl",
)
TIMETABLE = Phrases(
    "opening hour, opening time, closing time, office hour, visiting hour, phone number, telephone number, email address",
    "website, what channel, which channel, what time does, departure time, timetable, customer service, street address",
    "air date, release date, airline fly, airlines that fly, ticket cost, which airline, next train, next bus",
)
LEGAL_STATUS = Phrases(
    "retirement age, require a visa, need a visa, compulsory military service, military service, conscription",
    "legal in, illegal in, allowed in, banned in, legal to, death penalty, travel ban, import duty, tariff rate",
    "entry requirement",
)
