// Keeps the page up to date without reloading it, so that focus and selection
// stay where they are: texts are changed in place, and a region is replaced
// only if other things are in it than before.
(() => {
  const refresh = async () => {
    const response = await fetch("/phone", { cache: "no-store" });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const region of document.querySelectorAll("[data-region]")) {
      const next = fresh.getElementById(region.id);
      if (!next || next.dataset.region === region.dataset.region) continue;
      const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
      region.replaceChildren(...next.childNodes);
      region.dataset.region = next.dataset.region;
      if (!focused) continue;
      const heir = document.getElementById(focused) || document.getElementById("add");
      heir.focus({ preventScroll: true });
    }
    for (const live of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(live.id);
      if (next && next.textContent !== live.textContent) live.textContent = next.textContent;
    }
  };
  const loop = () => setTimeout(() => refresh().catch(() => {}).finally(loop), 1000);
  loop();
})();
