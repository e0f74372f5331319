"use strict";
(() => {
  // A page that the browser has kept would show what was said to be kept since.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  const copy = document.getElementById("copy");
  const print = document.getElementById("print");
  if (!copy) return;
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  if (!navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(copy.dataset.text);
    document.getElementById("status").textContent = copy.dataset.copied;
  });
})();
