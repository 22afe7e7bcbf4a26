"""Codes that are scanned: pictures of them, as cameras take them, and the camera itself."""

from __future__ import annotations

import base64
import random
from io import BytesIO
from pathlib import Path

import pytest
import segno
from PIL import Image, ImageChops, ImageFilter
from playwright.sync_api import Browser, FilePayload, Page, expect

from config.demo.server import Server
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.wallet.conftest import PATIENCE, Owner, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
expect.set_options(timeout=PATIENCE)

LINK = "https://pollyweb.org/go/.HOST,theatre.test,ticket"
READ = """async (coded) => {
  const { read } = await import('/static/wallet/ui/qr-find.js');
  const bytes = Uint8Array.from(atob(coded), (c) => c.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext('2d').drawImage(picture, 0, 0);
  return read(canvas.getContext('2d').getImageData(0, 0, picture.width, picture.height));
}"""
# Bytes, digits, letters, text beyond ASCII, and a long one.
TEXTS = [LINK, "0123456789012345", "HTTPS://THEATRE.TEST/GO", "Café 😀", LINK + ",Seat=B10" * 12]


def drawn(text: str, level: str = "m", scale: int = 6) -> Image.Image:
    file = BytesIO()
    segno.make(text, error=level, micro=False).save(file, kind="png", scale=scale, border=4)
    return Image.open(file).convert("L")


def photographed(code: Image.Image, chance: random.Random) -> Image.Image:
    """Turn, slant, blur and shade a code, and add a camera's noise."""
    wide, high = (int(side * 1.6) for side in code.size)
    paper = Image.new("L", (wide, high), 230)
    paper.paste(code, ((wide - code.width) // 2, (high - code.height) // 2))
    paper = paper.rotate(chance.uniform(-180, 180), Image.Resampling.BICUBIC, fillcolor=215)
    x, y = [[side * chance.uniform(0, 0.05) for _ in range(4)] for side in (wide, high)]
    left = (x[0], y[0], x[1], high - y[1])
    right = (wide - x[2], high - y[2], wide - x[3], y[3])
    quad = (*left, *right)
    paper = paper.transform((wide, high), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    paper = paper.filter(ImageFilter.GaussianBlur(chance.uniform(0, 1)))
    shade = Image.linear_gradient("L").resize((wide, high)).point(lambda light: 130 + light // 2.1)
    noise = Image.effect_noise((wide, high), 20)
    return Image.blend(ImageChops.multiply(paper, shade), noise, 0.1)


def png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def read(page: Page, picture: Image.Image) -> str | None:
    found: str | None = page.evaluate(READ, base64.b64encode(png(picture)).decode())
    return found


def test_codes_are_read_however_they_are_photographed(people: People) -> None:
    page = people().visit("/wallet/about")
    chance = random.Random(7)
    for number, text in enumerate(TEXTS * 3):
        code = drawn(text, "lmq"[number % 3], chance.choice([4, 6, 8]))
        assert read(page, photographed(code, chance)) == text, (number, text)
    assert read(page, drawn(LINK)) == LINK  # as a screenshot has it


FAULTY = """async () => {
  const { encode } = await import('/static/wallet/ui/qr.js');
  const { decode } = await import('/static/wallet/ui/qr-read.js');
  const wrong = [];
  for (const level of 'LMQH') {
    for (let length = 1; length < 1200; length = Math.ceil(length * 1.5) + 1) {
      const letter = (_, at) => String.fromCharCode(33 + (at * 7) % 90);
      const text = Array.from({ length }, letter).join('');
      const rows = encode(text, level);
      const inside = rows.length - 18;
      for (let at = 0; at < rows.length ** 2 * 0.005; at++) {
        const [x, y] = [9 + (at * 37) % inside, 9 + (at * 53 + at * at) % inside];
        rows[y][x] = !rows[y][x];
      }
      if (decode(rows) !== text) wrong.push([level, length]);
    }
  }
  const lost = encode('lost', 'L').map((row, y) => row.map((dark, x) => dark !== (x > 8 && y > 8)));
  return [wrong, decode(lost)];
}"""


def test_codes_of_every_level_and_size_are_read_with_faults_in_them(people: People) -> None:
    page = people().visit("/wallet/about")
    assert page.evaluate(FAULTY) == [[], None]


def test_picture_without_a_code_is_none(people: People) -> None:
    page = people().visit("/wallet/about")
    assert read(page, Image.effect_noise((400, 300), 90)) is None
    half = drawn(LINK)
    half.paste(255, (half.width // 2, 0, half.width, half.height))
    assert read(page, half) is None


def test_link_is_opened_from_a_picture_that_is_chosen(people: People) -> None:
    alice = people()
    alice.onboard()
    page = alice.page
    page.click(".nav-links a[href='#/open']")

    def choose(picture: Image.Image) -> None:
        file = FilePayload(name="code.png", mimeType="image/png", buffer=png(picture))
        page.set_input_files(".scan input", file)

    choose(Image.new("L", (99, 99), 255))
    expect(page.locator(".scan .error")).to_contain_text("no code to be read")
    choose(drawn("good evening"))
    expect(page.locator(".scan .error")).to_contain_text("opens no chat")
    choose(drawn(LINK))
    expect(page.locator(".asked")).to_contain_text("Talk to theatre.test?")


def test_link_is_opened_by_the_camera(browser: Browser, server: Server, tmp_path: Path) -> None:
    film = tmp_path / "film.mjpeg"
    scene = Image.new("L", (640, 480), 200)
    scene.paste(drawn(LINK, scale=8).rotate(9, expand=True, fillcolor=200), (100, 20))
    scene.convert("RGB").save(film, "JPEG", quality=85)
    flags = [
        *FLAGS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    filmed = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
    context = filmed.new_context(permissions=["camera"], locale="en-US")
    alice = Owner(context, context.new_page(), server.url)
    page = alice.watch(alice.page)
    alice.onboard()
    page.click(".nav-links a[href='#/open']")
    page.click("text=Scan with the camera")
    expect(page.locator(".asked")).to_contain_text("Talk to theatre.test?")
    assert page.locator("video").count() == 0  # the camera is let go of
    filmed.close()
    assert alice.complaints == []
