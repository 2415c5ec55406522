from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langdetect import detector_factory
from langdetect.detector import Detector

from transforms.document_rules import language
from transforms.document_rules.language import detect_language, is_wanted, stop_word_share

PROSE = {
    "en": "The harbour was built in the last century by a company that also owned the mines on the other side of the river.",
    "de": "Der Hafen wurde im letzten Jahrhundert von einer Gesellschaft gebaut, die auch die Minen auf der anderen Seite besaß.",
    "fr": "Le port a été construit au siècle dernier par une société qui possédait aussi les mines de l'autre côté du fleuve.",
    "es": "El puerto fue construido en el siglo pasado por una compañía que también era dueña de las minas del otro lado "
    "del río.",
    "it": "Il porto è stato costruito nel secolo scorso da una società che possedeva anche le miniere dall'altra parte del "
    "fiume.",
    "pt": "O porto foi construído no século passado por uma empresa que também era dona das minas do outro lado do rio.",
    "nl": "De haven werd in de vorige eeuw gebouwd door een bedrijf dat ook de mijnen aan de andere kant van de rivier bezat.",
    "sv": "Hamnen byggdes under förra seklet av ett bolag som också ägde gruvorna på andra sidan av floden och som hade en "
    "egen bank.",
    "pl": "Port został zbudowany w zeszłym wieku przez spółkę, która była również właścicielem kopalni po drugiej stronie rzeki.",
    "tr": "Liman geçen yüzyılda nehrin diğer tarafındaki madenlere de sahip olan bir şirket tarafından inşa edildi ve çok "
    "büyüdü.",
    "sw": "Kiswahili ni lugha ya Kibantu yenye misamiati mingi ya Kiarabu lakini sasa ya Kiingereza pia, inayozungumzwa "
    "katika eneo "
    "kubwa la Afrika ya Mashariki.",
    "ru": "Порт был построен в прошлом веке компанией, которая владела также шахтами на другом берегу реки.",
    "el": "Το λιμάνι χτίστηκε τον περασμένο αιώνα από μια εταιρεία που κατείχε και τα ορυχεία στην άλλη πλευρά του ποταμού.",
    "zh": "港口是上个世纪由一家公司修建的，该公司还拥有河对岸的矿山。",
    "ja": "この港は前世紀に、川の向こう側の鉱山も所有していた会社によって建設されました。",
    "ko": "이 항구는 지난 세기에 강 건너편의 광산도 소유한 회사가 건설했습니다.",
    "ar": "تم بناء الميناء في القرن الماضي من قبل شركة تملك أيضا المناجم على الجانب الآخر من النهر.",
    "th": "ท่าเรือนี้สร้างขึ้นในศตวรรษที่แล้วโดยบริษัทที่เป็นเจ้าของเหมืองแร่อีกฝั่งของแม่น้ำ",
}
# Written so by nobody else, or in words that langdetect takes for another language's.
BY_SCRIPT_OR_WORDS = {
    "ka": "ნავსადგური გასულ საუკუნეში ააშენა კომპანიამ, რომელიც მდინარის მეორე ნაპირზე მაღაროებსაც ფლობდა.",
    "hy": "Նավահանգիստը կառուցվել է անցյալ դարում մի ընկերության կողմից, որը նաև հանքեր ուներ գետի մյուս ափին։",
    "am": "ወደቡ ባለፈው ክፍለ ዘመን የተሰራ ሲሆን ኩባንያው በወንዙ ማዶ ያሉትን ማዕድናትም ይዞ ነበር።",
    "lo": "ທ່າເຮືອແຫ່ງນີ້ຖືກສ້າງຂຶ້ນໃນສະຕະວັດທີ່ຜ່ານມາ ໂດຍບໍລິສັດທີ່ເປັນເຈົ້າຂອງບໍ່ແຮ່ຢູ່ອີກຝັ່ງຂອງແມ່ນ້ຳ.",
    "my": "ဆိပ်ကမ်းကို ပြီးခဲ့သော ရာစုနှစ်တွင် ကုမ္ပဏီတစ်ခုက တည်ဆောက်ခဲ့သည်။",
    "km": "កំពង់ផែនេះត្រូវបានសាងសង់ឡើងនៅសតវត្សមុនដោយក្រុមហ៊ុនមួយ។",
    "ur": "یہ بندرگاہ پچھلی صدی میں ایک کمپنی نے بنائی تھی جس کے پاس دریا کے دوسری طرف کانیں بھی تھیں۔",
    "he": "הנמל נבנה במאה הקודמת על ידי חברה שהחזיקה גם במכרות שמעבר לנהר.",
    "ga": "Tógadh an cuan san aois seo caite ag cuideachta a bhí ina húinéir ar na mianaigh ar an taobh eile den abhainn agus "
    "tá sé ann go fóill.",
    "la": "Portus superiore saeculo ab ea societate aedificatus est quae et metalla trans flumen habebat, ut in his libris "
    "scriptum est.",
    "el-latn": "To limani ktistike ton perasmeno aiona apo mia etaireia pou eixe kai ta oryxeia stin alli plevra tou potamou.",
}
SILENT = {
    "nothing": "",
    "figures": "1 2 3 4 5 6 7 8 9 10 11 12 13",
    "names": "Paris\nLondon\nBerlin\nMadrid\n"
    "Roma\nLisboa\nAmsterdam\nWien\nBern\nBruxelles\nOslo\nHelsinki\nWarszawa\nPraha\nBudapest",
    "formulas": r"\int_0^1 x^2 dx = \frac{1}{3} \quad \sum_{n=1}^\infty \frac{1}{n^2} = \frac{\pi^2}{6} \quad \sin \alpha "
    r"\cos \beta",
    "code": "def f(x):\n    return [y for y in x if y]\n\nclass Foo(Bar):\n    pass\n\nconst z = require('w')\nprint(f(z))",
    "table": "| France | Paris | 67 |\n| Spain | Madrid | 47 |\n| Italy | Roma | 60 |\n| Deutschland | Berlin | 83 |\n| "
    "Portugal | Lisboa |",
}


@pytest.mark.parametrize("code", PROSE)
def test_prose(code: str) -> None:
    assert detect_language(PROSE[code]) == code


@pytest.mark.parametrize("code", BY_SCRIPT_OR_WORDS)
def test_prose_that_langdetect_does_not_know(code: str) -> None:
    text = BY_SCRIPT_OR_WORDS[code]
    assert detect_language(text) == code
    assert not is_wanted(code, text, ("en", "de", "zh"))
    assert is_wanted(code, text, ("en", code))


def test_chinese_is_wanted_in_both_writings_or_in_one() -> None:
    traditional = "港口是上個世紀由一家公司修建的，該公司還擁有河對岸的礦山，後來關門了。"
    for text, own, other in ((PROSE["zh"], "zh-cn", "zh-tw"), (traditional, "zh-tw", "zh-cn")):
        assert detect_language(text) == "zh"
        assert is_wanted("zh", text, ("zh",)) and is_wanted("zh", text, (own,)) and is_wanted("zh", text, ("zh-cn", "zh-tw"))
        assert not is_wanted("zh", text * 3, (other,))
        assert not is_wanted("zh", text, ("ja",))


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_what_says_nothing_is_in_every_language(text: str) -> None:
    assert detect_language(text) in ("", "en")


def test_quotations_do_not_count_for_much() -> None:
    assert detect_language(f"{PROSE['en']} {PROSE['en']} {PROSE['en']} '{PROSE['es'][:60]}'") == "en"
    assert detect_language(PROSE["en"] * 3 + PROSE["ru"]) == "en"


@pytest.mark.parametrize("code", ["en", "de", "fr", "zh", "ja", "ko"])
def test_clear_cases_do_not_ask_langdetect(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_probe", lambda *_: pytest.fail("asked langdetect"))
    assert detect_language(PROSE[code]) == code


@pytest.mark.parametrize(
    "text", ["港口是上个世纪由一家公司修建的，该公司还拥有河对岸的矿山 (Harbour Ltd)。", "該公司還擁有 Python 3 的礦山。"]
)
def test_chinese_with_english_words_is_chinese(text: str) -> None:
    assert detect_language(text) == "zh"


def test_what_langdetect_is_handed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    append = Detector.append
    monkeypatch.setattr(Detector, "append", lambda self, text: sizes.append(len(text)) or append(self, text))
    assert detect_language("брод " * 1_000_000) != "en"
    assert detect_language("brass kettle " * 1_000_000) is not None
    assert len(sizes) == 2
    assert max(sizes) <= 1500


def test_threads_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector_factory, "_factory", None)  # so that the threads race to load the profiles
    text = "Startseite Nachrichten Sport Wirtschaft Kultur Reise Anzeigen Über uns Kontakt Datenschutz Impressum Hilfe Abo "
    "Suche Märkte"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(detect_language, [text] * 64))
    assert found == {"de"}


def test_stop_word_share() -> None:
    assert stop_word_share(PROSE["en"]) > 0.3
    assert stop_word_share(PROSE["de"]) > 0.3
    assert stop_word_share("brass kettle copper handle") == 0.0
    assert stop_word_share("") == 0.0


@given(st.text())
def test_never_raises(text: str) -> None:
    assert isinstance(detect_language(text), str)
    assert stop_word_share(text) <= 1
