/** Where the page is: the prefix under which the server serves it, and client-side navigation below it. */
import { useEffect, useState } from "preact/hooks";

const CHANGED = "narthex:navigated";

/** Without a slash at the end; "" at the root. The server writes it into the page. */
export const pathPrefix: string = readPrefix();

function readPrefix(): string {
  const content = document.querySelector('meta[name="path-prefix"]')?.getAttribute("content") ?? "";
  return content.startsWith("/") ? content.replace(/\/+$/, "") : "";
}

/** The path below the prefix: `/query`, `/targets`. */
export function currentPath(): string {
  const path = location.pathname;
  const inside = path.startsWith(pathPrefix) ? path.slice(pathPrefix.length) : path;
  return inside.replace(/\/+$/, "") || "/";
}

export function href(path: string): string {
  return pathPrefix + path;
}

export function navigate(path: string): void {
  history.pushState(null, "", href(path));
  dispatchEvent(new Event(CHANGED));
  scrollTo(0, 0);
}

/** Calls the component again whenever the address changes by navigation, back or forward. */
export function useLocation(): { readonly path: string; readonly search: string } {
  const [place, setPlace] = useState({ path: currentPath(), search: location.search });
  useEffect(() => {
    const update = () => setPlace({ path: currentPath(), search: location.search });
    addEventListener("popstate", update);
    addEventListener(CHANGED, update);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener(CHANGED, update);
    };
  }, []);
  return place;
}
