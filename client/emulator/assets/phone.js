// Keeps the page up to date without reloading it, so that focus and selection
// stay where they are: texts and attributes are changed in place, and a region is
// replaced only if other things are in it than before.
(() => {
  // What was said is of this visit, not of the next.
  const here = new URL(location.href);
  here.searchParams.delete("said");
  history.replaceState(null, "", here);

  const settle = (live, next) => {
    if (live.isEqualNode(next)) return;
    for (const { name, value } of next.attributes) {
      if (live.getAttribute(name) !== value) live.setAttribute(name, value);
    }
    if (live.innerHTML !== next.innerHTML) live.replaceChildren(...next.childNodes);
  };
  const refresh = async () => {
    const response = await fetch(here, { cache: "no-store" });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const region of document.querySelectorAll("[data-region]")) {
      const next = fresh.getElementById(region.id);
      if (!next || next.dataset.region === region.dataset.region) continue;
      if (region.id === "requests" && next.dataset.region) document.querySelector(".said")?.remove();
      const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
      region.replaceChildren(...next.childNodes);
      region.dataset.region = next.dataset.region;
      if (!focused) continue;
      const heir = document.getElementById(focused) || document.getElementById("add");
      heir.focus({ preventScroll: true });
    }
    for (const live of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(live.id);
      if (next) settle(live, next);
    }
  };
  const loop = () => setTimeout(() => refresh().catch(() => {}).finally(loop), 1000);
  loop();

  // Browsers give the clipboard to https and localhost only.
  if (!navigator.clipboard) return;
  document.documentElement.classList.add("copies");
  document.addEventListener("click", async ({ target }) => {
    if (!target.matches(".copy")) return;
    const code = target.closest("[data-account]").querySelector("[data-code]").dataset.code;
    const copied = await navigator.clipboard.writeText(code).then(() => true, () => false);
    target.textContent = copied ? "Copied" : "Not copied";
    document.getElementById("copied").textContent = copied ? "The code was copied." : "The code was not copied.";
    setTimeout(() => { target.textContent = "Copy"; }, 2000);
  });
})();
