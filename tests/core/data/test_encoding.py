"""In which encoding a file is written: Western texts are cp1252, and others are told from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_core.data.encoding import SAMPLE_BYTES, detect_encoding
from trainer_core.data.sources import load_table
from trainer_core.errors import InputError

FRENCH = """Le livreur a été très aimable, mais ma commande est arrivée à moitié cassée.
C'est trop cher pour la qualité, et l'appareil n'a pas marché où je l'ai branché.
Très chère à l'achat, elle me plaît déjà : « vive » et légère, ça change !
J'espère être remboursé bientôt, sinon je m'adresserai au siège."""
SPANISH = """¡Muy recomendado! El envío llegó el miércoles, antes de lo que decía la página.
¿Cómo puedo cambiar la contraseña? El botón no funciona en mi teléfono.
Después de un año la batería ya está dañada, qué decepción.
El niño está contento con su regalo de cumpleaños, también su mamá."""
PORTUGUESE = """Não gostei da cor, é diferente da que está na página.
A entrega não chegou até hoje e ninguém responde às minhas reclamações.
O produto é ótimo, as crianças já não querem outro, e o preço é bom também.
Você poderia me dizer quando será o reembolso? São três semanas de espera."""
SWEDISH = """Jag väntade på något bättre, men den går sönder så fort man använder den.
Leveransen kom två dagar för sent och lådan var öppen.
Mycket nöjd, färgen är precis som på bilden och den är lätt att sköta.
Kan ni hjälpa mig att ändra adressen på min beställning?"""
GERMAN = """Die Lieferung war pünktlich, aber die Größe paßt überhaupt nicht.
Können Sie mir sagen, wann ich mein Geld zurückbekomme?
Schönes Gerät, leider für den täglichen Gebrauch zu schwach.
Über die Hälfte der Äpfel war faul, das ist mir früher nie passiert."""
DANISH = """Jeg er meget glad for min nye cykel, den kører fløjlsblødt på grusvej.
Æsken var åben da den kom, og der manglede både nøgle og låg.
Må jeg få pengene tilbage? Det går ikke at vente så længe på et svar.
Maden var kedelig, men betjeningen sød og hjælpsom, så vi kommer nok igen."""
FINNISH = """Tämä on paras ostos, jonka olen tänä vuonna tehnyt, käytän sitä päivittäin.
Lähetys myöhästyi viikon, eikä kukaan vastannut yhteydenottoihini.
Väri ei ole sama kuin kuvassa, mutta muuten hyvä ja kestävä tuote.
En pääse enää tililleni, vaikka vaihdoin salasanan äskettäin."""
ITALIAN = """La qualità è buona, però il pacco è arrivato più tardi del previsto.
Non c'è più nessuno che risponda: così non si può andare avanti.
Perché non è possibile pagare di lunedì? Me l'hanno già chiesto in città.
Ne comprerò un altro, mia sorella ne sarà felice."""
POLISH = """Przesyłka dotarła na czas, ale pudełko było całkiem zniszczone.
Jestem bardzo zadowolona, świetna jakość i piękny kolor, więc polecam każdemu.
Czy mogę jeszcze zmienić adres dostawy? Dziękuję za szybką odpowiedź.
Nie działa już po dwóch tygodniach, żądam zwrotu pieniędzy."""
CZECH = """Zboží přišlo včas, ale krabice byla úplně rozbitá.
Můžete mi prosím říct, kdy dostanu své peníze zpět?
Jsem velmi spokojená, skvělá kvalita a příjemná látka, určitě doporučuji.
Už po týdnu to nefunguje a nikdo mi neodpovídá na dotazy."""
HUNGARIAN = """A csomag időben megérkezett, de a doboz teljesen összetört.
Nagyon elégedett vagyok, gyönyörű színű és jó minőségű, mindenkinek ajánlom.
Hogyan tudom megváltoztatni a jelszavamat? Előre is köszönöm a segítséget.
Két hét után elromlott, kérem vissza a pénzemet, különben bejelentem."""
ROMANIAN = """Coletul a ajuns la timp, dar cutia era ruptă şi îmi lipseşte încărcătorul.
Sunt foarte mulţumită, calitate bună şi preţ mic, îl recomand tuturor.
Vă rog să îmi spuneţi când îmi primesc banii înapoi.
După două săptămâni nu mai funcţionează, sunt dezamăgit."""
TURKISH = """Ürün zamanında geldi ama kutusu tamamen kırılmıştı.
Çok memnun kaldım, rengi güzel ve kumaşı yumuşacık, herkese öneririm.
Şifremi nasıl değiştirebilirim? Yardımınız için şimdiden teşekkürler.
İki hafta sonra bozuldu, paramı geri istiyorum, böyle iş olmaz."""
LITHUANIAN = """Siunta atkeliavo laiku, bet dėžutė buvo visiškai sulaužyta.
Labai džiaugiuosi, puiki kokybė ir graži spalva, rekomenduoju visiems.
Kaip galėčiau pakeisti slaptažodį? Iš anksto dėkoju už pagalbą.
Po dviejų savaičių nustojo veikti, norėčiau susigrąžinti pinigus."""
RUSSIAN = """Посылка пришла вовремя, но коробка была совсем разбита.
Очень довольна покупкой, отличное качество и красивый цвет.
Подскажите, пожалуйста, когда мне вернут деньги за заказ?
Через две недели сломался, больше здесь ничего не куплю."""
GREEK = """Το δέμα έφτασε στην ώρα του, αλλά το κουτί ήταν σπασμένο.
Είμαι πολύ ευχαριστημένη, εξαιρετική ποιότητα και ωραίο χρώμα.
Πότε θα πάρω πίσω τα χρήματά μου για την παραγγελία;
Χάλασε μετά από δύο εβδομάδες, δεν το συνιστώ σε κανέναν."""
JAPANESE = """荷物は時間通りに届きましたが、箱が壊れていました。
とても満足しています。品質が良く、色もきれいです。
パスワードを変更するにはどうすればいいですか。
二週間で動かなくなりました。返金をお願いします。"""
CHINESE = """包裹按时到了，但是盒子完全坏了。
我非常满意，质量很好，颜色也漂亮，推荐给大家。
请问我什么时候可以收到退款？
用了两个星期就坏了，再也不会买了。"""
TAIWANESE = """包裹準時送到了，但是盒子完全壞了。
我非常滿意，品質很好，顏色也漂亮，推薦給大家。
請問我什麼時候可以收到退款？
用了兩個星期就壞了，再也不會買了。"""
KOREAN = """택배는 제시간에 도착했지만 상자가 완전히 부서졌어요.
정말 만족합니다. 품질이 좋고 색상도 예뻐서 추천합니다.
비밀번호를 바꾸려면 어떻게 해야 하나요?
두 주 만에 고장이 나서 환불을 받고 싶습니다."""
ENGLISH = "This is a plain review of a kettle that boils water, and nothing more needs to be said about it."

TEXTS = [
    *((FRENCH, encoding) for encoding in ("cp1252", "latin-1", "iso8859-15", "mac_roman")),
    *((GERMAN, encoding) for encoding in ("cp1252", "latin-1", "mac_roman", "cp850")),
    *((SPANISH, encoding) for encoding in ("cp1252", "mac_roman")),
    *((text, "cp1252") for text in (PORTUGUESE, SWEDISH, DANISH, FINNISH, ITALIAN)),
    *((text, encoding) for text in (POLISH, CZECH, HUNGARIAN, ROMANIAN) for encoding in ("cp1250", "iso8859-2")),
    *((TURKISH, encoding) for encoding in ("cp1254", "iso8859-9")),
    (LITHUANIAN, "cp1257"),
    *((RUSSIAN, encoding) for encoding in ("cp1251", "koi8-r", "cp866", "iso8859-5")),
    *((GREEK, "cp1253"), (JAPANESE, "cp932"), (JAPANESE, "euc-jp"), (CHINESE, "gb18030"), (TAIWANESE, "big5")),
    (KOREAN, "euc-kr"),
]
ENCODINGS = [encoding for _, encoding in TEXTS]


def read_back(folder: Path, text: str, encoding: str) -> str:
    """Return what is read of a text that was written in an encoding."""
    path = folder / "rows.csv"
    path.write_bytes(text.encode(encoding))
    return path.read_bytes().decode(detect_encoding(path))


def rows_of(text: str, rows: int) -> str:
    """Return the sentences of a text as rows with labels, again and again."""
    sentences = text.splitlines()
    lines = [f'"{sentences[number % len(sentences)]}",{"good" if number % 3 else "bad"}' for number in range(rows)]
    return "\n".join(["text,label", *lines, ""])


@pytest.mark.parametrize(("text", "encoding"), TEXTS, ids=ENCODINGS)
@pytest.mark.parametrize("rows", [4, 200])
def test_texts_are_read_as_they_were_written(tmp_path: Path, text: str, encoding: str, rows: int) -> None:
    written = rows_of(text, rows)
    assert read_back(tmp_path, written, encoding) == written


@pytest.mark.parametrize(("text", "encoding"), TEXTS, ids=ENCODINGS)
def test_a_few_texts_among_many_of_plain_letters_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    plain = rows_of(ENGLISH, 300)
    written = plain + rows_of(text, 8).partition("\n")[2] + plain.partition("\n")[2]
    assert read_back(tmp_path, written, encoding) == written


@pytest.mark.parametrize(
    "text",
    ["müde B-X\n", "año,x\n", "é\n", "don’t,x\n", "5 €,x\n", "“Good”,x\n", "¡recomendado!,x\n", "één,x\n", "ações,x\n"],
)
def test_of_little_text_that_tells_nothing_western_letters_are_made(tmp_path: Path, text: str) -> None:
    assert read_back(tmp_path, text, "cp1252") == text


def test_words_and_tags_are_read_right(tmp_path: Path) -> None:
    path = tmp_path / "rows.conll"
    path.write_bytes("Jürgen B-PER\nist O\nmüde O\n\nKöln B-LOC\nschläft O\n".encode("cp1252"))
    assert load_table(path).rows["text"][:] == ["Jürgen ist müde", "Köln schläft"]


def test_a_file_of_several_western_languages_is_read(tmp_path: Path) -> None:
    written = rows_of("\n".join([FRENCH, GERMAN, SPANISH, PORTUGUESE, ITALIAN]), 100)
    assert read_back(tmp_path, written, "cp1252") == written


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(CHINESE, "gb18030"), (JAPANESE, "cp932"), (FRENCH, "cp1252")],
    ids=["gb18030", "cp932", "cp1252"],
)
@pytest.mark.parametrize("shift", range(4))
def test_a_character_that_the_sample_cuts_does_not_matter(tmp_path: Path, text: str, encoding: str, shift: int) -> None:
    head = "a" * (SAMPLE_BYTES + shift) + "\n"
    written = head + (text + "\n") * (4 * SAMPLE_BYTES // len(text.encode(encoding)))
    assert read_back(tmp_path, written, encoding) == written


def test_one_long_line_without_quotes_is_read(tmp_path: Path) -> None:
    written = FRENCH.replace("\n", " ").replace('"', "") * 6_000
    assert read_back(tmp_path, written, "cp1252") == written


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(bytes(range(1, 256)) * 40)
    with pytest.raises(InputError, match="binary data"):
        detect_encoding(path)


@pytest.mark.parametrize("sign", ["5× long", "a ± b", "9 m³", "5¼ long", "5´ long", "5½", "µ", "nº 5"])
def test_signs_alone_make_no_other_alphabet(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "signs.csv"
    path.write_text("\n".join([*["a plain line of English"] * 30, sign]), encoding="cp1252")
    assert sign in path.read_text(encoding=detect_encoding(path))


@pytest.mark.parametrize("wrong", [b"\xff", b"\xe4", "é".encode()[:1]])
def test_a_damaged_byte_in_utf8_is_named_by_its_line(tmp_path: Path, wrong: bytes) -> None:
    path = tmp_path / "damaged.csv"
    line = "Ça ne marche pas très bien, où est-ce ?\n".encode()
    path.write_bytes(line * 9 + line.replace(b" ", b" " + wrong, 1) + line * 9)
    with pytest.raises(InputError, match="line 10") as refused:
        detect_encoding(path)
    assert "UTF-8" in refused.value.remedy
