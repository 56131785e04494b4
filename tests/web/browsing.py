"""What tests do with a page in the browser: paste into it, look it over, list what it asks for."""

import base64

from playwright.sync_api import Page, Request
from tests.web.site import Site

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def here(request: Request, site: Site) -> bool:
    return request.url.startswith((f"{site.url}/", "data:"))


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]


def paste(page: Page, text: str, picture_data: bytes = b"") -> None:
    page.evaluate(
        """([text, picture]) => {
            const data = new DataTransfer();
            if (text) data.setData('text', text);
            if (picture) {
                const bytes = Uint8Array.from(atob(picture), each => each.charCodeAt(0));
                data.items.add(new File([bytes], 'shot.png', {type: 'image/png'}));
            }
            document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
        }""",
        [text, base64.b64encode(picture_data).decode()],
    )


SHIFTED = {":": "Semicolon", "#": "Digit3", "?": "Slash", "_": "Minus", "+": "Equal", "%": "Digit5", "&": "Digit7"}
PLAIN = {"/": "Slash", ".": "Period", "-": "Minus", "=": "Equal", ";": "Semicolon", ",": "Comma", "\\": "Backslash"}
SEND = """([keys, target]) => {
  const began = performance.now();
  for (const [n, [code, key, shiftKey]] of keys.entries()) {
    const event = new KeyboardEvent('keydown', { code, key, shiftKey, bubbles: true, cancelable: true });
    Object.defineProperty(event, 'timeStamp', { value: began + 2 * n });
    document.querySelector(target).dispatchEvent(event);
  }
}"""


def pressed(text: str) -> list[tuple[str, bool]]:
    """The keys a scanner with the US setting presses for a text: place and whether with Shift."""
    keys = []
    for character in text:
        if character.isascii() and character.isalpha():
            keys.append((f"Key{character.upper()}", character.isupper()))
        elif character.isdigit():
            keys.append((f"Digit{character}", False))
        else:
            keys.append((SHIFTED[character], True) if character in SHIFTED else (PLAIN[character], False))
    return keys


def scan(page: Page, text: str, suffix: str | None = "Enter") -> None:
    """What a USB scanner with the US setting causes on a computer with the US layout, focus on nothing."""
    page.evaluate("() => document.activeElement.blur()")
    keys = [[code, key, shift] for (code, shift), key in zip(pressed(text), text, strict=True)]
    page.evaluate(SEND, [[*keys, *([[suffix, suffix, False]] if suffix else [])], "body"])
