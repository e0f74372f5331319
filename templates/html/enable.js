"use strict";
(() => {
  const copy = document.getElementById("copy");
  if (!navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const key = document.getElementById("key").textContent.replace(/\s/g, "");
    await navigator.clipboard.writeText(key);
    document.getElementById("status").textContent = copy.dataset.copied;
  });
})();
