"""What the rules must let through: everything that is no prose and yet worth reading."""

import pytest

from transforms.document_rules.quality import Page, count_flaws
from transforms.screen import screen_text

KEPT = {
    "C": "#include <stdio.h>\n\nint gcd(int a, int b) {\n    while (b != 0) {\n        int t = a % b;\n        a = b;\n    "
    "    b = t;\n    }\n"
    '    return a;\n}\n\nint main(void) {\n    printf("%d\\n", gcd(48, 36));\n    return 0;\n}\n',
    "Python": "import math\n\n\nclass Circle:\n    def __init__(self, radius):\n        self.radius = radius\n\n    def "
    "area(self):\n"
    "        return math.pi * self.radius ** 2\n\n\nif __name__ == '__main__':\n    for radius in range(3):\n        "
    "print(Circle(radius).area())\n",
    "Haskell": "module Main where\n\nquicksort :: Ord a => [a] -> [a]\nquicksort [] = []\nquicksort (p:xs) = quicksort "
    "lesser ++ [p] ++ "
    "quicksort greater\n  where\n    lesser  = filter (< p) xs\n    greater = filter (>= p) xs\n\nmain :: IO ()\nmain = "
    "print (quicksort [3, 1])\n",
    "SQL": "CREATE TABLE orders (\n  id INTEGER PRIMARY KEY,\n  customer_id INTEGER NOT NULL,\n  total NUMERIC(10, "
    "2)\n);\n\nINSERT INTO orders "
    "VALUES (1, 7, 19.90);\nSELECT customer_id, SUM(total)\nFROM orders\nGROUP BY customer_id\nHAVING SUM(total) > 20;\n",
    "JSON": '{\n  "name": "sensor-7",\n  "location": {"lat": 52.1, "lon": 13.4},\n  "readings": [\n    {"t": 0, "celsius": '
    "21.5},\n"
    '    {"t": 60, "celsius": 21.7}\n  ],\n  "unit": "celsius",\n  "status": "ok"\n}\n',
    "HTML": '<!DOCTYPE html>\n<html>\n<head>\n<title>Demo</title>\n</head>\n<body>\n<nav>\n<a href="/">Home</a>\n<a '
    'href="/about">About</a>\n'
    "</nav>\n<p>A paragraph shows how the elements nest.</p>\n<ul>\n<li>One</li>\n</ul>\n</body>\n</html>\n",
    "shell session": "$ mkdir thesis\n$ cd thesis\n$ nano draft.txt\n$ ls\ndraft.txt\n$ cp draft.txt quotes.txt\n$ "
    "ls\ndraft.txt quotes.txt\n"
    "$ rm quotes.txt\n$ wc -l draft.txt\n12 draft.txt\n",
    "log with an explanation": "Why does the service stop at night? These were the last lines:\n"
    "2024-03-01 12:00:06 WARN slow query: 1.2 s\n2024-03-01 12:01:10 ERROR disk full on /var\n2024-03-01 12:01:11 INFO "
    "shutting down\n"
    "The disk is full, because the log itself is never rotated: it grew by 2 GB a day. Set maxsize 500M in logrotate.conf.\n",
    "song with a refrain": "Chorus:\nWay, haul away, we'll haul away, Joe!\nWhen I was a little boy, so my mother told me,\n"
    "Way, haul away, we'll haul away, Joe!\nThat if I did not kiss the girls my lips would all grow mouldy,\n"
    "Way, haul away, we'll haul away, Joe!\nKing Louis was the king of France before the revolution,\n"
    "Way, haul away, we'll haul away, Joe!\nAnd then he got his head cut off, which spoiled his constitution.\n",
    "article on error pages": "A 404 page is what a server sends when a page cannot be found. The number is one of the "
    "status codes "
    "of HTTP: 403 means that access is denied, 500 an internal server error, 503 that the service is unavailable for the moment. "
    "Berners-Lee and his colleagues took the scheme from FTP. There never was a room 404 at CERN.",
    "filmography": "Films by Alfred Hitchcock\nThe Lodger (1927)\nBlackmail (1929)\nThe 39 Steps (1935)\nThe Lady Vanishes "
    "(1938)\n"
    "Rebecca (1940)\nShadow of a Doubt (1943)\nNotorious (1946)\nRope (1948)\nStrangers on a Train (1951)\nRear Window (1954)\n"
    "Vertigo (1958)\nPsycho (1960)\nThe Birds (1963)\nMarnie (1964)\n",
    "article on advertising": "Wanamaker's store in Philadelphia, opened in 1876, was the first to offer fixed prices and "
    "a money-back "
    "guarantee. By 1897 the Sears catalogue ran to 770 pages and promised the lowest prices, free trial and full refund. "
    "Coupons had "
    "come ten years earlier, when Asa Candler handed out tickets for a free glass of Coca-Cola.",
    "formulas": "Derivatives\n\n(x^n)' = n x^{n-1}\n(e^x)' = e^x\n(\\ln x)' = 1/x\n(\\sin x)' = \\cos x\n(\\cos x)' = -\\sin x\n"
    "(fg)' = f'g + fg'\n(f/g)' = (f'g - fg')/g^2\n(f \\circ g)' = (f' \\circ g) g'\n",
    "LaTeX": "\\begin{theorem}\nLet $f: [a,b] \\to \\mathbb{R}$ be continuous and differentiable on $(a,b)$. Then there is "
    "$c \\in (a,b)$ with\n"
    "\\[ f'(c) = \\frac{f(b)-f(a)}{b-a}. \\]\n\\end{theorem}\n\\begin{proof}\nApply Rolle's theorem to $g(x) = f(x) - "
    "f(a)$. \\qed\n\\end{proof}\n",
    "Markdown table": "| Planet | Mass (10^24 kg) | Diameter (km) | Moons |\n|---|---|---|---|\n| Mercury | 0.330 | 4879 | "
    "0 |\n| Venus | 4.87 "
    "| 12104 | 0 |\n| Earth | 5.97 | 12756 | 1 |\n| Mars | 0.642 | 6792 | 2 |\n| Jupiter | 1898 | 142984 | 95 |\n",
    "CSV": "country,capital,population_mi"
    "llions\nFrance,Paris,68.2\nSpain,Madrid,48.6\nItaly,Rome,58.9\nPortugal,Lisbon,10.5\nGreece,Athens,10.4\n"
    "Austria,Vienna,9.1\nPoland,Warsaw,37.6\nHungary,Budapest,9.6\n",
    "table, a cell a line": "Element\nSym"
    "bol\nNumber\nHydrogen\nH\n1\nHelium\nHe\n2\nLithium\nLi\n3\nBeryllium\nBe\n4\nBoron\nB\n5\nCarbon\nC\n6\n"
    "Nitrogen\nN\n7\nOxygen\nO\n8\nFluori"
    "ne\nF\n9\nNeon\nNe\n10\nSodium\nNa\n11\nMagnesium\nMg\n12\nAluminium\nAl\n13\nSilicon\nSi\n14\n",
    "recipe": "Quick Flatbread\n\n- Prep time: 5 min\n- Servings: 2\n\n## Ingredients\n\n- 200 g flour\n- 1 tsp salt\n- "
    "120 ml water\n- 1 tbsp olive "
    "oil\n\n## Directions\n\n1. Mix flour and salt\n2. Add water and oil\n3. Knead 5 minutes\n4. Rest 20 minutes\n5. Roll "
    "out thin\n6. Fry in a pan\n",
    "cookie recipe": "Chocolate Chip Cookies\n\nThese cookies are crisp outside. Bake cookies for 12 minutes. Let the "
    "cookies cool on the tray, then "
    "store cookies in a tin for up to a week. Our cookies use brown sugar, which keeps the cookies soft. One batch makes "
    "24 cookies.\n",
    "article on cookies": "An HTTP cookie is a small piece of data that a server sends to a browser. Cookies were invented "
    "in 1994 by Lou Montulli at "
    "Netscape. A session cookie is deleted when the browser closes. Third-party cookies come from another domain and were "
    "used for tracking. "
    "The GDPR of 2018 requires consent for most cookies.",
    "bullets that say something": "Moons of Jupiter:\n- Io, 1610, Galileo\n- Europa, 1610, Galileo\n- Ganymede, 1610, "
    "Galileo\n- Callisto, 1610, "
    "Galileo\n- Amalthea, 1892, Barnard\n- Himalia, 1904, Perrine\n- Elara, 1905, Perrine\n- Pasiphae, 1908, Melotte\n- "
    "Sinope, 1914, Nicholson\n",
    "glossary": "Bit: the smallest unit of data.\nByte: eight bits.\nKernel: the core of an operating system.\nThread: a "
    "path of execution within a "
    "process.\nDeadlock: two threads wait for each other for ever.\nMutex: a lock that one thread may hold.\n",
    "vocabulary": "Spanish numbers\n\nuno - one\ndos - two\ntres - three\ncuatro - four\ncinco - five\nseis - six\nsiete - "
    "seven\nocho - eight\n"
    "nueve - nine\ndiez - ten\nonce - eleven\ndoce - twelve\ntrece - thirteen\ncatorce - fourteen\nquince - fifteen\n",
    "names": "Presidents of the United States:\n1. George Washington (1789-1797)\n2. John Adams (1797-1801)\n3. Thomas "
    "Jefferson (1801-1809)\n"
    "4. James Madison (1809-1817)\n5. James Monroe (1817-1825)\n6. John Quincy Adams (1825-1829)\n7. Andrew Jackson "
    "(1829-1837)\n",
    "ingredients alone": "Butternut Squash\nStick of butter\nSalt\nBlue cheese\nGarlic cloves\nOlive "
    "oil\nParmesan\nBasil\nTomatoes\nMozzarella\n"
    "Penne pasta\nRed onion\nBalsamic vinegar\nBlack pepper\nLemon juice\nThyme\nRosemary\nCream\nNutmeg\nBay leaves\n",
    "times table": "\n".join(f"{first} x {second} = {first * second}" for first in range(2, 9) for second in range(2, 10)) + "\n"
    "Multiplication up to eight times nine: each row gives the product of the two numbers before it.",
    "poem": "The road runs on beneath the hill\nwhere crows and children play\nthe river turns a broken mill\nand carries "
    "years away\n\n"
    "My father walked here, long ago,\nwith lanterns in the rain\nthe willows kept their voices low\nthe crows flew back again\n",
    "play": "HAMLET. Who is there?\nHORATIO. A friend to this ground.\nMARCELLUS. And liegeman to the Dane.\nHAMLET. Give "
    "you good night.\n"
    "HORATIO. Welcome, Marcellus. Has this thing appeared again tonight?\nMARCELLUS. I have seen nothing.\nHAMLET. It will "
    "walk again, perchance.\n",
    "questions and answers": "Q: What is the boiling point of ethanol?\nA: 78.4 degrees Celsius at one atmosphere.\nQ: "
    "What is its molar mass?\n"
    "A: 46.07 grams per mole.\nQ: Is it soluble in water?\nA: Yes, in any proportion.\nQ: What is its formula?\nA: C2H5OH.\n",
    "lower case": "the aim of this study was to compare two methods of measuring glucose in blood. nineteen patients were "
    "included. the mean "
    "difference was 0.3 mmol/l and the limits of agreement were wide. the authors conclude that the second method is not "
    "yet accurate enough",
    "capitals": "THE ENGINE MUST BE STOPPED BEFORE THE COVER IS REMOVED. WAIT TEN MINUTES FOR THE PARTS TO COOL. DRAIN THE "
    "OIL INTO A PAN OF AT "
    "LEAST 5 LITRES. REPLACE THE FILTER AND TIGHTEN IT TO 25 NM. REFILL WITH 4.5 LITRES OF OIL AND CHECK THE LEVEL.",
    "quotation": "The poem begins: 'En un lugar de la Mancha, de cuyo nombre no quiero acordarme'. Cervantes published the "
    "first part of Don "
    "Quixote in 1605 and the second in 1615. It is often called the first modern novel, and has been translated into more "
    "than 140 languages.",
    "broken quotes": "â€œI donâ€™t know,â€\x9d she said. â€œIt wasnâ€™t mine.â€\x9d The captain looked at the map and "
    "didnâ€™t answer. It was late, "
    "and the ship â€“ an old freighter â€“ had been drifting for two days before the engine was started again.",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_kept(text: str) -> None:
    assert screen_text(text) is None


@pytest.mark.parametrize("kind", ["C", "Python", "SQL", "JSON", "HTML", "shell session"])
def test_code_is_recognised(kind: str) -> None:
    assert Page(KEPT[kind]).is_code


@pytest.mark.parametrize(
    "kind", ["recipe", "poem", "play", "glossary", "names", "lower case", "capitals", "quotation", "Markdown table"]
)
def test_prose_is_no_code(kind: str) -> None:
    assert not Page(KEPT[kind]).is_code


def test_flaws_of_a_copy() -> None:
    text = KEPT["quotation"]
    assert count_flaws(text) == 0
    assert count_flaws(text.lower()) == 1
    assert count_flaws(text.replace(" ", "  ")) == 1
    assert count_flaws(f"Home > Books\n{text}\nShare this: Twitter") == 2
    assert count_flaws(KEPT["broken quotes"]) > 5
