"""Puts a scene on the real page: its files and policy are the server's, only its core is not."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route

CORE = Path(__file__).parent / "wallet.js"
PRESENCE = "export { isWalletHere } from './wallet.js';"


def replace_core(context: BrowserContext) -> None:
    """Serve the made-up wallet in the place of the core's two modules that screens import."""

    def give(route: Route) -> None:
        is_wallet = "/wallet." in route.request.url
        body = CORE.read_text("utf-8") if is_wallet else PRESENCE
        route.fulfill(body=body, content_type="text/javascript")

    for module in ("wallet", "presence"):
        context.route(f"**/static/wallet/core/{module}.*js", give)


def show(page: Page, url: str, scene: str, path: str = "chats/theatre") -> Page:
    """Show a scene at a path of the page."""
    page.goto("about:blank")
    page.goto(f"{url}/wallet/?scene={scene}#/{path}")
    page.wait_for_selector("#app > *:not(.splash)")
    if path.startswith("chats/"):
        page.wait_for_selector(".said, .note")
    return page


def turn(page: Page, scene: str, path: str) -> Page:
    """Show another scene on a page that shows one, without loading it anew."""
    page.evaluate(
        """async ([scene, path]) => {
          const go = (hash) => new Promise((resolve) => {
            window.addEventListener('hashchange', resolve, { once: true });
            location.hash = hash;
          });
          for (const dialog of document.querySelectorAll('dialog')) dialog.close();
          window.gallery.scene = scene;
          await go('#/none');
          await go(`#/${path}`);
        }""",
        [scene, path],
    )
    if path.startswith("chats/"):
        page.wait_for_selector(".said, .note")
    return page
