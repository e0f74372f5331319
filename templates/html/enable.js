"use strict";
(() => {
  // On a phone, the code for another one's camera is in the way.
  const scan = document.getElementById("scan");
  const phone = matchMedia("(max-width: 47.99rem), (pointer: coarse) and (max-height: 30rem)");
  const fit = () => { scan.open = !phone.matches; };
  phone.addEventListener("change", fit);
  fit();

  const copy = document.getElementById("copy");
  if (!navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const key = document.getElementById("key").textContent.replace(/\s/g, "");
    await navigator.clipboard.writeText(key);
    document.getElementById("status").textContent = copy.dataset.copied;
  });
})();
