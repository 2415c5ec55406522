"""What each country, state or town has its own of: laws, bodies, days, seasons, customs."""

from transforms.english.phrases import Phrases

# What a law sets, whatever is asked about it.
LAWS = Phrases(
    "drinking age, driving licence, driving license, driver's licence, driver's license, speed limit, age of consent",
    "statute of limitations, limitation period, minimum wage, income tax, sales tax, property tax, tax return, tax bracket",
    "tax rate, value added tax, vat, capital gain tax, inheritance tax, death penalty, capital punishment, smoking ban",
    "right to vote, voting age, maternity leave, paternity leave, parental leave, annual leave, paid leave, sick leave",
    "sick pay, overtime pay, parental consent, blood alcohol limit, driving without insurance, criminal record, bail",
    "parole, jury duty, small claim court, unemployment benefit, social security, pension scheme, state pension",
    "retirement age, child support, alimony, food stamp, fine for, penalty for, punishment for, sentence for",
    "maximum sentence, maximum fine, allowed to vote, eligible to vote, vote in a referendum, file tax, income tax return",
    "child benefit, housing benefit, tourist visa, working week, working hour, give notice, month notice, mandatory vaccine",
    "mandatory vaccination, compulsory vaccination, donate blood, prohibition end, prohibition begin, draft age",
    "average salary, average wage, starting salary, tuition, inheritance law, divorce law, women allowed to vote",
    "women vote, gun permit, permit needed, licence needed, license needed, work visa, buy alcohol, buy cigarettes",
    "building permit, planning permission, work permit, residence permit, green card, fishing licence, fishing license",
    "gun licence, hunting licence, hunting license, marriage licence, marriage license, business licence",
    "trademark registration, birth certificate, death certificate, passport, identity card, visa, copyright",
    "copyright expire, patent last, limited company, registered company, household worker, public holiday, bank holiday",
    "federal holiday, national holiday, military service, conscription, the draft, compulsory education, school leaving age",
    "same sex marriage, gay marriage, abortion, abortion legal, age limit, daylight saving, daylight saving time",
    "student visa, student loan, health insurance card, car insurance, vehicle registration, number plate, license plate",
    "traffic ticket, seat belt, child seat, helmet law, tenant, landlord, security deposit, notice period, probate, lorry",
    "slavery abolished, slavery, suffrage, metric system, euro become, legal tender, census, tax year, financial year",
    "fiscal year",
)
# Who owes something by law.
UNDER_LAW = Phrases(
    "employer, employee, taxpayer, voter, citizen, driver, motorist, cyclist, lawyer, pharmacist, nurse, notary, police",
    "will, suspect, teacher, midwife, doctor, landlord, tenant, shopkeeper, company director, charity, foreigner, immigrant",
    "household, student, physician, accountant, individual, trustee, guarantor, debtor, creditor, defendant, juror, child",
    "parent, seller, buyer",
)
# The one thing of a country, said as if there were but one.
OF_A_NATION = Phrases(
    "coat of arms, largest ethnic group, largest minority, ethnic minority, largest ethnic minority, most common surname",
    "most of the people live, most of the population, largest religion, state religion, bank note, banknote",
    "ten dollar bill, twenty dollar bill, first prime minister, first king, first election, last election, next election",
    "time zone are there, ministries are there, national hero, founding father, national holiday, the homeland",
    "patron saint, national assembly, national anthem, national flag, national bird, national animal, national flower",
    "national dish, national sport, national day, national motto, national park, national currency, official language",
    "state bird, state flower, the country, the nation, the state, the county, the province, the district, the republic",
    "the kingdom, independence day, labour day, labor day, the capital, flag day, memorial day, constitution day",
    "mother's day, father's day, thanksgiving, the union, the island, the city, the village, the municipality",
    "the territory, the colony, the government, the federation, the commune, the local authority, the town",
)
SEASONS = Phrases(
    "summer begin, summer start, winter begin, winter start, spring begin, spring start, fall begin, autumn begin",
    "fall start, school year, academic year, school start, school close, school end, school holiday, summer holiday",
    "summer break, spring break, winter break, school term, term start, christmas break, half term, rainy season",
    "dry season, monsoon, hunting season, fishing season, flu season, growing season, planting season, hurricane season",
    "tornado season, allergy season, clock go, clock change, sun set, sun rise, sunset, sunrise, last frost, first frost",
    "planted outdoors, sown outdoors, coldest, hottest month, month coldest, shop close, shop open, store close",
    "average rainfall, rainfall in, the coldest, the warmest, the hottest, change the clock, harvest season, open season",
    "ski season, snow season",
)
BODIES = Phrases(
    "emergency, emergency number, emergency service, prescription, primary school, secondary school, elementary school",
    "middle school, high school, kindergarten, children start school, child start school, final exam, school exam",
    "school leaving exam, university entrance, bar exam, licensing exam, curriculum, school curriculum, post office",
    "postcode, zip code, rubbish, garbage, trash, bus line, bus route, tram line, the airport, the hospital, the library",
    "local council, food safety, consumer protection, drug approval, which agency, what agency, which authority",
    "which ministry, which government department, nursing school, law school, medical school, pharmacist, trade union",
    "teachers union, union represent, national guard, coast guard, border guard, secret service, tax authority, tax office",
    "court hear, appeal from, health insurance, health service, health ministry, police force, fire brigade",
    "fire department",
)
CUSTOMS = Phrases(
    "emergency number, side of the road, side of the car, side of the street, wall socket, wall outlet, electrical outlet",
    "mains voltage, plug socket, usual tip, tip in a restaurant, paper size, steering wheel, popular sport, date written",
    "date usually written, christmas dinner, christmas eve, dinner eaten, dinner usually eaten, lunch eaten",
    "telephone number, phone number, taxis, mailbox, postbox, letter box, gauge of the railway, standard gauge, shoe size",
    "dress size, emergency exit sign, wedding ring, new year's eve dinner, most common surname",
)
# What came to each country at a day of its own.
CAME = Phrases(
    "colour television, color television, first broadcast, first shown, switched on, open in cinemas, come out in cinemas",
    "come to cinemas, first open, first introduced, introduced, become legal, became legal, made legal, legalised",
    "legalized, abolished, banned, outlawed, lowered to, raised to, last earthquake, last time, first railway",
    "first election, first census, first wave, first general election, join the, joined the, ratify, highest temperature",
    "lowest temperature, ever recorded, first olympic medallist, crowned, coronation, gain independence, independence from",
    "civil war",
)
# Words of an office that is another thing in a game or in a sum.
GAMES = Phrases(
    "chess, card, deck, checkmate, piece, board game, checker, bridge hand, poker, monopoly, pawn, castling, cell, enzyme",
    "gene",
)
