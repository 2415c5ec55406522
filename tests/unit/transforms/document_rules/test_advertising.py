import pytest

from transforms.document_rules.advertising import find_pitches

PAGES = {
    "shop": "Welcome to our online store! We offer premium quality watches at the lowest prices, with free shipping. Order "
    "now and save "
    "up to half with our special offers. Contact us today, our experts are there 24/7.",
    "translated by machine": "Purchase of the best shoe cheap womens, our store offer you the higher quality and the low "
    "price of shoe. "
    "You can get free the shipping when buying the shoe. 100% guarantee the satisfied. Please contacting us, we reply in "
    "24 hour.",
    "loans": "Get instant loans with no credit check! Apply now and receive your cash today. We offer the best rates. Do "
    "not wait, our "
    "trusted lenders are there 24/7. Limited time offer. Thousands of satisfied customers. Click here.",
    "comments": "Great post! Thanks for sharing. Nice article, very informative. Great blog! I bookmarked it. Please visit "
    "my website. "
    "Keep up the good work! Nice post. I learn something new. Check out my page.",
}
TEXTS = {
    "history of advertising": "Wanamaker's store in Philadelphia, opened in 1876, was the first to offer fixed prices and "
    "a money-back "
    "guarantee. By 1897 the Sears catalogue ran to 770 pages and promised the lowest prices, free trial and full refund.",
    "economics": "If a firm cuts its price, demand rises. A discount of ten per cent on milk sold 14 per cent more; the "
    "best customers "
    "bought no more than before. We offer an explanation: they had been buying from wholesale dealers all along.",
    "one phrase over and over": "Buy now. " * 30,
}


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_advertising(text: str) -> None:
    assert find_pitches(text, 0.05)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_that_speak_of_selling(text: str) -> None:
    assert not find_pitches(text, 0.05)


def test_a_magazine_with_advertisements_is_kept() -> None:
    assert not find_pitches(PAGES["shop"] + " The bridge was opened in 1894 after eight years of work." * 80, 0.05)


def test_the_share_is_an_option() -> None:
    assert not find_pitches(PAGES["shop"], 0.5)
