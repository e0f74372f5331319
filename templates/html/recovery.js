"use strict";
(() => {
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
