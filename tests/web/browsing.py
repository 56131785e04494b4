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
